import { createSecretKey } from "node:crypto";
import type { LedgerState } from "../../ledger/compose.ts";

/**
 * Where ledgers stand that were written lately, least recently used first out: the newest as they are, more of them packed.
 *
 * What a state is made of costs two kilobytes as objects and a third of that packed, and a state that is not there costs some ten reads.
 */
export type LedgerStates = {
  get(name: string): LedgerState | undefined;
  put(name: string, state: LedgerState): void;
  /** Forgets a state, with the key in it. */
  delete(name: string): void;
};

/** States as they are: as many as a commit may touch, and some. */
const MOST_OPEN = 2_000;
/** States that are packed: 60 MB with a hundred deltas in each ledger. */
const MOST_PACKED = 131_072;

/** @param most how many are kept of each kind, and at most twice as many for a while; fewer in drills. */
export function openLedgerStates(most = { open: MOST_OPEN, packed: MOST_PACKED }): LedgerStates {
  const open = new Map<string, LedgerState>();
  const packed = new Map<string, Buffer>();

  function drop(name: string): void {
    packed.get(name)?.fill(0);
    packed.delete(name);
  }

  function packOldest(): void {
    for (const [oldest, state] of open) {
      if (open.size <= most.open) break;
      open.delete(oldest);
      drop(oldest);
      packed.set(oldest, pack(state));
    }
    if (packed.size <= most.packed + most.open) return;
    for (const oldest of packed.keys()) {
      if (packed.size <= most.packed) break;
      drop(oldest);
    }
  }

  return {
    get(name) {
      const state = open.get(name);
      if (state) return state;
      const bytes = packed.get(name);
      return bytes && unpack(bytes);
    },
    put(name, state) {
      open.delete(name);
      open.set(name, state);
      // Many at a time: a Map looks for its first entry past all that were deleted before it.
      if (open.size > 2 * most.open) packOldest();
    },
    delete(name) {
      open.delete(name);
      drop(name);
    },
  };
}

const ADDRESS = 20;
const KEY = 32;
const HASH = 32;
/** Ledger, tenant, opening, time, count, generation: 8 bytes each. Then the balance as an int256, address, key, and the peaks. */
const NUMBERS = 6;
const BALANCE_AT = 8 * NUMBERS;
const ADDRESS_AT = BALANCE_AT + 32;
const KEY_AT = ADDRESS_AT + ADDRESS;
const PEAKS_AT = KEY_AT + KEY;

function pack({ ledger, balance, recordedAt, frontier, generation, key }: LedgerState): Buffer {
  // Not from the pool, which would keep eight kilobytes for as long as one of its pieces lives.
  const bytes = Buffer.allocUnsafeSlow(PEAKS_AT + HASH * frontier.peaks.length);
  const numbers = [ledger.id, ledger.tenantId, ledger.openedAt, recordedAt, frontier.count, generation];
  for (const [i, number] of numbers.entries()) bytes.writeDoubleLE(number, 8 * i);
  for (let limb = 0; limb < 4; limb++)
    bytes.writeBigUInt64LE(BigInt.asUintN(64, balance >> BigInt(64 * limb)), BALANCE_AT + 8 * limb);
  bytes.set(ledger.address, ADDRESS_AT);
  const raw = key.export();
  bytes.set(raw, KEY_AT);
  raw.fill(0);
  for (const [i, peak] of frontier.peaks.entries()) bytes.set(peak, PEAKS_AT + HASH * i);
  return bytes;
}

function unpack(bytes: Buffer): LedgerState {
  const number = (place: number) => bytes.readDoubleLE(8 * place);
  let balance = 0n;
  for (let limb = 3; limb >= 0; limb--) balance = (balance << 64n) | bytes.readBigUInt64LE(BALANCE_AT + 8 * limb);
  const count = number(4);
  const peaks: Uint8Array[] = [];
  // Copied: the packed bytes are overwritten when they are dropped.
  for (let at = PEAKS_AT; at < bytes.length; at += HASH)
    peaks.push(Uint8Array.prototype.slice.call(bytes, at, at + HASH));
  return {
    ledger: {
      id: number(0),
      tenantId: number(1),
      address: Uint8Array.prototype.slice.call(bytes, ADDRESS_AT, KEY_AT),
      openedAt: number(2),
    },
    balance: BigInt.asIntN(256, balance),
    recordedAt: number(3),
    frontier: { count, peaks },
    generation: number(5),
    key: createSecretKey(bytes.subarray(KEY_AT, PEAKS_AT)),
  };
}
