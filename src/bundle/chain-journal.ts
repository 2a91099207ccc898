import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { type FileNote, openLines, piecesOf } from "./lines.ts";
import { fileNames, type Manifest } from "./manifest.ts";
import { BundleRefusedError } from "./refused.ts";

/**
 * The journal of an embedded chain, which is the chain: lines that are only ever appended. A segment has those that are new.
 * The copy ends with the moment of the record: with a later block it would have an anchor that the record does not know.
 */

export const JOURNAL = "chain.journal";

/** Bytes that a data directory's journal has now; 0 where there is none. */
export function journalLength(dataDir: string): number {
  const path = join(dataDir, JOURNAL);
  return existsSync(path) ? statSync(path).size : 0;
}

/** Bytes of the journal in a bundle's segments, up to one of them. */
export function journalBytes({ segments }: Manifest, through = segments.length): number {
  return segments.slice(0, through).reduce((sum, { chain }) => sum + (chain?.bytes ?? 0), 0);
}

/** The bytes of the journal in a bundle's segments, one after the other. */
export function* journalPieces(bundle: string, { segments }: Manifest): Iterable<Buffer> {
  for (const { chain } of segments) if (chain) yield* piecesOf(join(bundle, chain.file));
}

/**
 * Adds what is new to the bundle.
 *
 * @param length how long the data directory's journal was at the moment of the record.
 * @returns null where nothing is new.
 * @throws BundleRefusedError OTHER_RECORD when the journal is not the one that the bundle has the beginning of.
 */
export function exportJournal(bundle: string, manifest: Manifest, dataDir: string, length: number): FileNote | null {
  const before = journalBytes(manifest);
  const path = join(dataDir, JOURNAL);
  if (length < before || !beginsWith(path, before, journalPieces(bundle, manifest)))
    throw new BundleRefusedError("OTHER_RECORD", `${path} does not go on where the bundle's copy ends`);
  const end = endOfLines(path, before, length);
  if (end === before) return null;
  const file = fileNames(manifest.segments.length + 1).chain;
  const lines = openLines(join(bundle, file));
  try {
    for (const piece of piecesOf(path, before, end)) lines.writeBytes(piece);
    return { file, ...lines.end() };
  } finally {
    lines.close();
  }
}

/** Whether a file's first bytes are these pieces. */
export function beginsWith(path: string, length: number, pieces: Iterable<Buffer>): boolean {
  if (length === 0) return true;
  const [expected, found] = [createHash("sha256"), createHash("sha256")];
  let bytes = 0;
  for (const piece of pieces) {
    const part = piece.subarray(0, length - bytes);
    expected.update(part);
    bytes += part.length;
  }
  for (const piece of piecesOf(path, 0, length)) found.update(piece);
  return bytes === length && expected.digest().equals(found.digest());
}

/** Where the last whole line ends: one that is being written belongs to nobody yet. */
function endOfLines(path: string, from: number, to: number): number {
  let [end, at] = [from, from];
  if (to === from) return end;
  for (const piece of piecesOf(path, from, to)) {
    const last = piece.lastIndexOf(0x0a);
    if (last !== -1) end = at + last + 1;
    at += piece.length;
  }
  return end;
}

/** Writes the whole journal of a bundle. */
export function importJournal(bundle: string, manifest: Manifest, path: string): void {
  const lines = openLines(path);
  try {
    for (const piece of journalPieces(bundle, manifest)) lines.writeBytes(piece);
    lines.end();
  } finally {
    lines.close();
  }
}
