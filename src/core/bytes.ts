import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";

/** Bytes as text: `0x` and lower-case hex. */
export type Hex = `0x${string}`;

const HEX = /^0x(?:[0-9a-f]{2})*$/;

/** Lower-case `0x` hex of bytes. */
export function toHex(bytes: Uint8Array): Hex {
  return `0x${bytesToHex(bytes)}`;
}

/**
 * Bytes of a lower-case `0x` hex text.
 *
 * @param length how many bytes it must be, where that is fixed.
 * @throws RangeError when the text is anything else (upper case included: one value has one text).
 */
export function fromHex(text: string, length?: number): Uint8Array {
  if (!HEX.test(text)) throw new RangeError("not lower-case 0x hex");
  const bytes = hexToBytes(text.slice(2));
  if (length !== undefined && bytes.length !== length)
    throw new RangeError(`${bytes.length} bytes instead of ${length}`);
  return bytes;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return compareBytes(a, b) === 0;
}

/** Order of two byte strings as unsigned big-endian numbers of the same length. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}

const NOTHING = new Uint8Array();

/** One array out of several. */
export function concatBytes(...parts: Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  if (length === 0) return NOTHING;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

const encoder = new TextEncoder();

/** UTF-8 of a text. Lone surrogates must have been refused before: here they would turn into U+FFFD. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}
