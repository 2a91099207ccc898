import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { StorageRefusedError } from "../storage/refused.ts";
import {
  type BundleTable,
  COUNTERS,
  type Counts,
  columnsAt,
  RECORD_TABLES,
  type SchemaColumns,
  STATE_TABLES,
} from "../storage/sqlite/bundle-tables.ts";
import { databaseFile, lockDirectory } from "../storage/sqlite/database.ts";
import { type Dump, openDump, type Row } from "../storage/sqlite/dump.ts";
import { exportJournal, journalLength } from "./chain-journal.ts";
import { syncFolder } from "./durable.ts";
import { KEYS_FILE, keyIn, writeKeys } from "./keys.ts";
import { type FileNote, type LineWriter, openLines } from "./lines.ts";
import {
  fileNames,
  isOurs,
  MANIFEST,
  type Manifest,
  type Place,
  type RowCounts,
  readManifest,
  type Segment,
  writeManifest,
} from "./manifest.ts";
import { BundleRefusedError } from "./refused.ts";
import { headingText, rowText } from "./rows.ts";

export type Exported = {
  /** The segment that was added; undefined when nothing was new. */
  segment: Segment | undefined;
  manifest: Manifest;
};

export type ExportWishes = {
  dataDir: string;
  bundle: string;
  keys: boolean;
  copy?: { file: string; journal: number };
};

const NOTHING = Object.fromEntries(COUNTERS.map((name) => [name, 0])) as Counts;
/** What the lock is kept in. */
const LOCK = ["lock.db", "lock.db-journal"];

/**
 * Copies a data directory into a bundle, while a server runs on it or not: all of it into a new one, and into one that is there
 * what is new since.
 *
 * The bundle is whole after a crash at any moment: files are written and synced first, then a new manifest takes the place of the
 * old one. What no manifest names is what a crash left, and makes room.
 *
 * @param keys whether the master and publisher keys go into it too, in a file of their own.
 * @param copy a copy of the record, where that is kept elsewhere, and how many bytes the directory's journal had at its moment.
 * @throws BundleRefusedError, StorageRefusedError
 */
export function exportBundle({ dataDir, bundle, keys, copy }: ExportWishes): Exported {
  const file = copy?.file ?? databaseFile(dataDir);
  if (!existsSync(file)) throw new StorageRefusedError(`there is no record in ${dataDir}: ${file} is not there`);
  const secrets = keys
    ? { master: keyIn(dataDir, "master-key"), publisher: keyIn(dataDir, "publisher-key") }
    : undefined;
  expectBundleOrNothing(bundle);
  mkdirSync(bundle, { recursive: true, mode: 0o700 });
  const lock = lockBundle(bundle);
  try {
    const before = existsSync(join(bundle, MANIFEST)) ? readManifest(bundle) : undefined;
    if (before) expectFiles(bundle, before);
    const dump = openDump(file);
    try {
      const exported = addSegment(dump, { dataDir, bundle, before, journal: copy?.journal });
      if (secrets) writeKeys(bundle, secrets);
      removeLeftovers(bundle, exported.manifest);
      return exported;
    } finally {
      dump.close();
    }
  } finally {
    lock.release();
  }
}

function addSegment(
  dump: Dump,
  {
    dataDir,
    bundle,
    before,
    journal,
  }: { dataDir: string; bundle: string; before: Manifest | undefined; journal: number | undefined },
): Exported {
  const manifest = before ?? { place: null, segments: [], state: { file: "", bytes: 0, sha256: "", rows: {} } };
  const last = manifest.segments.at(-1);
  const from = last?.through ?? NOTHING;
  const columnsOf = columnsAt(dump.schema);
  const { through, beside: length } = dump.snapshot(() => journal ?? journalLength(dataDir));
  const place = placeOf(dump);
  if (last) expectSameRecord(dump, { manifest, last, through, place });

  const number = manifest.segments.length + 1;
  const names = fileNames(number);
  const chain = exportJournal(bundle, manifest, dataDir, length);
  const record = writeTables(join(bundle, names.record), columnsOf, RECORD_TABLES, (table, columns) =>
    dump.record(table, columns, from, through),
  );
  const state = writeTables(join(bundle, names.state), columnsOf, STATE_TABLES, dump.state);
  const nothingNew = COUNTERS.every((name) => from[name] === through[name]) && chain === null;
  if (last && nothingNew && last.schema === dump.schema && last.state === state.sha256)
    return { segment: undefined, manifest };
  const segment: Segment = {
    number,
    schema: dump.schema,
    from,
    through,
    record: { file: names.record, ...record },
    chain,
    ends: endsText(dump.ends(through)),
    state: state.sha256,
  };
  const next = { place, segments: [...manifest.segments, segment], state: { file: names.state, ...state } };
  syncFolder(bundle);
  writeManifest(bundle, next);
  return { segment, manifest: next };
}

