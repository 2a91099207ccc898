import type { Sqlite } from "./database.ts";
import { openTailBatch, type TailBatch } from "./tail-batch.ts";

/**
 * Finds deltas by random bytes (fingerprint, request id) without an index on the hot path.
 *
 * An ordered index over random keys rewrites some page for each insert. Here the newest keys are in memory, and go into the index table
 * by large sorted batches, a slice with each commit: neighbours share a page, no commit waits long, and the disk is waited for once.
 * After a crash the memory part is read again from the rows themselves.
 */
export type TailIndex = {
  /** Notes a delta and its key, where it has one; deltas come in order of arrival, without holes. */
  add(key: Uint8Array | null, deltaId: number): void;
  /** Ids of the deltas whose key begins alike: the caller compares the whole key. */
  find(key: Uint8Array): number[];
  /** Moves at most so many keys of a full batch into the table. MUST be called inside a transaction. */
  write(most: number): void;
  /** Tells that the transaction of the last `write` is on disk, or that it was rolled back. */
  written(committed: boolean): void;
  /** Forgets what is in the table by now: for an index that another connection writes. */
  forgetWritten(): void;
};

const PREFIX_BYTES = 6;
/** Deltas of one batch. Twice as many may have to be read again after a crash, at a microsecond or two each. */
const BATCH = 131_072;

function prefixOf(key: Uint8Array): number {
  let prefix = 0;
  for (let i = 0; i < PREFIX_BYTES; i++) prefix = prefix * 256 + key[i]!;
  return prefix;
}

/**
 * Opens the index over one column of deltas, and reads into memory what is not yet in its table.
 *
 * @param batchOf deltas of one batch; smaller in drills.
 */
export function openTailIndex(
  db: Sqlite,
  table: "fingerprint_index" | "request_index",
  column: "fingerprint" | "request_id",
  batchOf = BATCH,
): TailIndex {
  const fact = `${table}.through`;
  const insert = db.prepare<[number, number]>(`INSERT OR IGNORE INTO ${table} (prefix, delta) VALUES (?, ?)`);
  const select = db.prepare<[number], number>(`SELECT delta FROM ${table} WHERE prefix = ?`).pluck();
  const readFact = db.prepare<[string], string>("SELECT value FROM facts WHERE name = ?").pluck();
  const writeFact = db.prepare<[string, string]>(
    "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  /** Up to which delta the table has them all. */
  const through = () => Number(readFact.get(fact) ?? 0);

  /** Oldest first; the last one is being filled, the first one is being written, once it is full. */
  const batches: TailBatch[] = [openTailBatch(through(), batchOf)];
  let done = 0;
  let doneByNow = 0;

  function add(key: Uint8Array | null, deltaId: number): void {
    let batch = batches.at(-1)!;
    if (deltaId > batch.after + batchOf) {
      batch = openTailBatch(batch.after + batchOf, batchOf);
      batches.push(batch);
    }
    if (key) batch.add(prefixOf(key), deltaId);
  }

  const rows = db.prepare<[number], { id: number; key: Buffer | null }>(
    `SELECT id, ${column} AS key FROM deltas WHERE id > ? ORDER BY id`,
  );
  for (const { id, key } of rows.iterate(batches[0]!.after)) add(key, id);

  return {
    add,
    find(key) {
      const prefix = prefixOf(key);
      const ids = select.all(prefix);
      for (const batch of batches) batch.find(prefix, ids);
      return ids;
    },
    write(most) {
      const [batch] = batches;
      if (batches.length < 2) return;
      const order = batch!.sorted();
      const end = Math.min(done + most, order.length);
      for (let i = done; i < end; i++) insert.run(batch!.prefix(order[i]!), batch!.id(order[i]!));
      doneByNow = end;
      if (end === order.length) writeFact.run(fact, String(batch!.after + batchOf));
    },
    written(committed) {
      if (batches.length < 2) return;
      if (!committed) doneByNow = done;
      else if (doneByNow === batches[0]!.sorted().length) {
        batches.shift();
        done = doneByNow = 0;
      } else done = doneByNow;
    },
    forgetWritten() {
      if (batches.length < 2) return;
      const known = through();
      while (batches.length > 1 && batches[0]!.after + batchOf <= known) batches.shift();
    },
  };
}
