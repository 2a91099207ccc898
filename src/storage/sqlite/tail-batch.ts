/** Some newest keys of an index, in flat arrays: twenty bytes a key, and nothing for the collector of garbage to walk. */
export type TailBatch = {
  /** The delta before the first one of this batch. */
  readonly after: number;
  add(prefix: number, deltaId: number): void;
  /** Adds the ids of the deltas with this prefix to a list. */
  find(prefix: number, ids: number[]): void;
  /** The places of all keys, more or less by prefix. The batch MUST be full: it is sorted once. */
  sorted(): Uint32Array;
  prefix(place: number): number;
  id(place: number): number;
};

/** How many places an array has at first; it doubles up to the batch's size. */
const FIRST_PLACES = 1024;

/** @param most keys of the batch, at most 2^18. */
export function openTailBatch(after: number, most: number): TailBatch {
  let prefixes = new Float64Array(Math.min(FIRST_PLACES, most));
  let ids = new Float64Array(prefixes.length);
  /** A hash table over prefixes: the first place of each chain, and each place's next one, both counted from 1. */
  let heads = new Uint32Array(2 * prefixes.length);
  let nexts = new Uint32Array(prefixes.length);
  let size = 0;
  let order: Uint32Array | undefined;

  // Prefixes are bytes of hashes: their lowest bits are as random as any.
  const chainOf = (prefix: number) => prefix % heads.length;

  function link(place: number): void {
    const chain = chainOf(prefixes[place]!);
    nexts[place] = heads[chain]!;
    heads[chain] = place + 1;
  }

  function grow(): void {
    const larger = Math.min(2 * size, most);
    const [oldPrefixes, oldIds] = [prefixes, ids];
    prefixes = new Float64Array(larger);
    prefixes.set(oldPrefixes);
    ids = new Float64Array(larger);
    ids.set(oldIds);
    heads = new Uint32Array(2 * larger);
    nexts = new Uint32Array(larger);
    for (let place = 0; place < size; place++) link(place);
  }

  return {
    after,
    add(prefix, deltaId) {
      if (size === prefixes.length) grow();
      prefixes[size] = prefix;
      ids[size] = deltaId;
      link(size);
      size += 1;
    },
    find(prefix, found) {
      for (let at = heads[chainOf(prefix)]!; at > 0; at = nexts[at - 1]!) {
        if (prefixes[at - 1] === prefix) found.push(ids[at - 1]!);
      }
    },
    sorted() {
      order ??= sortedPlaces(prefixes.subarray(0, size));
      return order;
    },
    prefix: (place) => prefixes[place]!,
    id: (place) => ids[place]!,
  };
}

/** Bits of a prefix that decide the order: neighbours are to share a page, not to be in order. */
const ORDER = 2 ** 35;
const PREFIXES = 2 ** 48;
/** More places than a batch has. With the bits above they make an integer that a double holds, which sorts without a comparison of ours. */
const PLACES = 2 ** 18;

function sortedPlaces(prefixes: Float64Array): Uint32Array {
  const keys = Float64Array.from(prefixes, (prefix, place) => Math.floor(prefix / (PREFIXES / ORDER)) * PLACES + place);
  return Uint32Array.from(keys.sort(), (key) => key % PLACES);
}
