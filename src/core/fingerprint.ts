import { utf8 } from "./bytes.ts";
import { keccak } from "./keccak.ts";

/** A uint64 field: a safe integer, or a bigint where a file may bring more. */
export type Uint64 = number | bigint;

/** One delta as its fingerprint has it. Amounts in units of 10^-18, time in Unix milliseconds. */
export type Delta = {
  ledger: Uint8Array;
  sequence: Uint64;
  amount: bigint;
  /** The running balance after this delta. */
  balance: bigint;
  recordedAt: Uint64;
  commitment: Uint8Array;
};

/** The state of one ledger: how many deltas, their sum, and the root of their tree. */
export type Head = { ledger: Uint8Array; count: Uint64; balance: bigint; root: Uint8Array };

/** The period-end statement of one ledger over the window [from, to), in Unix milliseconds. */
export type Checkpoint = {
  ledger: Uint8Array;
  from: Uint64;
  to: Uint64;
  firstSequence: Uint64;
  count: Uint64;
  openingBalance: bigint;
  closingBalance: bigint;
  root: Uint8Array;
};

/**
 * A statement over chosen deltas of one ledger: how many, what they change together, and the root over them in order of sequence.
 * It is no checkpoint: it claims no window and no balance, so a log that carries it cannot be contradicted by what was left out.
 */
export type Selection = { ledger: Uint8Array; count: Uint64; netChange: bigint; root: Uint8Array };

const WORD = 32;
const DELTA_KIND = keccak(utf8("tallyroot.delta.v1"));
const HEAD_KIND = keccak(utf8("tallyroot.head.v1"));
const CHECKPOINT_KIND = keccak(utf8("tallyroot.checkpoint.v1"));
const SELECTION_KIND = keccak(utf8("tallyroot.selection.v1"));

// One buffer per kind, filled anew for each hash: every word is written completely each time.
const deltaWords = wordsOf(DELTA_KIND, 7);
const headWords = wordsOf(HEAD_KIND, 5);
const checkpointWords = wordsOf(CHECKPOINT_KIND, 9);
const selectionWords = wordsOf(SELECTION_KIND, 5);

/**
 * The fingerprint of a delta, which is its `receiptId`: keccak of the ABI encoding of its fields.
 *
 * A fingerprint is a capability and never a tree node; `leafOf` gives what belongs in a tree.
 *
 * @throws RangeError for a field outside its type.
 * @see FORMAT.md, section "Fingerprints and leaves"; the same computation is LeafFormat.sol
 */
export function deltaFingerprint(delta: Delta): Uint8Array {
  writeAddress(deltaWords, 1, delta.ledger);
  writeUint64(deltaWords, 2, delta.sequence);
  writeInt256(deltaWords, 3, delta.amount);
  writeInt256(deltaWords, 4, delta.balance);
  writeUint64(deltaWords, 5, delta.recordedAt);
  writeBytes32(deltaWords, 6, delta.commitment);
  return keccak(deltaWords.bytes);
}

/** The fingerprint of a head. @throws RangeError for a field outside its type. */
export function headFingerprint(head: Head): Uint8Array {
  writeAddress(headWords, 1, head.ledger);
  writeUint64(headWords, 2, head.count);
  writeInt256(headWords, 3, head.balance);
  writeBytes32(headWords, 4, head.root);
  return keccak(headWords.bytes);
}

/** The fingerprint of a checkpoint, which is its `proofRoot`. @throws RangeError for a field outside its type. */
export function checkpointFingerprint(checkpoint: Checkpoint): Uint8Array {
  writeAddress(checkpointWords, 1, checkpoint.ledger);
  writeUint64(checkpointWords, 2, checkpoint.from);
  writeUint64(checkpointWords, 3, checkpoint.to);
  writeUint64(checkpointWords, 4, checkpoint.firstSequence);
  writeUint64(checkpointWords, 5, checkpoint.count);
  writeInt256(checkpointWords, 6, checkpoint.openingBalance);
  writeInt256(checkpointWords, 7, checkpoint.closingBalance);
  writeBytes32(checkpointWords, 8, checkpoint.root);
  return keccak(checkpointWords.bytes);
}

/** The fingerprint of a selection, which is its `proofRoot`. @throws RangeError for a field outside its type. */
export function selectionFingerprint(selection: Selection): Uint8Array {
  writeAddress(selectionWords, 1, selection.ledger);
  writeUint64(selectionWords, 2, selection.count);
  writeInt256(selectionWords, 3, selection.netChange);
  writeBytes32(selectionWords, 4, selection.root);
  return keccak(selectionWords.bytes);
}

/** The leaf of a fingerprint: hashed once more, as OpenZeppelin's StandardMerkleTree does, so that no inner node can pass for it. */
export function leafOf(fingerprint: Uint8Array): Uint8Array {
  return keccak(fingerprint);
}

type Words = { bytes: Uint8Array; view: DataView };

function wordsOf(kind: Uint8Array, count: number): Words {
  const bytes = new Uint8Array(count * WORD);
  bytes.set(kind);
  return { bytes, view: new DataView(bytes.buffer) };
}

function writeAddress(words: Words, word: number, address: Uint8Array): void {
  if (address.length !== 20) throw new RangeError("an address has 20 bytes");
  words.bytes.set(address, word * WORD + 12);
}

function writeBytes32(words: Words, word: number, value: Uint8Array): void {
  if (value.length !== WORD) throw new RangeError("a hash has 32 bytes");
  words.bytes.set(value, word * WORD);
}

function writeUint64(words: Words, word: number, value: Uint64): void {
  const at = word * WORD + 24;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) {
    words.view.setUint32(at, value / 2 ** 32);
    words.view.setUint32(at + 4, value);
    return;
  }
  const wide = BigInt(value);
  if (wide < 0n || wide >= 2n ** 64n) throw new RangeError("outside uint64");
  words.view.setBigUint64(at, wide);
}

function writeInt256(words: Words, word: number, value: bigint): void {
  if (BigInt.asIntN(256, value) !== value) throw new RangeError("outside int256");
  const at = word * WORD;
  // DataView reduces modulo 2^64, which is the two's complement of each limb.
  words.view.setBigUint64(at, value >> 192n);
  words.view.setBigUint64(at + 8, value >> 128n);
  words.view.setBigUint64(at + 16, value >> 64n);
  words.view.setBigUint64(at + 24, value);
}
