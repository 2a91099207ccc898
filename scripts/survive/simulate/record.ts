import { auditRecord } from "../../../src/audit/audit.ts";
import type { AuditStore } from "../../../src/audit/port.ts";
import { logIdOf, readAppend } from "../../../src/chain/read-append.ts";
import type { Contents } from "../../../src/ledger/contents.ts";
import type { AnchorStore } from "../../../src/ledger/ports/anchoring.ts";
import type { Tenant } from "../../../src/ledger/ports/ledgers.ts";
import { sealingKey } from "../../../src/ledger/seal.ts";
import type { PostgresStore } from "../../../src/storage/postgres/store.ts";
import type { SqliteStore } from "../../../src/storage/sqlite/store.ts";
import type { Random } from "../random.ts";

/** The record as the simulation has it, whichever engine keeps it. */

export const MASTER = sealingKey(new Uint8Array(32).fill(7));
/** The tenants of every run, whose customers have the same ids. */
const TENANT_NAMES = ["one", "two", "three"] as const;
export const TENANTS = TENANT_NAMES.length;

/** A clock that a run owns, in Unix milliseconds. */
export type Clock = { now: number };

/** A record as a server has it open: what records, and what the checkpoint job has. */
export type SimulatedRecord = {
  store: SqliteStore | PostgresStore;
  contents: Contents;
  anchors: AnchorStore;
  /** What the checkpoint job opens contents with. */
  anchoringContents: Contents;
  tenants: Tenant[];
  /** Whether the checkpoint job is reading rows, so that nothing may wait for the files. */
  isReading(): boolean;
  /** How far the disk has got: what `killed` is told. */
  standing(): number;
  /**
   * Ends the process that has it open, as a kill does, and opens what that left.
   *
   * @param since where the disk stood when the last thing was answered: what came after may have got there in part.
   */
  killed(random: Random, since?: number): Promise<SimulatedRecord>;
  /** Closes it, and opens it again. */
  reopened(): Promise<SimulatedRecord>;
  /** Statements that are not in one anchor. */
  strayStatements(): Promise<unknown[]>;
  /** What an audit of it finds. */
  audited(): Promise<string[]>;
  close(): Promise<void>;
  /** Closes it, and leaves nothing of it. */
  remove(): Promise<void>;
};

/** The records of one process's runs. */
export type Records = {
  /** The record in which nothing is yet but what all runs begin with: to be made first, and closed. */
  first(clock: Clock): Promise<SimulatedRecord>;
  /** A copy of that. */
  fresh(clock: Clock): Promise<SimulatedRecord>;
};

/** The tenants of a record, made where they are not there. */
export async function tenantsOf(store: SimulatedRecord["store"], { now }: Clock): Promise<Tenant[]> {
  const tenants: Tenant[] = [];
  for (const name of TENANT_NAMES) tenants.push((await store.tenantByName(name)) ?? (await store.addTenant(name, now)));
  return tenants;
}

export async function findingsIn(store: AuditStore): Promise<string[]> {
  const { findings } = await auditRecord({
    store,
    master: MASTER,
    readAppend: { read: readAppend, logOf: logIdOf },
    clock: () => 0,
  });
  return findings.map((finding) => JSON.stringify(finding));
}
