import { concatBytes, toHex, utf8 } from "../core/bytes.ts";
import { keccak } from "../core/keccak.ts";

/** The few calls and the one event of AnchorLog that a verifier needs, encoded by hand; a test compares them with the ABI. */

const WORD = 32;

const selectorOf = (signature: string): Uint8Array => keccak(utf8(signature)).slice(0, 4);

const ROOT = selectorOf("root(bytes32,uint64)");
const MARKED = selectorOf("marked(bytes32)");
const MARKED_SINCE = selectorOf("markedSince(bytes32)");
const PUBLISHER = selectorOf("publisher(bytes32)");
const ANCHORED = keccak(utf8("Anchored(bytes32,uint64,bytes32,uint64)"));

/** A number as one big-endian word. */
export function wordOf(value: bigint): Uint8Array {
  const word = new Uint8Array(WORD);
  new DataView(word.buffer).setBigUint64(WORD - 8, value);
  return word;
}

/** The number in one word: the whole of it, so that nothing in its upper bytes is overlooked. */
export function numberIn(words: Uint8Array, index = 0): bigint {
  return BigInt(toHex(words.subarray(index * WORD, (index + 1) * WORD)));
}

export const rootCall = (log: Uint8Array, index: bigint): string => toHex(concatBytes(ROOT, log, wordOf(index)));
export const markedCall = (log: Uint8Array): string => toHex(concatBytes(MARKED, log));
export const markedSinceCall = (log: Uint8Array): string => toHex(concatBytes(MARKED_SINCE, log));
export const publisherCall = (log: Uint8Array): string => toHex(concatBytes(PUBLISHER, log));

/** The event of an anchor: what is indexed, and its data. */
export function anchoredEvent({ log, index, root, size }: AnchoredFields): { topics: Uint8Array[]; data: Uint8Array } {
  return { topics: [ANCHORED, log, wordOf(index), root], data: wordOf(size) };
}

/** The index that a transaction's events say was anchored in a log. */
export function indexIn(
  events: readonly { address: Uint8Array; topics: readonly Uint8Array[] }[],
  { contract, log }: { contract: Uint8Array; log: Uint8Array },
): bigint | undefined {
  const [topic, wanted] = [toHex(ANCHORED), toHex(log)];
  const event = events.find(
    ({ address, topics: [name, of] }) =>
      toHex(address) === toHex(contract) && name && toHex(name) === topic && of && toHex(of) === wanted,
  );
  return event?.topics[2] && numberIn(event.topics[2]);
}

type AnchoredFields = { log: Uint8Array; index: bigint; root: Uint8Array; size: bigint };
