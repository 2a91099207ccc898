/** The journal on disk. Synchronous but for waiting: while a block is not yet durable, this thread has nothing to tell anybody. */

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
import { setTimeout as sleep } from "node:timers/promises";
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

/** Milliseconds between two tries to write what the disk does not take now, and after which it is given up. */
const AGAIN_MS = 250;
const GIVE_UP_MS = 24 * 3_600_000;
/** What a disk says that is full, failing or read-only, all of which may pass. */
const MAY_PASS = ["ENOSPC", "EDQUOT", "EFBIG", "EIO", "EROFS"];

export interface JournalWriter {
  /**
   * When it resolves, the blocks MUST be found again after a power cut. While the disk is full or fails it is tried again, for a day:
   * the network has the blocks already, so the only other way on is a new start. Each try writes all of it anew, since what a failed
   * fsync leaves on the disk is unknown.
   *
   * Errors: CHAIN_JOURNAL_UNWRITABLE (it was given up, or another process wrote to the file). The writer must not be used
   * again then: what the file ends in is unknown until it is read anew.
   */
  append(blocks: readonly JournalBlock[]): Promise<void>;
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

/**
 * Opens the journal for more blocks, and cuts a torn line off.
 *
 * @param onWaiting is told, once for each append, why the disk does not take it now.
 */
export function openJournal(dir: string, intactBytes: number, onWaiting: (reason: string) => void): JournalWriter {
  const file = unwritable(dir, () => {
    const opened = openSync(join(dir, FILE), "r+");
    ftruncateSync(opened, intactBytes);
    fsyncSync(opened);
    return opened;
  });
  let length = intactBytes;
  return {
    async append(blocks) {
      const bytes = Buffer.from(blocks.map(encodeBlock).join(""));
      const end = performance.now() + GIVE_UP_MS;
      for (let tries = 0; ; tries++) {
        try {
          const { size } = fstatSync(file);
          // Of an earlier try of ours there may be a part.
          if (size < length || size > length + (tries > 0 ? bytes.length : 0))
            throw new Error(`it has ${size} bytes where ${length} were written: is a second server running?`);
          if (size > length) ftruncateSync(file, length);
          writeWhole(file, bytes, length);
          fsyncSync(file);
          break;
        } catch (error) {
          if (!mayPass(error) || performance.now() > end) {
            const message = `the chain journal cannot be written: ${messageOf(error)}`;
            throw new ChainFailedError("CHAIN_JOURNAL_UNWRITABLE", message, { cause: error });
          }
          if (tries === 0) onWaiting(messageOf(error));
          await sleep(AGAIN_MS);
        }
      }
      length += bytes.length;
    },
    close: () => closeSync(file),
  };
}

function writeWhole(file: number, content: string | Buffer, position = 0): void {
  const bytes = Buffer.from(content);
  // A disk that fills up takes a part first, and says why at the next call.
  for (let written = 0; written < bytes.length; )
    written += writeSync(file, bytes, written, bytes.length - written, position + written);
}

function mayPass(error: unknown): boolean {
  return error instanceof Error && "code" in error && MAY_PASS.includes(String(error.code));
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
