import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { COUNTERS, type Counts } from "../storage/sqlite/bundle-tables.ts";
import { writeDurably } from "./durable.ts";
import type { FileNote } from "./lines.ts";
import { BundleRefusedError } from "./refused.ts";

export const MANIFEST = "manifest.json";
const FORMAT = "tallyroot-bundle/1";
/** Segments of one bundle: an export each hour for ten years. */
const MOST_SEGMENTS = 100_000;
/** Bytes of a manifest with so many. */
const LARGEST = 1 << 28;

/** Where the record's anchors are, as the record's facts say it. */
export type Place = {
  readonly chainId: string;
  readonly contract: string;
  readonly codeHash: string;
  readonly log: string;
};

export type RowCounts = Readonly<Record<string, number>>;

/** What one export added. */
export type Segment = {
  readonly number: number;
  /** The version of the schema that its rows have. */
  readonly schema: number;
  /** It has the rows after the counts of `from`, up to those of `through`. */
  readonly from: Counts;
  readonly through: Counts;
  readonly record: FileNote & { readonly rows: RowCounts };
  /** What was new in the journal of an embedded chain. */
  readonly chain: FileNote | null;
  /** The hash of the record's last rows: two bundles, or a bundle and a database, with the same are of one record. */
  readonly ends: string;
  /** The hash of the state file that came with it. Only the latest state file is kept. */
  readonly state: string;
};

export type Manifest = {
  readonly place: Place | null;
  readonly segments: readonly Segment[];
  readonly state: FileNote & { readonly rows: RowCounts };
};

/** The files of a segment. */
export function fileNames(number: number): { record: string; state: string; chain: string } {
  const name = String(number).padStart(6, "0");
  return { record: `${name}.record.ndjson`, state: `${name}.state.ndjson`, chain: `${name}.chain.ndjson` };
}

/** Whether a file of this name is one that an export makes. */
export function isOurs(name: string): boolean {
  return name === MANIFEST || name === `${MANIFEST}.draft` || /^[0-9]{6}\.(?:record|state|chain)\.ndjson$/.test(name);
}

/** The same manifest has one text: members in one order, two spaces, a line end. */
export function manifestText({ place, segments, state }: Manifest): string {
  const content = {
    format: FORMAT,
    place: place && placeOf(place),
    segments: segments.map((segment) => ({
      number: segment.number,
      schema: segment.schema,
      from: countsOf(segment.from),
      through: countsOf(segment.through),
      record: { ...noteOf(segment.record), rows: segment.record.rows },
      chain: segment.chain && noteOf(segment.chain),
      ends: segment.ends,
      state: segment.state,
    })),
    state: { ...noteOf(state), rows: state.rows },
  };
  const sha256 = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  return `${JSON.stringify({ ...content, sha256: `0x${sha256}` }, null, 2)}\n`;
}

const placeOf = ({ chainId, contract, codeHash, log }: Place): Place => ({ chainId, contract, codeHash, log });
const noteOf = ({ file, bytes, sha256 }: FileNote): FileNote => ({ file, bytes, sha256 });
const countsOf = (counts: Counts): Counts => Object.fromEntries(COUNTERS.map((name) => [name, counts[name]])) as Counts;

export function writeManifest(dir: string, manifest: Manifest): void {
  writeDurably(join(dir, MANIFEST), manifestText(manifest));
}

/**
 * The manifest of a bundle.
 *
 * @throws BundleRefusedError NO_BUNDLE, FORMAT_UNKNOWN, MANIFEST_INVALID, ORDER_BROKEN
 */
