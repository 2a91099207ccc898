import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";

/** Files of lines, written and read in pieces: memory does not grow with them. */

/** Bytes that are written or read at once. */
const PIECE = 1 << 20;
/** Bytes of one line: the largest row is the note of a batch of 10,000, which has some megabytes. */
const LONGEST_LINE = 1 << 26;

/** A file of a bundle, as its manifest describes it: `sha256` as 0x hex. */
export type FileNote = { readonly file: string; readonly bytes: number; readonly sha256: string };

export type LineWriter = {
  /** @param line without its end. */
  write(line: string): void;
  /** Bytes that are lines already. */
  writeBytes(bytes: Uint8Array): void;
  /** Makes the file durable. @returns its length and SHA-256. */
  end(): { bytes: number; sha256: string };
  /** Closes it as it is, where writing was broken off. */
  close(): void;
};

/** Writes a file anew, readable for its owner only: its rows are sealed, but who may read them decides its owner. */
export function openLines(path: string): LineWriter {
  const file = openSync(path, "w", 0o600);
  const hash = createHash("sha256");
  let waiting: string[] = [];
  let size = 0;
  let bytes = 0;
  let open = true;
  const put = (piece: Uint8Array) => {
    hash.update(piece);
    for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at);
    bytes += piece.length;
  };
  const flush = () => {
    if (waiting.length > 0) put(Buffer.from(waiting.join("")));
    waiting = [];
    size = 0;
  };
  const close = () => {
    if (open) closeSync(file);
    open = false;
  };
  return {
    write(line) {
      waiting.push(line, "\n");
      size += line.length + 1;
      if (size >= PIECE) flush();
    },
    writeBytes(piece) {
      flush();
      put(piece);
    },
    end() {
      flush();
      fsyncSync(file);
      close();
      return { bytes, sha256: `0x${hash.digest("hex")}` };
    },
    close,
  };
}

/** A file's bytes from one place to another, or to its end where that comes first. */
export function* piecesOf(path: string, from = 0, to = Number.POSITIVE_INFINITY): Iterable<Buffer> {
  const file = openSync(path, "r");
  try {
    for (let at = from; at < to; ) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE, to - at));
      const read = readSync(file, piece, 0, piece.length, at);
      if (read === 0) return;
      yield piece.subarray(0, read);
      at += read;
    }
  } finally {
    closeSync(file);
  }
}

/** Lines without their ends. What comes after the last end is yielded as a line, too: who reads it finds it cut short. */
export function* linesIn(path: string, from = 0, to?: number): Iterable<string> {
  let rest: Buffer[] = [];
  let length = 0;
  for (const piece of piecesOf(path, from, to)) {
    let start = 0;
    for (let end = piece.indexOf(0x0a); end !== -1; end = piece.indexOf(0x0a, start)) {
      rest.push(piece.subarray(start, end));
      yield rest.length === 1 ? rest[0]!.toString("utf8") : Buffer.concat(rest).toString("utf8");
      rest = [];
      length = 0;
      start = end + 1;
    }
    rest.push(piece.subarray(start));
    length += piece.length - start;
    if (length > LONGEST_LINE) throw new RangeError(`a line has more than ${LONGEST_LINE} bytes`);
  }
  if (length > 0) yield Buffer.concat(rest).toString("utf8");
}

/** A file's length and SHA-256. */
export function digestOf(path: string): { bytes: number; sha256: string } {
  const hash = createHash("sha256");
  let bytes = 0;
  for (const piece of piecesOf(path)) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: `0x${hash.digest("hex")}` };
}
