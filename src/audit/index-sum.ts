/** Bytes of a key that an index keeps. */
const PREFIX_BYTES = 6;

/**
 * Adds up the rows of an index in any order, so that two lists of a million rows can be compared in one pass over each. It sees damage;
 * it is no proof against somebody who wants two lists to add up alike, who could as well write a wrong index for right rows.
 */
export type IndexSum = {
  /** Adds the row that a key must have. */
  add(key: Uint8Array, delta: number): void;
  addRow(prefix: number, delta: number): void;
  same(other: IndexSum): boolean;
  readonly figures: readonly [count: number, first: number, second: number];
};

export function indexSum(): IndexSum {
  let [count, first, second] = [0, 0, 0];
  const addRow = (prefix: number, delta: number) => {
    const high = Math.floor(prefix / 2 ** 24);
    const low = prefix % 2 ** 24;
    count += 1;
    first = (first + Math.imul(mixed(high ^ mixed(delta)), 0x9e3779b1)) | 0;
    second = (second + mixed(low ^ mixed(delta + 0x51ed270b))) | 0;
  };
  return {
    add(key, delta) {
      addRow(Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUIntBE(0, PREFIX_BYTES), delta);
    },
    addRow,
    same: ({ figures }) => figures[0] === count && figures[1] === first && figures[2] === second,
    get figures() {
      return [count, first, second] as const;
    },
  };
}

/** Spreads a 32-bit number over all bits (the finaliser of MurmurHash3). */
function mixed(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
