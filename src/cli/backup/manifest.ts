import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeDurably } from "../../bundle/durable.ts";
import { digestOf, type FileNote } from "../../bundle/lines.ts";
import { MIGRATIONS } from "../../storage/sqlite/schema.ts";
import { BackupRefusedError } from "./refused.ts";

/** The manifest of a backup names its files and says what is in them. It is written last: a backup without it is none. */

export const MANIFEST = "backup.json";
const FORMAT = "tallyroot-backup/1";

/** How far a record goes: counts, and the hashes at its ends, as 0x hex. */
export type RecordState = {
  readonly deltas: number;
  readonly ledgers: number;
  readonly checkpoints: number;
  readonly anchors: number;
  readonly confirmedAnchors: number;
  /** The receiptId of the last delta, the proofRoot of the last checkpoint, the root of the last anchor. */
  readonly lastDelta: string | null;
  readonly lastCheckpoint: string | null;
  readonly lastAnchor: string | null;
};

export type BackupManifest = {
  /** 1 for the first backup in a directory, then one more for each. */
  readonly number: number;
  readonly schema: number;
  /** ISO-8601. What was acknowledged before `startedAt` is in it; nothing that was recorded after `madeAt` is. */
  readonly startedAt: string;
  readonly madeAt: string;
  /** Whether a server was running on the record meanwhile. */
  readonly live: boolean;
  /** Chain, contract and log, as the record's facts say it; null before there is a log. */
  readonly place: { readonly chainId: string; readonly contract: string; readonly log: string } | null;
  readonly record: FileNote;
  /** The journal of an embedded chain. */
  readonly chain: FileNote | null;
  readonly state: RecordState;
  /** What was looked at before it was called a backup. */
  readonly checked: "audited" | "integrity";
};

export function fileNames(number: number): { record: string; chain: string } {
  const name = String(number).padStart(6, "0");
  return { record: `record-${name}.db`, chain: `chain-${name}.journal` };
}

/** Whether a file of this name is one that a backup makes anew each time. */
export function isOurs(name: string): boolean {
  return (
    name === MANIFEST ||
    name === `${MANIFEST}.draft` ||
    /^(?:record-[0-9]{6}\.db(?:-wal|-shm|-journal)?|chain-[0-9]{6}\.journal)$/.test(name)
  );
}

export function writeManifest(dir: string, manifest: BackupManifest): void {
  writeDurably(join(dir, MANIFEST), `${JSON.stringify({ format: FORMAT, ...manifest }, null, 2)}\n`);
}

/** @throws BackupRefusedError NO_BACKUP, FORMAT_UNKNOWN, MANIFEST_INVALID */
export function readManifest(dir: string): BackupManifest {
  const path = join(dir, MANIFEST);
  if (!existsSync(path)) throw new BackupRefusedError("NO_BACKUP", dir);
  let value: Partial<BackupManifest & { format: string }> | null;
  try {
    value = JSON.parse(readFileSync(path, "utf8")) as typeof value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new BackupRefusedError("MANIFEST_INVALID", `${path} is not JSON`);
  }
  if (value?.format !== FORMAT)
    throw new BackupRefusedError("FORMAT_UNKNOWN", `${JSON.stringify(value?.format)}, where ${FORMAT} is known`);
  const { number, schema, record, chain, state } = value;
  const whole =
    Number.isSafeInteger(number) &&
    Number.isSafeInteger(schema) &&
    isNote(record, fileNames(number!).record) &&
    (chain === null || isNote(chain, fileNames(number!).chain)) &&
    typeof state === "object" &&
    state !== null;
  if (!whole) throw new BackupRefusedError("MANIFEST_INVALID", path);
  if (schema! > MIGRATIONS.length)
    throw new BackupRefusedError("FORMAT_UNKNOWN", `schema ${schema}, where ${MIGRATIONS.length} is the newest known`);
  return value as BackupManifest;
}

function isNote(note: FileNote | null | undefined, file: string): boolean {
  return note?.file === file && Number.isSafeInteger(note.bytes) && /^0x[0-9a-f]{64}$/.test(note.sha256);
}

/** Holds the files against the manifest, byte for byte. @throws BackupRefusedError FILE_MISSING, FILE_DAMAGED */
export function expectFiles(dir: string, { record, chain }: Pick<BackupManifest, "record" | "chain">): void {
  for (const { file, bytes, sha256 } of [record, ...(chain ? [chain] : [])]) {
    const path = join(dir, file);
    if (!existsSync(path)) throw new BackupRefusedError("FILE_MISSING", file);
    const found = digestOf(path);
    if (found.bytes !== bytes)
      throw new BackupRefusedError("FILE_DAMAGED", `${file} has ${found.bytes} bytes instead of ${bytes}`);
    if (found.sha256 !== sha256) throw new BackupRefusedError("FILE_DAMAGED", `${file} has another SHA-256`);
  }
}
