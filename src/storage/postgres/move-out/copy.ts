import { formatAmount, parseAmount } from "../../../core/amount.ts";
import { sameBytes } from "../../../core/bytes.ts";
import { TallyrootError } from "../../../core/errors.ts";
import { StorageRefusedError } from "../../refused.ts";
import { type Cell, rowDigest } from "../../row-digest.ts";
import type { Cell as SqliteCell } from "../../sqlite/dump.ts";
import { type Load, loadDraft, NEWEST_SCHEMA, RowRefusedError } from "../../sqlite/load.ts";
import { openMoment, type RecordMoment } from "./moment.ts";
import { ANCHORS_AT_ONCE, DELTAS, FILLED, isAmount, orderOf, SOURCES } from "./tables.ts";

/** Told how many rows of a table are there, and waited for. */
export type OnProgress = (table: string, done: number, total: number) => Promise<void> | void;

/**
 * Writes a record in PostgreSQL, as it is at one moment, into a new SQLite database: rows as they are sealed and hashed, with digests made
 * anew where SQLite's row has the number of its arrival. Servers may go on meanwhile.
 *
 * @param file a file that is not there yet; when this throws it may be, and is of no use.
 * @param facts what the copy notes besides.
 * @param beside see `openMoment`.
 * @returns how many rows it has, and how much there was beside it.
 * @throws StorageRefusedError naming a row that is not as it was written, or that SQLite does not take.
 * @throws TallyrootError SERVICE_UNAVAILABLE
 */
export async function copyOut(
  url: string,
  file: string,
  {
    facts = [],
    beside,
    onProgress,
  }: { facts?: readonly (readonly [name: string, value: string])[]; beside?: () => number; onProgress: OnProgress },
): Promise<{ rows: number; beside: number }> {
  const moment = await openMoment(url, beside);
  try {
    const rows = await loadDraft(file, async (load) => {
      load.migrateTo(NEWEST_SCHEMA);
      // The schema comes with rows of its own.
      load.dropState();
      let count = 0;
      for (const table of FILLED) count += await copyTable(moment, load, table, onProgress);
      const note = load.state(FILLED.find(({ name }) => name === "facts")!);
      for (const fact of facts) note(fact);
      return count;
    });
    return { rows, beside: moment.beside };
  } finally {
    await moment.close();
  }
}

async function copyTable(
  moment: RecordMoment,
  load: Load,
  table: (typeof FILLED)[number],
  onProgress: OnProgress,
): Promise<number> {
  const { name } = table;
  const columns = load.columnsOf(table).map((column) => column.name);
  const source = SOURCES[name] ?? name;
  const total = await moment.number(`SELECT count(*) FROM ${source} t`);
  const insert = "counter" in table ? load.record(table) : load.state(table);
  let done = 0;
  for await (const page of pagesOf(moment, name, columns, source)) {
    for (const cells of page) {
      done += 1;
      put(insert, name, rowOf(name, columns, name === "deltas" ? [done, ...cells] : cells));
    }
    await onProgress(name, done, total);
  }
  if (done !== total)
    throw damaged(`${total} rows of ${name} are there, and their ledgers and anchors lead to ${done} of them`);
  return done;
}

/** The columns of a table's rows; of deltas without the number of their arrival, which is that of their place. */
async function* pagesOf(moment: RecordMoment, name: string, columns: readonly string[], source: string) {
  const own = columns.map((column) => `t.${column}`);
  if (name !== "deltas") {
    yield* moment.pages(`SELECT ${own.join()} FROM ${source} t ORDER BY ${orderOf(name)}`);
    return;
  }
  const [, ...rest] = own;
  const anchors = await moment.number("SELECT coalesce(max(id), 0) FROM anchors");
  for (let first = 1; first <= anchors; first += ANCHORS_AT_ONCE)
    yield* moment.pages(DELTAS.anchored(rest.join(), first));
  yield* moment.pages(DELTAS.waiting(rest.join()));
}

/** A row as SQLite has it. @throws StorageRefusedError for one that does not match its digest */
function rowOf(name: string, columns: readonly string[], found: readonly Cell[]): Cell[] {
  const cells = found.map((cell, i) => (isAmount(name, columns[i]!) ? canonical(name, cell) : cell));
  const place = columns.indexOf("digest");
  if (place < 0) return cells;
  const covered = cells.slice(0, place);
  // What came to the table after digests did.
  const late = cells[place + 1] ?? null;
  // PostgreSQL's row of a delta has no number of arrival.
  const theirs = rowDigest(name, name === "deltas" ? covered.slice(1) : covered, late);
  if (!sameBytes(cells[place] as Uint8Array, theirs)) {
    const which = columns.slice(0, 3).map((column, i) => `${column} ${cells[i]}`);
    throw damaged(
      `the row of ${name} with ${which.slice(name === "deltas" ? 1 : 0).join(", ")} does not match its digest`,
    );
  }
  return cells.with(place, rowDigest(name, covered, late));
}

/** Numeric as canonical text. */
function canonical(table: string, cell: Cell): string {
  try {
    return formatAmount(parseAmount(String(cell)));
  } catch (error) {
    if (!(error instanceof TallyrootError)) throw error;
    throw damaged(`${table} has ${cell}, which is no amount`);
  }
}

function put(insert: (row: readonly SqliteCell[]) => void, table: string, row: readonly Cell[]): void {
  try {
    insert(row as readonly SqliteCell[]);
  } catch (error) {
    if (!(error instanceof RowRefusedError)) throw error;
    throw damaged(`SQLite does not take a row of ${table} (${error.message})`);
  }
}

function damaged(what: string): StorageRefusedError {
  return new StorageRefusedError(`${what}: tallyroot audit of the database says more; what is damaged is not moved`);
}
