import { type KeyObject, randomBytes } from "node:crypto";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { type AuditParts, type AuditReport, auditRecord } from "#src/audit/audit.ts";
import { openAnchorLog } from "#src/chain/anchor-log.ts";
import { establishPlace, type PlaceFacts } from "#src/chain/establish.ts";
import { logIdOf, readAppend } from "#src/chain/read-append.ts";
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
import { type Cell, rowDigest } from "#src/storage/row-digest.ts";
import { openAuditView } from "#src/storage/sqlite/audit-view.ts";
import { databaseFile, openDatabase, type Sqlite } from "#src/storage/sqlite/database.ts";
import { type Anchored, anchor, type Ground, PUBLISHER_KEY } from "#test/ledger/anchoring-ground.ts";
import { deltasOf, MASTER, type OpenRecord, openRecord, request } from "#test/storage/record-folder.ts";

/** 2024-01-15 12:00 UTC. */
export const START = Date.UTC(2024, 0, 15, 12);
export const JANUARY = { from: Date.UTC(2024, 0, 1), to: Date.UTC(2024, 1, 1) };

/** A record in a log of its own, with everything in it that can be. */
export type Audited = { record: OpenRecord; chain: AnchorChain; other: Tenant; erased: Ledger };

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
  return { record, ...(await fillRecord(record, ground)) };
}

/** Fills an empty record so. */
export async function fillRecord(record: AnyRecord, ground: Ground): Promise<Omit<Audited, "record">> {
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

/** Copies the database of a record that nothing writes, as one file. */
export function copyOf(record: OpenRecord, name: string): string {
  record.db.pragma("wal_checkpoint(TRUNCATE)");
  const copy = join(record.dir, `${name}.db`);
  copyFileSync(databaseFile(record.dir), copy);
  return copy;
}

/** The digest that a row of a table should have, by what else is in it. */
export function digestOfRow(table: string, { digest: _, gas_used: late, ...columns }: Record<string, Cell>): Buffer {
  return rowDigest(table, Object.values(columns), late);
}

/** Writes the digest of a row anew, as an intruder who knows how does. */
export function redigest(db: Sqlite, table: string, where: string): void {
  const row = db.prepare<[], Record<string, Cell>>(`SELECT * FROM ${table} WHERE ${where}`).get()!;
  db.prepare(`UPDATE ${table} SET digest = ? WHERE ${where}`).run(digestOfRow(table, row));
}

/** Audits a database file. */
export async function auditFile(
  file: string,
  more: Partial<AuditParts> = {},
  master: KeyObject | undefined = MASTER,
): Promise<AuditReport> {
  const db = openDatabase(file);
  try {
    const readers = { read: readAppend, logOf: logIdOf };
    return await auditRecord({
      store: openAuditView(db),
      master,
      readAppend: readers,
      clock: () => performance.now(),
      ...more,
    });
  } finally {
    db.close();
  }
}
