import { randomBytes } from "node:crypto";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { type AuditParts, type AuditReport, auditRecord } from "#src/audit/audit.ts";
import { openAnchorLog } from "#src/chain/anchor-log.ts";
import { establishPlace, type PlaceFacts } from "#src/chain/establish.ts";
import { logIdOf, readAppend } from "#src/chain/read-append.ts";
import { formatAmount, parseAmount } from "#src/core/amount.ts";
import { installKeccak } from "#src/core/keccak.ts";
import { fastKeccak } from "#src/fast-keccak.ts";
import { checkpointAll, checkpointLedger, checkpointSelection } from "#src/ledger/checkpoint.ts";
import { eraseContent } from "#src/ledger/erase.ts";
import type { AnchorChain } from "#src/ledger/ports/anchoring.ts";
import type { CheckpointStore } from "#src/ledger/ports/checkpoints.ts";
import type { EffectStore } from "#src/ledger/ports/effects.ts";
import type { ErasureStore } from "#src/ledger/ports/erasure.ts";
import type { Ledger, LedgerStore, StoredDelta, Tenant } from "#src/ledger/ports/ledgers.ts";
import type { TenantStore } from "#src/ledger/ports/tenants.ts";
import { openAuditView as openDatabaseView } from "#src/storage/postgres/audit-view.ts";
import { type Cell, rowDigest } from "#src/storage/row-digest.ts";
import { openAuditView } from "#src/storage/sqlite/audit-view.ts";
import { databaseFile, openDatabase } from "#src/storage/sqlite/database.ts";
import { type Anchored, anchor, type Ground, PUBLISHER_KEY } from "#test/ledger/anchoring-ground.ts";
import { copyDatabase, databaseOf } from "#test/run/engine.ts";
import type { Sql } from "#test/run/record-of.ts";
import { deltasOf, MASTER, type OpenRecordFile, openRecord, request } from "#test/storage/record-folder.ts";

/** 2024-01-15 12:00 UTC. */
export const START = Date.UTC(2024, 0, 15, 12);
export const JANUARY = { from: Date.UTC(2024, 0, 1), to: Date.UTC(2024, 1, 1) };

/** A record in a log of its own, with everything in it that can be. */
export type Audited = { chain: AnchorChain; other: Tenant; erased: Ledger };

/** A record in whichever engine. */
type AnyRecord = Anchored & { tenant: Tenant; store: AnyStore };
type AnyStore = LedgerStore & TenantStore & CheckpointStore & EffectStore & ErasureStore & { facts: PlaceFacts };

/** The publisher's side of a fresh log, whose place the record remembers. */
export async function logFor(record: Pick<AnyRecord, "store">, ground: Ground): Promise<AnchorChain> {
  const { rpcUrl } = ground.chain;
  const freshSalt = () => randomBytes(32);
  const { facts } = record.store;
  const place = await establishPlace({ rpcUrl, publisherKey: PUBLISHER_KEY, contract: undefined, facts, freshSalt });
  return openAnchorLog({ rpcUrl, publisherKey: PUBLISHER_KEY, place, confirmations: 1 });
}

/** Deltas of several customers in turns, a second apart. */
export async function recordSome(
  record: Pick<AnyRecord, "store" | "clock">,
  tenant: Tenant,
  customers: readonly string[],
  rounds: number,
): Promise<StoredDelta[]> {
  const deltas: StoredDelta[] = [];
  for (let round = 0; round < rounds; round++) {
    record.clock.now += 1_000;
    const requests = customers.map((customerId, i) =>
      request(tenant, customerId, {
        amount: (round % 3 === 2 ? -1n : 1n) * BigInt(round + 1) * 10n ** 16n,
        reason: `usage ${round}`,
        ...(i === 0 && { metadata: { round, nested: ["a", 1.5] }, referenceId: `ref-${round}` }),
        ...(i === 1 && { requestId: randomBytes(16) }),
      }),
    );
    deltas.push(...deltasOf(await record.store.record(requests, false)));
  }
  return deltas;
}

/** A record with several tenants and ledgers, an erased one, every kind of checkpoint, and three anchors; some deltas are in none. */
export async function buildRecord(dir: string, ground: Ground): Promise<Audited> {
  const record = await openRecord(dir, { now: START });
  const audited = await fillRecord(record, ground);
  await record.close();
  return audited;
}

