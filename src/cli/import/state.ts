import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { UsageError } from "../ending.ts";
import type { Position } from "./items.ts";

/** What an import has done, in a file beside its input, so that the next one goes on from there. */

const FORMAT = "tallyroot-import/1";

export type Refusal = { row: number; code: string; message: string };

/** Refused rows that are kept by name; all are counted. */
export const MOST_REFUSALS = 1000;

export type Progress = Position & { recorded: number; replayed: number; refused: number; refusals: Refusal[] };

export type ImportState = {
  format: typeof FORMAT;
  /** SHA-256 of the input's first `bytes` bytes: all that it had when it was first imported. */
  digest: string;
  bytes: number;
  /** By whom and where: the record's log, and the public id of the key. */
  targets: Record<string, Progress>;
};

export function stateFile(input: string): string {
  return `${input}.import.json`;
}

export const BEGINNING: Progress = { row: 0, offset: 0, recorded: 0, replayed: 0, refused: 0, refusals: [] };

/**
 * The state of an import of this file. A file that has grown since goes on under its first name, so that no row of it is recorded again.
 *
 * @throws UsageError for a file that has changed where it was imported already.
 */
export async function stateOf(input: string): Promise<ImportState> {
  const path = stateFile(input);
  const { size } = statSync(input);
  if (!existsSync(path)) return { format: FORMAT, digest: await digestOf(input, size), bytes: size, targets: {} };
  const state = readState(path);
  if (size < state.bytes || (await digestOf(input, state.bytes)) !== state.digest)
    throw new UsageError(
      `${input} has changed since it was imported first, and not only grown: remove ${path} to import it as another file`,
    );
  return state;
}

/**
 * Whether a row ends where the last import did. A row without a line feed may have been half of one, of an amount too.
 *
 * @throws UsageError
 */
export function expectRowEnd(input: string, offset: number): void {
  if (offset === 0 || offset >= statSync(input).size) return;
  const around = Buffer.alloc(2);
  const file = openSync(input, "r");
  readSync(file, around, 0, 2, offset - 1);
  closeSync(file);
  if (/[\n\r]/.test(around.toString("latin1"))) return;
  throw new UsageError(
    `${input}: the row before byte ${offset} has grown since it was recorded: correct that delta, and import the rest as a file of its own`,
  );
}

function readState(path: string): ImportState {
  try {
    const state = JSON.parse(readFileSync(path, "utf8")) as ImportState;
    if (state.format === FORMAT && typeof state.digest === "string" && typeof state.bytes === "number") return state;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new UsageError(`${path} is not the state of an import: remove it, rows that are on record stay single`);
}

/** Replaced whole, so that a process that dies meanwhile leaves the old one or the new one. */
export function writeState(input: string, state: ImportState): void {
  const path = stateFile(input);
  writeFileSync(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

async function digestOf(path: string, bytes: number): Promise<string> {
  const hash = createHash("sha256");
  if (bytes > 0)
    for await (const part of createReadStream(path, { end: bytes - 1, highWaterMark: 1 << 20 })) hash.update(part);
  return hash.digest("hex");
}
