import { keccak_256 } from "@noble/hashes/sha3.js";

/** A keccak-256 function: any bytes in, a fresh array of 32 bytes out. */
export type Keccak = (bytes: Uint8Array) => Uint8Array;

let engine: Keccak = keccak_256;

/**
 * keccak-256 as Ethereum uses it (the original Keccak padding, not SHA3-256 of FIPS 202).
 *
 * @example
 * toHex(keccak(new Uint8Array())) // "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
 */
export function keccak(bytes: Uint8Array): Uint8Array {
  return engine(bytes);
}

const encoder = new TextEncoder();
/** UTF-8 takes three bytes at most for each UTF-16 unit (RFC 3629, section 3). */
const MOST_BYTES_PER_UNIT = 3;
let text8 = new Uint8Array(8 * 1024);

/** keccak-256 of a text's UTF-8. Encoded into one buffer that every call uses again: contents are hashed by the thousand. */
export function keccakOfText(text: string): Uint8Array {
  const most = text.length * MOST_BYTES_PER_UNIT;
  if (most > text8.length) text8 = new Uint8Array(2 * most);
  return engine(text8.subarray(0, encoder.encodeInto(text, text8).written));
}

/**
 * Puts a faster engine behind `keccak`, once it has given the same answers as the portable one.
 *
 * The portable engine runs wherever JavaScript runs; a WebAssembly engine is ten times faster but not everywhere allowed.
 * The lengths tried are those around the 136-byte block of the sponge, where a wrong engine differs first.
 *
 * @throws Error when the engine's answer differs for any probe; the old engine then stays.
 */
export function installKeccak(faster: Keccak): void {
  for (const length of [0, 1, 32, 64, 135, 136, 137, 224, 288, 1000]) {
    const probe = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 0xff);
    const [expected, actual] = [keccak_256(probe), faster(probe)];
    if (actual.length !== 32 || expected.some((byte, i) => byte !== actual[i])) {
      throw new Error(`keccak engine refused: wrong digest for ${length} bytes`);
    }
  }
  engine = faster;
}
