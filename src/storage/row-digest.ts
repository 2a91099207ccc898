import { hash } from "node:crypto";

/** What a column holds. */
export type Cell = number | string | Uint8Array | null;

/** Bytes of a row's digest: enough to see damage, short enough to cost nothing. */
export const DIGEST_BYTES = 8;

const TAG = { null: 0, integer: 1, text: 2, bytes: 3, other: 4 } as const;
/** One tag and one 64-bit word. */
const HEAD_BYTES = 9;

let buffer = Buffer.allocUnsafe(4096);

/**
 * The digest of a row: the first 8 bytes of SHA-256 over the name of its table and its other columns in their order.
 *
 * Some columns are bound by no fingerprint: the sealed bytes of erased content, a request id, when an anchor was made. A bit that
 * rots there would never be seen. It is no protection from whoever can write the file: anybody can compute it.
 *
 * Each column is a tag, then a 64-bit number, or a 64-bit length and that many bytes: no two rows have one encoding.
 *
 * @param late a column that came to the table after digests did. It is the last one, and only where it is not null: so the digests of
 *   rows from before stay right.
 */
export function rowDigest(table: string, cells: readonly Cell[], late: Cell = null): Buffer {
  let at = write(0, table);
  for (const cell of cells) at = write(at, cell);
  if (late !== null) at = write(at, late);
  return hash("sha256", buffer.subarray(0, at), "buffer").subarray(0, DIGEST_BYTES);
}

/** Writes one column at a place of the buffer. @returns the place after it. */
function write(at: number, cell: Cell): number {
  const content = typeof cell === "string" ? Buffer.byteLength(cell) : (cell as Uint8Array | null)?.length;
  const size = typeof cell === "number" || content === undefined ? 0 : content;
  if (at + HEAD_BYTES + size > buffer.length) grow(at + HEAD_BYTES + size);
  if (cell === null) {
    buffer[at] = TAG.null;
    buffer.writeBigInt64BE(0n, at + 1);
  } else if (typeof cell === "number") {
    // What is no exact integer was never written by us: it has an encoding of its own, so it matches nothing.
    const exact = Number.isSafeInteger(cell);
    buffer[at] = exact ? TAG.integer : TAG.other;
    if (exact) {
      buffer.writeInt32BE(Math.floor(cell / 2 ** 32), at + 1);
      buffer.writeUInt32BE(cell >>> 0, at + 5);
    } else buffer.writeDoubleBE(cell, at + 1);
  } else {
    buffer[at] = typeof cell === "string" ? TAG.text : TAG.bytes;
    buffer.writeUInt32BE(0, at + 1);
    buffer.writeUInt32BE(size, at + 5);
    if (typeof cell === "string") buffer.write(cell, at + HEAD_BYTES);
    else buffer.set(cell, at + HEAD_BYTES);
  }
  return at + HEAD_BYTES + size;
}

function grow(needed: number): void {
  const larger = Buffer.allocUnsafe(2 * needed);
  larger.set(buffer);
  buffer = larger;
}
