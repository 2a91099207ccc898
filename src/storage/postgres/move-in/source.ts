import { existsSync } from "node:fs";
import { formatAmount } from "../../../core/amount.ts";
import { concatBytes, sameBytes } from "../../../core/bytes.ts";
import { peakPositions } from "../../../core/tree.ts";
import { RecordDamagedError } from "../../../ledger/ports/ledgers.ts";
import { StorageRefusedError } from "../../refused.ts";
import { type Cell, rowDigest } from "../../row-digest.ts";
import { databaseFile, openDatabase } from "../../sqlite/database.ts";
import { type Move, noteMove, readMove, returnNoted } from "../../sqlite/moved-away.ts";
import { openReader } from "../../sqlite/reader.ts";
import { factsIn } from "../../sqlite/snapshot.ts";
import { expectWholeWal } from "../../sqlite/wal-damage.ts";
import { HEADS, STEPS, type Step, type Target } from "./tables.ts";

/** Rows of one page, which one transaction moves: a few megabytes at most. */
const PAGE = 500;

/** A row's key, as far as which a step has come. */
export type Key = readonly Cell[];
/** Rows for one table, as arrays of cells. */
export type Filling = { target: Target; rows: (readonly Cell[])[] };
export type Page = { rows: number; last: Key; fillings: Filling[] };

/** What is read of a data directory's record, whose lock the caller holds. */
export type Source = {
  steps: readonly string[];
  /** How many rows a step has. */
  count(step: string): number;
  /** The rows of a step after a key, page by page. @throws StorageRefusedError naming a row that is not as it was written */
  pages(step: string, after: Key | undefined): Iterable<Page>;
  move(): Move | undefined;
  note(move: Move | undefined): void;
  close(): void;
};

/** @throws StorageRefusedError when there is no record, or not one that this version has run on. */
export function openSource(dir: string): Source {
  const file = databaseFile(dir);
  if (!existsSync(file)) throw new StorageRefusedError(`there is no record in ${dir}: ${file} is not there`);
  expectWholeWal(file);
  const facts = factsIn(file);
  const coming = returnNoted(facts);
  if (coming?.state === "returning")
    throw new StorageRefusedError(
      `the record in ${coming.from} is being moved into ${dir}: end that with --from, or give it up with --abandon and --from`,
    );
  // The last thing that a start brings up to date.
  if (!facts.has("requests.digests"))
    throw new StorageRefusedError(
      `no server of this version has run on ${dir}: start one over it once, stop it, and move it then`,
    );
  const db = openDatabase(file);
  const reader = openReader(db);
  const fact = db.prepare<[string], string>("SELECT value FROM facts WHERE name = ?").pluck();
  const damaged = (what: string) =>
    new StorageRefusedError(`${what}: tallyroot audit ${dir} says more; what is damaged is not moved`);

  /** The row with the digest of what it is in PostgreSQL, whose own it has to match. */
  function digested(step: Step, cells: readonly Cell[]): Cell[] {
    const { digest, name } = step;
    if (!digest) return [...cells];
    const place = step.columns.indexOf("t.digest");
    const covered = cells.slice(0, place);
    const late = digest.late ? cells[place + 1] : null;
    const stored = cells[place] as Uint8Array | null;
    const from = cells[0] as number;
    const matches =
      stored === null ? from <= Number(fact.get(digest.after) ?? 0) : sameBytes(stored, rowDigest(name, covered, late));
    if (!matches) throw damaged(`row ${from} of ${name} does not match its digest`);
    return cells.with(place, rowDigest(name, step.into[0]!.row?.(covered) ?? covered, late));
  }

  function* pages(step: Step, after: Key | undefined): Iterable<Page> {
    const { key, columns, source, where = "1", into } = step;
    const select = (condition: string) =>
      db
        .prepare<Cell[], Cell[]>(
          `SELECT ${[...key, ...columns].join()} FROM ${source} WHERE ${condition} AND ${where} ORDER BY ${key.join()} LIMIT ${PAGE}`,
        )
        .raw();
    const first = select("1");
    const next = select(`(${key.join()}) > (${key.map(() => "?").join()})`);
    for (let last = after; ; ) {
      const read = last ? next.all(...last) : first.all();
      if (read.length === 0) return;
      if (step.gapless) expectNoHole(step, last, read);
      const rows = read.map((cells) => digested(step, cells.slice(key.length)));
      last = read.at(-1)!.slice(0, key.length);
      const fillings = into.map((target) => ({
        target,
        rows: target.row ? rows.flatMap((cells) => [target.row!(cells) ?? []].filter((row) => row.length > 0)) : rows,
      }));
      yield { rows: rows.length, last, fillings };
    }
  }

  function expectNoHole({ name }: Step, last: Key | undefined, read: readonly Cell[][]): void {
    const before = Number(last?.[0] ?? 0);
    const at = read.findIndex(([id], i) => id !== before + 1 + i);
    if (at >= 0) throw damaged(`row ${before + 1 + at} of ${name} is missing`);
  }

  function* heads(after: Key | undefined): Iterable<Page> {
    const some = db.prepare<[number], number>(`SELECT id FROM ledgers WHERE id > ? ORDER BY id LIMIT ${PAGE}`).pluck();
    for (let last = Number(after?.[0] ?? 0); ; ) {
      const ids = some.all(last);
      if (ids.length === 0) return;
      last = ids.at(-1)!;
      yield { rows: ids.length, last: [last], fillings: [{ target: HEADS, rows: ids.map(headOf) }] };
    }
  }

  function headOf(id: number): Cell[] {
    const ledger = reader.ledgerById(id);
    const delta = reader.lastDelta(ledger);
    if (!delta) throw damaged(`ledger ${id} has no delta`);
    const anchored = reader.lastHead(id)?.count ?? 0;
    const { sequence, balance, recordedAt } = delta;
    try {
      const peaks = concatBytes(...reader.nodes(ledger, peakPositions(sequence)));
      const waiting = anchored < sequence ? reader.delta(ledger, anchored + 1) : delta;
      if (!waiting) throw damaged(`delta ${anchored + 1} of ledger ${id} is missing`);
      const moved = Number(anchored !== sequence);
      return [id, sequence, formatAmount(balance), recordedAt, peaks, moved, waiting.recordedAt];
    } catch (error) {
      if (!(error instanceof RecordDamagedError)) throw error;
      throw damaged(error.message);
    }
  }

  const byName = new Map(STEPS.map((step) => [step.name, step]));
  return {
    steps: [...STEPS.map(({ name }) => name), HEADS.table],
    count(name) {
      const { source, where = "1" } = byName.get(name) ?? { source: "ledgers t" };
      return db.prepare<[], number>(`SELECT count(*) FROM ${source} WHERE ${where}`).pluck().get()!;
    },
    pages(name, after) {
      const step = byName.get(name);
      return step ? pages(step, after) : heads(after);
    },
    move: () => readMove(db),
    note: (move) => noteMove(db, move),
    close: () => db.close(),
  };
}