/** Fills an empty record so. */
export async function fillRecord(record: AnyRecord, ground: Ground): Promise<Audited> {
  installKeccak(await fastKeccak());
  const chain = await logFor(record, ground);
  const { store, tenant, clock } = record;
  const other = await store.addTenant("other", clock.now);
  const first = await recordSome(record, tenant, ["alpha", "beta", "gamma"], 7);
  await recordSome(record, other, ["alpha"], 3);
  await anchor(record, chain);

  const { ledger: erased } = first.find((delta) => delta.ledger.id === first[2]!.ledger.id)!;
  await eraseContent(
    { store, contents: record.contents, forgetElsewhere: () => {}, clock: () => clock.now },
    tenant,
    "gamma",
  );
  const chosen = first.filter(({ ledger, sequence }) => ledger.id === first[0]!.ledger.id && sequence % 2 === 1);
  await checkpointSelection(store, chosen, { now: clock.now });
  await checkpointLedger(store, first[1]!.ledger, JANUARY, { now: clock.now });
  await recordSome(record, tenant, ["alpha", "gamma"], 4);
  await anchor(record, chain);

  clock.now = JANUARY.to + 5_000;
  await checkpointAll(store, tenant, JANUARY, { now: clock.now });
  await recordSome(record, tenant, ["beta", "alpha"], 3);
  await checkpointLedger(
    store,
    first[0]!.ledger,
    { from: JANUARY.to, to: JANUARY.to + 86_400_000 },
    { now: clock.now },
  );
  await anchor(record, chain);
  await recordSome(record, tenant, ["alpha", "delta"], 2);
  return { chain, other, erased };
}

/** Copies a record that nobody has open into another folder. */
export async function copyRecord(from: string, to: string): Promise<void> {
  if ((await databaseOf(from)) === undefined) copyFileSync(databaseFile(from), databaseFile(to));
  await copyDatabase(from, to);
}

/** Copies the SQLite file of a record that nothing writes. */
export function copyOf(record: OpenRecordFile, name: string): string {
  record.db.pragma("wal_checkpoint(TRUNCATE)");
  const copy = join(record.dir, `${name}.db`);
  copyFileSync(databaseFile(record.dir), copy);
  return copy;
}

/** Columns whose value is hashed as canonical text. */
const AMOUNTS = ["amount", "balance", "opening_balance", "closing_balance"];

/** The digest that a row of a table should have, by what else is in it. */
export function digestOfRow(table: string, { digest: _, gas_used: late, ...columns }: Record<string, Cell>): Buffer {
  // In a database, when something began to wait is kept beside what is hashed.
  const { pending_since: __, ...hashed } = columns;
  const cells = Object.entries(hashed).map(([name, cell]) => (AMOUNTS.includes(name) ? canonical(cell) : cell));
  return rowDigest(table, cells, late);
}

/** A stored amount as canonical text: a database has it with all its decimals. */
export function canonical(cell: Cell | undefined): string {
  return formatAmount(parseAmount(cell as string));
}

/** Writes the digest of a row anew, as an intruder who knows how does. */
export async function redigest(sql: Sql, table: string, where: string): Promise<void> {
  const [row] = await sql.all<Record<string, Cell>>(`SELECT * FROM ${table} WHERE ${where}`);
  await sql.change(`UPDATE ${table} SET digest = ? WHERE ${where}`, digestOfRow(table, row!));
}

/** Audits the record of a folder. */
export async function audit(dir: string, more: Partial<AuditParts> = {}): Promise<AuditReport> {
  const url = await databaseOf(dir);
  if (url === undefined) return auditFile(databaseFile(dir), more);
  const { close, ...view } = await openDatabaseView(url);
  try {
    return await auditRecord({ ...PARTS, ...view, ...more });
  } finally {
    await close();
  }
}

/** Audits a SQLite file. */
export async function auditFile(file: string, more: Partial<AuditParts> = {}): Promise<AuditReport> {
  const db = openDatabase(file);
  try {
    return await auditRecord({ ...PARTS, store: openAuditView(db), ...more });
  } finally {
    db.close();
  }
}

const PARTS = {
  master: MASTER,
  readAppend: { read: readAppend, logOf: logIdOf },
  clock: () => performance.now(),
};
