import { fromHex, toHex } from "./bytes.ts";

/**
 * The name of a recorded delta: its ledger and its sequence. It is derived, so it needs no index, and a ledger that moves to another
 * server or storage engine keeps its record ids. Unlike a receiptId it proves nothing and opens nothing without a key.
 */
export function recordIdOf(ledger: Uint8Array, sequence: number): string {
  return `rec_${toHex(ledger).slice(2)}_${sequence}`;
}

/** Ledger and sequence of a record id; undefined for any other text. */
export function parseRecordId(text: string): { ledger: Uint8Array; sequence: number } | undefined {
  const match = /^rec_([0-9a-f]{40})_([1-9][0-9]{0,15})$/.exec(text);
  if (!match) return undefined;
  const sequence = Number(match[2]);
  return Number.isSafeInteger(sequence) ? { ledger: fromHex(`0x${match[1]}`), sequence } : undefined;
}
