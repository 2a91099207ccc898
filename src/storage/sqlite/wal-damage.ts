import { existsSync, readFileSync } from "node:fs";
import { StorageRefusedError } from "../refused.ts";

/** The write-ahead log's layout (https://www.sqlite.org/fileformat.html#walformat): a header, then frames of a header and a page. */
const HEADER = 32;
const FRAME_HEADER = 24;
const PAGE = 4_096;
/** Bytes of a frame's header that its checksum covers, before the page; what follows them is the salts and the checksum itself. */
const COVERED = 8;
/** The checksums' words are little-endian where this begins the file, and big-endian for the other one. */
const LITTLE = 0x377f0682;
const BIG = 0x377f0683;
/** Whether this machine's own words are big-endian. */
const BIG_MACHINE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0;
/**
 * Commits in a row that must be whole behind a frame that is not. One such commit may be what a write that failed has left, which nobody
 * was told of, and shorter ones have overwritten in part; a second that continues it was only begun once the first was on disk.
 */
const LEAST_COMMITS = 2;

/**
 * Refuses a write-ahead log that is damaged in the middle, which SQLite would silently cut there: commits that were acknowledged would be
 * gone, and pages that were folded back already would be mixed with older ones.
 *
 * An end that is missing or blank looks like a commit that a crash cut off, and is left to SQLite. So is damage to the last two commits.
 *
 * @param file the database's.
 * @throws StorageRefusedError
 */
export function expectWholeWal(file: string): void {
  const wal = `${file}-wal`;
  const at = existsSync(wal) ? damagedAt(readFileSync(wal)) : undefined;
  if (at === undefined) return;
  throw new StorageRefusedError(
    `${wal} is damaged at byte ${at}, and commits behind that are whole: what they recorded was acknowledged, and would be lost. Put a whole copy of the data directory in its place. To go on without them, and with an audit of what is left: truncate -s ${at} ${wal}`,
  );
}

/** Where the first frame stands that is damaged while commits behind it are whole; undefined when there is none. */
export function damagedAt(bytes: Buffer): number | undefined {
  if (bytes.length < HEADER) return undefined;
  const magic = bytes.readUInt32BE(0);
  const declared = openSum(bytes, magic === BIG);
  const headed = [LITTLE, BIG].includes(magic) && declared(24, [0, 0], [[0, 24]]);
  // A header that is damaged itself says nothing: frames are then looked for as this program has them written.
  const sum = headed ? declared : openSum(bytes, BIG_MACHINE);
  const pageSize = headed ? bytes.readUInt32BE(8) : PAGE;
  const frame = FRAME_HEADER + pageSize;
  const frames = Math.floor((bytes.length - HEADER) / frame);
  const place = (index: number) => HEADER + index * frame;
  let damaged = headed ? undefined : 0;
  const salts = headed ? 16 : place(0) + 8;
  let commits = 0;
  for (let index = 0; index < frames; index++) {
    const at = place(index);
    const parts: Part[] = [
      [at, COVERED],
      [at + FRAME_HEADER, pageSize],
    ];
    const before = index === 0 ? 24 : at - frame + 16;
    const seed = [bytes.readInt32BE(before), bytes.readInt32BE(before + 4)] as const;
    const ours = bytes.compare(bytes, salts, salts + 8, at + 8, at + 16) === 0;
    const whole = ours && sum(at + 16, seed, parts);
    if (whole && damaged !== undefined) {
      if (bytes.readUInt32BE(at + 4) !== 0) commits += 1;
      if (commits === LEAST_COMMITS) return damaged;
    } else if (!whole) {
      damaged ??= at;
      commits = 0;
    }
  }
  return undefined;
}

type Part = readonly [at: number, length: number];

/** Tells whether the checksum that is stored at a place is that of some parts. */
function openSum(bytes: Buffer, big: boolean) {
  const aligned = bytes.byteOffset % 4 === 0 && big === BIG_MACHINE;
  const native = aligned ? bytes : Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 4)));
  if (!aligned && big !== BIG_MACHINE) native.swap32();
  const words = new Int32Array(native.buffer, native.byteOffset, native.length >> 2);
  return (stored: number, [first, second]: readonly [number, number], parts: readonly Part[]): boolean => {
    let [a, b] = [first, second];
    for (const [at, length] of parts) {
      for (let i = at >> 2; i < (at + length) >> 2; i += 2) {
        a = (a + words[i]! + b) | 0;
        b = (b + words[i + 1]! + a) | 0;
      }
    }
    return a === bytes.readInt32BE(stored) && b === bytes.readInt32BE(stored + 4);
  };
}