/** The hash by which a record's ends are compared. */
export function endsText(ends: readonly Row[]): string {
  return `0x${createHash("sha256").update(ends.map(rowText).join("\n")).digest("hex")}`;
}

/** The hash that the state file of this record would have. */
export function stateHash(dump: Dump): string {
  const hash = createHash("sha256");
  const lines = { write: (line: string) => void hash.update(`${line}\n`) };
  putTables(lines, columnsAt(dump.schema), STATE_TABLES, dump.state);
  return `0x${hash.digest("hex")}`;
}

export function placeOf({ fact }: Pick<Dump, "fact">): Place | null {
  const [chainId, contract, codeHash, log] = ["id", "contract", "codeHash", "log"].map((name) => fact(`chain.${name}`));
  if (chainId === undefined || contract === undefined || codeHash === undefined || log === undefined) return null;
  return { chainId, contract, codeHash, log };
}

function writeTables<T extends BundleTable>(
  path: string,
  columnsOf: SchemaColumns,
  tables: readonly T[],
  rowsOf: (table: T, columns: readonly string[]) => Iterable<Row>,
): Omit<FileNote, "file"> & { rows: RowCounts } {
  const lines = openLines(path);
  try {
    const rows = putTables(lines, columnsOf, tables, rowsOf);
    return { ...lines.end(), rows };
  } finally {
    lines.close();
  }
}

function putTables<T extends BundleTable>(
  lines: Pick<LineWriter, "write">,
  columnsOf: SchemaColumns,
  tables: readonly T[],
  rowsOf: (table: T, columns: readonly string[]) => Iterable<Row>,
): RowCounts {
  const counts: Record<string, number> = {};
  for (const table of tables) {
    const columns = columnsOf(table);
    if (columns.length === 0) continue;
    lines.write(headingText(table.name, columns));
    let count = 0;
    for (const row of rowsOf(
      table,
      columns.map(({ name }) => name),
    )) {
      lines.write(rowText(row));
      count += 1;
    }
    counts[table.name] = count;
  }
  return counts;
}

function expectSameRecord(
  dump: Dump,
  { manifest, last, through, place }: { manifest: Manifest; last: Segment; through: Counts; place: Place | null },
): void {
  const behind = COUNTERS.find((name) => through[name] < last.through[name]);
  if (behind)
    throw new BundleRefusedError(
      "OTHER_RECORD",
      `the bundle has ${behind} ${last.through[behind]}, the record ends with ${through[behind]}`,
    );
  if (endsText(dump.ends(last.through)) !== last.ends)
    throw new BundleRefusedError("OTHER_RECORD", "the last rows of the bundle are not in the record");
  if (manifest.place && JSON.stringify(manifest.place) !== JSON.stringify(place))
    throw new BundleRefusedError("OTHER_RECORD", "it is anchored in another place");
}

/** A directory that is not there, or has nothing in it but what exports make: anything else is somebody's. */
function expectBundleOrNothing(bundle: string): void {
  if (!existsSync(bundle)) return;
  const foreign = readdirSync(bundle).find((name) => !isOurs(name) && ![...LOCK, KEYS_FILE].includes(name));
  if (foreign !== undefined) throw new BundleRefusedError("TARGET_NOT_EMPTY", `${bundle} has a file ${foreign}`);
}

function lockBundle(bundle: string): { release(): void } {
  try {
    return lockDirectory(bundle);
  } catch (error) {
    if (!(error instanceof StorageRefusedError)) throw error;
    throw new BundleRefusedError("IN_USE", `an export into ${bundle} is under way`, { cause: error });
  }
}

/** Looks that nothing of the bundle is gone; whether it is as it was is for whoever imports it. */
function expectFiles(bundle: string, { segments, state }: Manifest): void {
  for (const note of [...segments.flatMap(({ record, chain }) => [record, ...(chain ? [chain] : [])]), state]) {
    const path = join(bundle, note.file);
    if (!existsSync(path)) throw new BundleRefusedError("FILE_MISSING", note.file);
    const { size } = statSync(path);
    if (size !== note.bytes)
      throw new BundleRefusedError("FILE_DAMAGED", `${note.file} has ${size} bytes instead of ${note.bytes}`);
  }
}

function removeLeftovers(bundle: string, { segments, state }: Manifest): void {
  const named = new Set([MANIFEST, state.file, ...segments.flatMap(({ record, chain }) => [record.file, chain?.file])]);
  for (const name of readdirSync(bundle)) if (isOurs(name) && !named.has(name)) rmSync(join(bundle, name));
  syncFolder(bundle);
}
