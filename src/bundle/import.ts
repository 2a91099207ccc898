import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type BundleTable,
  COUNTERS,
  type Column,
  RECORD_TABLES,
  type RecordTable,
  STATE_TABLES,
} from "../storage/sqlite/bundle-tables.ts";
import type { Row } from "../storage/sqlite/dump.ts";
import { type Load, loadRecord, NEWEST_SCHEMA, RowRefusedError } from "../storage/sqlite/load.ts";
import { endsText, placeOf } from "./export.ts";
import { digestOf, type FileNote, linesIn } from "./lines.ts";
import { type Manifest, type RowCounts, readManifest, type Segment } from "./manifest.ts";
import { BundleRefusedError } from "./refused.ts";
import { headingText, isHeading, RowTextError, rowOf } from "./rows.ts";

/**
 * Loads a bundle's record into a new database file of the newest schema, for reading.
 *
 * Whether the record is true is not asked here: that is what an audit of it is for.
 *
 * @param database a file that is not there yet; when this throws it may be, and is of no use.
 * @throws BundleRefusedError
 */
export function importBundle(bundle: string, database: string): Manifest {
  const manifest = checkBundle(bundle);
  loadRecord(database, { draft: true }, (load) => {
    loadSegments(load, bundle, manifest, 0);
    load.migrateTo(NEWEST_SCHEMA);
  });
  return manifest;
}

/**
 * Reads a bundle's manifest and compares every file with it.
 *
 * @throws BundleRefusedError NO_BUNDLE, FORMAT_UNKNOWN, MANIFEST_INVALID, ORDER_BROKEN, FILE_MISSING, FILE_DAMAGED
 */
export function checkBundle(bundle: string): Manifest {
  const manifest = readManifest(bundle);
  const newest = manifest.segments.at(-1)!.schema;
  if (newest > NEWEST_SCHEMA)
    throw new BundleRefusedError("FORMAT_UNKNOWN", `schema ${newest}, where this version knows ${NEWEST_SCHEMA}`);
  for (const { record, chain } of manifest.segments) {
    expectFile(bundle, record);
    if (chain) expectFile(bundle, chain);
  }
  expectFile(bundle, manifest.state);
  return manifest;
}

function expectFile(bundle: string, { file, bytes, sha256 }: FileNote): void {
  const path = join(bundle, file);
  if (!existsSync(path)) throw new BundleRefusedError("FILE_MISSING", file);
  const found = digestOf(path);
  if (found.bytes !== bytes)
    throw new BundleRefusedError("FILE_DAMAGED", `${file} has ${found.bytes} bytes instead of ${bytes}`);
  if (found.sha256 !== sha256)
    throw new BundleRefusedError("FILE_DAMAGED", `the SHA-256 of ${file} is ${found.sha256} instead of ${sha256}`);
}

/**
 * Loads the segments after the first so many, and the state.
 *
 * @throws BundleRefusedError ROW_INVALID, ROWS_MISSING, ORDER_BROKEN
 */
export function loadSegments(load: Load, bundle: string, manifest: Manifest, done: number): void {
  for (const segment of manifest.segments.slice(done)) {
    load.migrateTo(segment.schema);
    loadTables(load, bundle, segment.record, RECORD_TABLES, (table, columns) => {
      const insert = load.record(table);
      const expectNext = ordering(table, columns, segment);
      return (row) => {
        expectNext(row);
        insert(row);
      };
    });
    const counts = load.counts();
    const short = COUNTERS.find((name) => counts[name] !== segment.through[name]);
    if (short)
      throw new BundleRefusedError(
        "ROWS_MISSING",
        `segment ${segment.number} ends with ${short} ${counts[short]} instead of ${segment.through[short]}`,
      );
    if (endsText(load.ends(counts)) !== segment.ends)
      throw new BundleRefusedError(
        "OTHER_RECORD",
        `the last rows of segment ${segment.number} are not those it was made with`,
      );
  }
  load.dropState();
  loadTables(load, bundle, manifest.state, STATE_TABLES, (table) => load.state(table));
  if (JSON.stringify(placeOf(load)) !== JSON.stringify(manifest.place))
    throw new BundleRefusedError("OTHER_RECORD", "the record is anchored in another place than the manifest says");
}

/** Loads one file: each of the tables in its turn, with the columns of the schema, and as many rows as the manifest says. */
function loadTables<T extends BundleTable>(
  load: Load,
  bundle: string,
  { file, rows }: FileNote & { rows: RowCounts },
  tables: readonly T[],
  open: (table: T, columns: readonly Column[]) => (row: Row) => void,
): void {
  const coming = tables.filter((table) => load.columnsOf(table).length > 0);
  const expected = coming.map((table) => table.name);
  if (Object.keys(rows).join() !== expected.join())
    throw new BundleRefusedError("FORMAT_UNKNOWN", `${file} has other tables than this schema: ${expected.join(", ")}`);
  let table: T | undefined;
  let columns: readonly Column[] = [];
  let put: (row: Row) => void = () => undefined;
  let count = 0;
  const endTable = () => {
    if (table && count !== rows[table.name])
      throw new BundleRefusedError(
        "ROWS_MISSING",
        `${file} has ${count} rows of ${table.name} instead of ${rows[table.name]}`,
      );
  };
  let number = 0;
  for (const line of linesIn(join(bundle, file))) {
    number += 1;
    if (isHeading(line) || table === undefined) {
      endTable();
      table = coming.shift();
      columns = table ? load.columnsOf(table) : [];
      if (!table || line !== headingText(table.name, columns))
        throw new BundleRefusedError(
          "ROW_INVALID",
          `line ${number} of ${file} is not the heading of ${table?.name ?? "any table"}`,
        );
      put = open(table, columns);
      count = 0;
      continue;
    }
    try {
      put(rowOf(line, columns));
    } catch (error) {
      if (!(error instanceof RowTextError || error instanceof RowRefusedError)) throw error;
      throw new BundleRefusedError("ROW_INVALID", `line ${number} of ${file}, ${table.name}: ${error.message}`, {
        cause: error,
      });
    }
    count += 1;
  }
  endTable();
  if (coming.length > 0) throw new BundleRefusedError("ROWS_MISSING", `${file} has no ${coming[0]!.name}`);
}

/** Rows come in the order of their key, and of the counts that their segment says it has. */
function ordering(
  table: RecordTable,
  columns: readonly Column[],
  { number, from, through }: Segment,
): (row: Row) => void {
  // Of a batch's members the batch is named, not numbered: for them there is no order to see.
  const places = table.key.map((key) => columns.findIndex(({ name }) => `t.${name}` === key));
  if (places.includes(-1)) return () => undefined;
  let last: number[] = [from[table.counter], Number.MAX_SAFE_INTEGER];
  return (row) => {
    const key = places.map((place) => row[place] as number);
    const [first, second = 0] = key;
    const follows = first! > last[0]! || (first === last[0] && second > (last[1] ?? 0));
    if (!follows || first! > through[table.counter])
      throw new BundleRefusedError(
        "ORDER_BROKEN",
        `segment ${number}, ${table.name}: row ${key.join()} does not belong after ${last[0]}`,
      );
    last = key;
  };
}