export function readManifest(dir: string): Manifest {
  let text: Buffer;
  try {
    text = readFileSync(join(dir, MANIFEST));
  } catch (error) {
    if (!["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    throw new BundleRefusedError("NO_BUNDLE", dir);
  }
  if (text.length > LARGEST) throw invalid(`it has more than ${LARGEST} bytes`);
  const manifest = decodeManifest(text.toString("utf8"));
  expectOrder(manifest);
  return manifest;
}

function decodeManifest(text: string): Manifest {
  let value: Members;
  try {
    value = membersOf(JSON.parse(text), "the manifest");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalid("it is not JSON");
  }
  if (value.format !== FORMAT)
    throw new BundleRefusedError("FORMAT_UNKNOWN", `${JSON.stringify(value.format)}, where ${FORMAT} is known`);
  const { place, segments, state } = value;
  if (!Array.isArray(segments) || segments.length === 0 || segments.length > MOST_SEGMENTS)
    throw invalid(`segments is no list of 1 to ${MOST_SEGMENTS}`);
  const manifest: Manifest = {
    place: place === null ? null : decodePlace(place),
    segments: segments.map(decodeSegment),
    state: decodeNote(state, "state", fileNames(segments.length).state),
  };
  // What is left out above, written twice, or spelled otherwise, makes another text.
  if (manifestText(manifest) !== text) throw invalid("its content is not what its sha256 says");
  return manifest;
}

function expectOrder({ segments }: Manifest): void {
  let from: Counts = countsOf(Object.fromEntries(COUNTERS.map((name) => [name, 0])) as Counts);
  let schema = 1;
  for (const [i, segment] of segments.entries()) {
    const wrong = (what: string) => new BundleRefusedError("ORDER_BROKEN", `segment ${i + 1} ${what}`);
    if (segment.number !== i + 1) throw wrong(`is numbered ${segment.number}`);
    if (segment.schema < schema) throw wrong("has an older schema than the one before");
    for (const name of COUNTERS) {
      if (segment.from[name] !== from[name])
        throw wrong(`begins after ${name} ${segment.from[name]}, the one before ends with ${from[name]}`);
      if (segment.through[name] < segment.from[name]) throw wrong(`ends before it begins, by ${name}`);
    }
    ({ through: from, schema } = segment);
  }
}

type Members = Record<string, unknown>;

function membersOf(value: unknown, what: string): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`${what} is no object`);
  return value as Members;
}

function textOf(value: unknown, pattern: RegExp, what: string): string {
  if (typeof value !== "string" || !pattern.test(value)) throw invalid(`${what} is not as it should be`);
  return value;
}

function countOf(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw invalid(`${what} is no count`);
  return value as number;
}

const HASH = /^0x[0-9a-f]{64}$/;
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

function decodePlace(value: unknown): Place {
  const { chainId, contract, codeHash, log } = membersOf(value, "place");
  return {
    chainId: textOf(chainId, /^[1-9][0-9]{0,77}$/, "chainId"),
    contract: textOf(contract, ADDRESS, "contract"),
    codeHash: textOf(codeHash, HASH, "codeHash"),
    log: textOf(log, HASH, "log"),
  };
}

function decodeCounts(value: unknown, what: string): Counts {
  const members = membersOf(value, what);
  return Object.fromEntries(COUNTERS.map((name) => [name, countOf(members[name], `${what}.${name}`)])) as Counts;
}

/** A file's note. Its name follows from its segment: a manifest leads to no file outside of the bundle. */
function decodeNote(value: unknown, what: string, name: string): FileNote & { rows: RowCounts } {
  const { file, bytes, sha256, rows = {} } = membersOf(value, what);
  if (file !== name) throw invalid(`${what}.file is not ${name}`);
  const counts = Object.entries(membersOf(rows, `${what}.rows`));
  return {
    file: name,
    bytes: countOf(bytes, `${what}.bytes`),
    sha256: textOf(sha256, HASH, `${what}.sha256`),
    rows: Object.fromEntries(counts.map(([table, count]) => [table, countOf(count, `${what}.rows.${table}`)])),
  };
}

function decodeSegment(value: unknown, index: number): Segment {
  const { number, schema, from, through, record, chain, ends, state } = membersOf(value, `segment ${index + 1}`);
  const names = fileNames(index + 1);
  const what = `segments[${index}]`;
  return {
    number: countOf(number, `${what}.number`),
    schema: countOf(schema, `${what}.schema`),
    from: decodeCounts(from, `${what}.from`),
    through: decodeCounts(through, `${what}.through`),
    record: decodeNote(record, `${what}.record`, names.record),
    chain: chain === null ? null : decodeNote(chain, `${what}.chain`, names.chain),
    ends: textOf(ends, HASH, `${what}.ends`),
    state: textOf(state, HASH, `${what}.state`),
  };
}

function invalid(what: string): BundleRefusedError {
  return new BundleRefusedError("MANIFEST_INVALID", what);
}
