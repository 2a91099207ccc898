import type { Sqlite } from "./database.ts";

/**
 * Finds deltas by random bytes (fingerprint, request id) without an index on the hot path.
 *
 * An ordered index over random keys rewrites some page for each insert. Here the newest keys are in memory and go into the
 * index table in sorted batches; after a crash the memory part is read again from the rows themselves.
 */
export type TailIndex = {
  /** Notes a delta and its key, where it has one; deltas come in order of arrival, without holes. */
  add(key: Uint8Array | null, deltaId: number): void;
  /** Ids of the deltas whose key begins alike: the caller compares the whole key. */
  find(key: Uint8Array): number[];
  /** Moves the oldest keys into the table, in one transaction, once it lags far enough behind. */
  settle(): void;
};

const PREFIX_BYTES = 6;
/** Deltas that the table may lag behind the record, and how many are taken in at once. */
const MOST_BEHIND = 20_000;
const BATCH = 10_000;

function prefixOf(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUIntBE(0, PREFIX_BYTES);
}

/** Opens the index over one column of deltas, and reads into memory what is not yet in its table. */
export function openTailIndex(
  db: Sqlite,
  table: "fingerprint_index" | "request_index",
  column: "fingerprint" | "request_id",
): TailIndex {
  const fact = `${table}.through`;
  const insert = db.prepare<[number, number]>(`INSERT OR IGNORE INTO ${table} (prefix, delta) VALUES (?, ?)`);
  const select = db.prepare<[number], { delta: number }>(`SELECT delta FROM ${table} WHERE prefix = ?`);
  const readFact = db.prepare<[string], { value: string }>("SELECT value FROM facts WHERE name = ?");
  const writeFact = db.prepare<[string, string]>(
    "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );

  /** Up to which delta the table has them all, and which delta was the last to come. */
  let through = Number(readFact.get(fact)?.value ?? 0);
  let latest = through;
  const idsByPrefix = new Map<number, number[]>();
  const waiting: { prefix: number; id: number }[] = [];
  const add = (key: Uint8Array | null, id: number) => {
    latest = id;
    if (!key) return;
    const prefix = prefixOf(key);
    const ids = idsByPrefix.get(prefix);
    if (ids) ids.push(id);
    else idsByPrefix.set(prefix, [id]);
    waiting.push({ prefix, id });
  };

  const rows = db.prepare<[number], { id: number; key: Buffer | null }>(
    `SELECT id, ${column} AS key FROM deltas WHERE id > ? ORDER BY id`,
  );
  for (const { id, key } of rows.iterate(through)) add(key, id);

  const store = db.transaction((batch: { prefix: number; id: number }[], to: number) => {
    for (const { prefix, id } of batch.toSorted((a, b) => a.prefix - b.prefix)) insert.run(prefix, id);
    writeFact.run(fact, String(to));
  });

  return {
    add,
    find(key) {
      const prefix = prefixOf(key);
      return [...select.all(prefix).map((row) => row.delta), ...(idsByPrefix.get(prefix) ?? [])];
    },
    settle() {
      if (latest - through < MOST_BEHIND) return;
      const to = through + BATCH;
      const later = waiting.findIndex(({ id }) => id > to);
      const batch = waiting.slice(0, later < 0 ? waiting.length : later);
      store(batch, to);
      through = to;
      waiting.splice(0, batch.length);
      // The oldest of a prefix are first in its list: what shares the prefix and still waits stays findable.
      for (const { prefix } of batch) {
        const ids = idsByPrefix.get(prefix)!;
        if (ids.length === 1) idsByPrefix.delete(prefix);
        else ids.shift();
      }
    },
  };
}
