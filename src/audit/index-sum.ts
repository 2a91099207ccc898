/** Bytes of a key that an index keeps. */
const PREFIX_BYTES = 6;

/**
 * Adds up the rows of an index in any order, so that two lists of a million rows can be compared in one pass over each. It sees damage;
 * it is no proof against somebody who wants two lists to add up alike, who could as well write a wrong index for right rows.
 */
export type IndexSum = { count: number; first: number; second: number };

export function indexSum(): IndexSum {
  return { count: 0, first: 0, second: 0 };
}

/** The part of a key by which an index is ordered. */
export function prefixOf(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUIntBE(0, PREFIX_BYTES);
}

/** Adds the row that a key must have. */
export function addKey(sum: IndexSum, key: Uint8Array, delta: number): void {
  addRow(sum, prefixOf(key), delta);
}

export function addRow(sum: IndexSum, prefix: number, delta: number): void {
  const high = Math.floor(prefix / 2 ** 24);
  const low = prefix % 2 ** 24;
  sum.count += 1;
  sum.first = (sum.first + Math.imul(mixed(high ^ mixed(delta)), 0x9e3779b1)) | 0;
  sum.second = (sum.second + mixed(low ^ mixed(delta + 0x51ed270b))) | 0;
}

/** Adds the rows of another part of the same list. */
export function addSum(sum: IndexSum, part: IndexSum): void {
  sum.count += part.count;
  sum.first = (sum.first + part.first) | 0;
  sum.second = (sum.second + part.second) | 0;
}

export function sameSum(a: IndexSum, b: IndexSum): boolean {
  return a.count === b.count && a.first === b.first && a.second === b.second;
}

/** Spreads a 32-bit number over all bits (the finaliser of MurmurHash3). */
function mixed(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
