/** The journal on disk. Synchronous on purpose: while a block is not yet durable, this thread has nothing to tell anybody. */

import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { ChainFailedError, ChainStartError } from "./errors.ts";
import {
  decodeJournal,
  encodeBlock,
  encodeHeader,
  type Journal,
  type JournalBlock,
  type JournalHeader,
} from "./journal-format.ts";

const FILE = "chain.journal";

export interface JournalWriter {
  /**
   * When it returns, the blocks MUST be found again after a power cut.
   *
   * Errors: CHAIN_JOURNAL_UNWRITABLE (disk full or failing, or another process wrote to the file). The writer must not
   * be used again then: what the file ends in is unknown until it is read anew.
   */
  append(blocks: readonly JournalBlock[]): void;
  close(): void;
}

/** The journal found in `dir`, or undefined where there is none yet. Errors: those of `decodeJournal`. */
export function readJournal(dir: string): Journal | undefined {
  const path = join(dir, FILE);
  return existsSync(path) ? decodeJournal(readFileSync(path)) : undefined;
}

/** Makes a journal of no blocks. It appears whole or not at all, so a torn header can only be damage. */
export function createJournal(dir: string, header: JournalHeader): void {
  unwritable(dir, () => {
    mkdirSync(dir, { recursive: true });
    const path = join(dir, FILE);
    const file = openSync(`${path}.new`, "w", 0o600);
    try {
      writeWhole(file, encodeHeader(header));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(`${path}.new`, path);
    const folder = openSync(dir, "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  });
}

/** Opens the journal for more blocks, and cuts a torn line off. */
export function openJournal(dir: string, intactBytes: number): JournalWriter {
  const file = unwritable(dir, () => {
    const opened = openSync(join(dir, FILE), "r+");
    ftruncateSync(opened, intactBytes);
    fsyncSync(opened);
    return opened;
  });
  let length = intactBytes;
  return {
    append(blocks) {
      const bytes = Buffer.from(blocks.map(encodeBlock).join(""));
      try {
        const { size } = fstatSync(file);
        if (size !== length)
          throw new Error(`it has ${size} bytes where ${length} were written: is a second server running?`);
        writeWhole(file, bytes, length);
        fsyncSync(file);
      } catch (error) {
        throw new ChainFailedError(
          "CHAIN_JOURNAL_UNWRITABLE",
          `the chain journal cannot be written: ${messageOf(error)}`,
          {
            cause: error,
          },
        );
      }
      length += bytes.length;
    },
    close: () => closeSync(file),
  };
}

function writeWhole(file: number, content: string | Buffer, position = 0): void {
  const bytes = Buffer.from(content);
  const written = writeSync(file, bytes, 0, bytes.length, position);
  if (written !== bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes were written`);
}

function unwritable<T>(dir: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new ChainStartError(
      "CHAIN_JOURNAL_UNWRITABLE",
      `no chain journal can be kept in ${dir}: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
