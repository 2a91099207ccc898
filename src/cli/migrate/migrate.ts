import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { AuditReport } from "../../audit/audit.ts";
import type { Hex } from "../../core/bytes.ts";
import { installKeccak } from "../../core/keccak.ts";
import { fastKeccak } from "../../fast-keccak.ts";
import { abandonMove, moveRecord } from "../../storage/postgres/move-in/move.ts";
import { abandonMoveOut, moveOut } from "../../storage/postgres/move-out/move.ts";
import { StorageRefusedError } from "../../storage/refused.ts";
import { databaseFile, lockDirectory } from "../../storage/sqlite/database.ts";
import { audit } from "../audit/command.ts";
import { openProgressBar } from "../progress-bar.ts";
import type { Terminal } from "../terminal.ts";
import { publisherKeyFor, withEndpoints } from "./chain.ts";

/** Characters of the longest table's name. */
const TABLE_WIDTH = 24;

/** Where a record is and where it goes: a data directory, and a database that the one of them comes from or goes to. */
export type Way = {
  dataDir: string;
  /** The database's URL. */
  url: string;
};

export type MigrateWishes = Way & {
  /** Endpoints of the chain to compare with; none for the data directory's own chain. */
  rpc: readonly string[];
  /** Opens contents; undefined for the data directory's own, where that is there. */
  masterKeyFile: string | undefined;
};

export type Migrated = {
  /** The database, without user and password. */
  database: string;
  rows: number;
  before: "nothing" | "a part" | "ended";
  /** Undefined where all was moved and looked at before. */
  report: AuditReport | undefined;
};

/**
 * Moves a data directory's record into a PostgreSQL database, and derives every hash of it anew there before it may go on there.
 *
 * @throws StorageRefusedError, MasterKeyError, ChainStartError, FileDamagedError, SettingError, PublisherKeyError
 * @throws TallyrootError SERVICE_UNAVAILABLE when the database does not answer
 */
export async function migrateRecord(wishes: MigrateWishes, { env, watched }: Terminal): Promise<Migrated> {
  const { dataDir, url, rpc } = wishes;
  installKeccak(await fastKeccak());
  let report: AuditReport | undefined;
  const judge = async () => {
    report = await audited(wishes, url, await publisherKeyFor({ dir: dataDir, named: rpc }, env));
    return report.clean;
  };
  const bar = openProgressBar(watched, TABLE_WIDTH);
  try {
    const { to, rows, before } = await holding(dataDir, () =>
      moveRecord({ dir: dataDir, url, clock: Date.now }, judge, (table, done, total) => {
        bar.show(table, done, total);
        // The audit shows its own.
        if (table === "ledger_heads" && done === total) bar.close();
      }),
    );
    return { database: to, rows, before, report };
  } finally {
    bar.close();
  }
}

/**
 * Moves a record out of a PostgreSQL database into a data directory, and derives every hash of it anew there before it may go on there.
 *
 * @throws as `migrateRecord`
 */
export async function migrateBack(wishes: MigrateWishes, { env, watched }: Terminal): Promise<Migrated> {
  const { dataDir, url, rpc } = wishes;
  installKeccak(await fastKeccak());
  // What is asked of a person, or cannot be had, is found out before the work and not after it.
  const publisherKey = await publisherKeyFor({ dir: dataDir, named: rpc }, env);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  let report: AuditReport | undefined;
  const bar = openProgressBar(watched, TABLE_WIDTH);
  const judge = async (file: string) => {
    bar.close();
    report = await audited(wishes, file, publisherKey);
    return report.clean;
  };
  try {
    const { from, rows, before } = await locked(dataDir, () =>
      moveOut({ dir: dataDir, url, clock: Date.now }, judge, bar.show),
    );
    return { database: from, rows, before, report };
  } finally {
    bar.close();
  }
}

/** The report on what was moved, compared with the chain. */
async function audited(
  { dataDir, rpc, ...wishes }: MigrateWishes,
  path: string,
  publisherKey: Hex | undefined,
): Promise<AuditReport> {
  const ownKey = join(dataDir, "master-key");
  const masterKeyFile = wishes.masterKeyFile ?? (existsSync(ownKey) ? ownKey : undefined);
  return withEndpoints({ dir: dataDir, named: rpc }, publisherKey, (endpoints) =>
    audit({ path, endpoints, policy: undefined, masterKeyFile }),
  );
}

/** Gives up a move that has not come to its end. @throws as `migrateRecord` */
export async function abandonMigration({ dataDir, url }: Way): Promise<void> {
  await holding(dataDir, () => abandonMove({ dir: dataDir, url }));
}

/** Gives up a way back that has not come to its end. @throws as `migrateRecord` */
export async function abandonWayBack({ dataDir, url }: Way): Promise<void> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  await locked(dataDir, () => abandonMoveOut({ dir: dataDir, url }));
}

/** @throws StorageRefusedError where a server runs, or where there is no record to move. */
async function holding<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  if (!existsSync(databaseFile(dataDir)))
    throw new StorageRefusedError(`there is no record in ${dataDir}: ${databaseFile(dataDir)} is not there`);
  return locked(dataDir, work);
}

/** @throws StorageRefusedError where a server runs. */
async function locked<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  const lock = lockDirectory(dataDir);
  try {
    return await work();
  } finally {
    lock.release();
  }
}
