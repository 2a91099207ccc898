import type { Entry } from "../../audit/port.ts";
import type { Cell } from "../row-digest.ts";
import { type AuditTable, columnsOf, openDecoder } from "./audit-rows.ts";
import { readable, unreadable } from "./damaged-file.ts";
import type { Sqlite } from "./database.ts";
import type { Packed } from "./packed.ts";

/** Pages that a list is read in, with what it takes to name a row that cannot be read. */
type Listing<Key, Row> = {
  table: AuditTable<Row>;
  /** Selects the columns of the key, then those of the table. Parameters: those of the key, then the limit. */
  sql: string;
  /** The same with the table's columns packed, where that is worth it. */
  quick?: { sql: string; columns: Packed };
  keyColumns: number;
  keyOf(cells: readonly Cell[]): Key;
  parametersOf(after: Key): Cell[];
  /** Names the first row after a key without reading it. */
  next(after: Key): Key | undefined;
};

/**
 * Lists of rows that an audit reads page by page, each held against its digest.
 *
 * @param facts the record's, which say up to where rows have no digest.
 */
export function openListings(db: Sqlite, facts: ReadonlyMap<string, string>) {
  const lastOf = (table: string) => Number(facts.get(`digests.${table}.after`) ?? 0);
  const lastWithout = {
    deltas: lastOf("deltas"),
    checkpoints: lastOf("checkpoints"),
    anchors: lastOf("anchors"),
  };

  function openListing<Key, Row>(listing: Listing<Key, Row>) {
    const { table, keyColumns, keyOf, parametersOf, next } = listing;
    const page = db.prepare<Cell[], Cell[]>(listing.sql).raw();
    const quickPage = listing.quick && db.prepare<Cell[], Cell[]>(listing.quick.sql).raw();
    const decode = openDecoder(table, lastWithout);
    const entryOf = (cells: Cell[]): Entry<Key, Row> => {
      const key = keyOf(cells);
      const columns = keyColumns === 0 ? cells : cells.slice(keyColumns);
      if (columns[0] === null) return { key, problem: { kind: "missing", detail: "" } };
      return { key, ...decode(columns) };
    };
    /** A page in which every row is as it should be; undefined when it must be read the long way, which says what is not. */
    function readQuickly(parameters: readonly Cell[]): Entry<Key, Row>[] | undefined {
      if (!listing.quick || !quickPage) return undefined;
      const rows = readable(quickPage, parameters);
      if (!rows.whole) return undefined;
      const entries: Entry<Key, Row>[] = [];
      for (const cells of rows.cells) {
        const columns = listing.quick.columns.unpack(cells, keyColumns);
        if (!columns || columns[0] === null) return undefined;
        entries.push({ key: keyOf(cells), ...decode(columns) });
      }
      return entries;
    }
    return async (after: Key, limit: number): Promise<Entry<Key, Row>[]> => {
      const parameters = [...parametersOf(after), limit];
      const quick = readQuickly(parameters);
      if (quick) return quick;
      const rows = readable(page, parameters);
      if (rows.whole || rows.cells.length > 0) return rows.cells.map(entryOf);
      const key = next(after);
      return key === undefined ? [] : [{ key, problem: unreadable(rows.problem) }];
    };
  }

  /** A list by one number, which is the row's own. */
  function byNumber<Row>(table: AuditTable<Row>, from = table.name) {
    const after = db.prepare<[number], number>(`SELECT min(rowid) FROM ${from} WHERE rowid > ?`).pluck();
    return openListing<number, Row>({
      table,
      sql: `SELECT ${columnsOf(table, "t")} FROM ${from} t WHERE t.rowid > ? ORDER BY t.rowid LIMIT ?`,
      keyColumns: 0,
      keyOf: ([id]) => id as number,
      parametersOf: (id) => [id],
      next: (id) => after.get(id) ?? undefined,
    });
  }

  return { openListing, byNumber };
}
