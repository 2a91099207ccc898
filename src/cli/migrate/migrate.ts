import { existsSync } from "node:fs";
import { join } from "node:path";
import type { AuditReport } from "../../audit/audit.ts";
import { installKeccak } from "../../core/keccak.ts";
import { fastKeccak } from "../../fast-keccak.ts";
import { abandonMove, moveRecord } from "../../storage/postgres/move-in/move.ts";
import { StorageRefusedError } from "../../storage/refused.ts";
import { databaseFile, lockDirectory } from "../../storage/sqlite/database.ts";
import { audit } from "../audit/command.ts";
import { openProgressBar } from "../progress-bar.ts";
import type { Terminal } from "../terminal.ts";
import { publisherKeyOf, withEndpoints } from "./chain.ts";

/** Characters of the longest table's name. */
const TABLE_WIDTH = 24;

export type MigrateWishes = {
  dataDir: string;
  /** The database's URL. */
  url: string;
  /** Endpoints of the chain to compare with; none for the data directory's own chain. */
  rpc: readonly string[];
  /** Opens contents; undefined for the data directory's own, where that is there. */
  masterKeyFile: string | undefined;
};

export type Migrated = {
  to: string;
  rows: number;
  before: "nothing" | "a part" | "ended";
  /** Undefined where all was moved and looked at before. */
  report: AuditReport | undefined;
};

/**
 * Moves a data directory's record into a PostgreSQL database, and derives every hash of it anew there before it may go on there.
 *
 * @throws StorageRefusedError, MasterKeyError, ChainStartError, FileDamagedError
 * @throws TallyrootError SERVICE_UNAVAILABLE when the database does not answer
 */
export async function migrateRecord(wishes: MigrateWishes, { env, watched }: Terminal): Promise<Migrated> {
  const { dataDir, url, rpc } = wishes;
  installKeccak(await fastKeccak());
  let report: AuditReport | undefined;
  const judge = async () => {
    const ownKey = join(dataDir, "master-key");
    const masterKeyFile = wishes.masterKeyFile ?? (existsSync(ownKey) ? ownKey : undefined);
    const chain = { dir: dataDir, named: rpc, publisherKey: publisherKeyOf(dataDir, env) };
    report = await withEndpoints(chain, (endpoints) =>
      audit({ path: url, endpoints, policy: undefined, masterKeyFile }),
    );
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
    return { to, rows, before, report };
  } finally {
    bar.close();
  }
}

/** Gives up a move that has not come to its end. @throws as `migrateRecord` */
export async function abandonMigration({ dataDir, url }: Pick<MigrateWishes, "dataDir" | "url">): Promise<void> {
  await holding(dataDir, () => abandonMove({ dir: dataDir, url }));
}

/** @throws StorageRefusedError where a server runs, or where there is no record to move. */
async function holding<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  if (!existsSync(databaseFile(dataDir)))
    throw new StorageRefusedError(`there is no record in ${dataDir}: ${databaseFile(dataDir)} is not there`);
  const lock = lockDirectory(dataDir);
  try {
    return await work();
  } finally {
    lock.release();
  }
}
