import { fromHex, sameBytes, toHex } from "../core/bytes.ts";
import type { Entry } from "../core/dispute.ts";
import { TallyrootError } from "../core/errors.ts";
import { parseRecordId } from "../core/record-id.ts";
import type { Contents } from "./contents.ts";
import type { Pause } from "./in-steps.ts";
import type { Ledger, LedgerStore, StoredDelta } from "./ports/ledgers.ts";

/** One line of a party's view, as it was sent: exactly one of the first four names the delta. Amounts in units of 10^-18. */
export type NamedEntry = {
  receiptId?: string | undefined;
  recordId?: string | undefined;
  referenceId?: string | undefined;
  sequence?: number | undefined;
  delta?: bigint | undefined;
  balance?: bigint | undefined;
};

/** Deltas read in one go while a ledger is gone through. */
export const DELTAS_PER_READ = 100;

type Parts = { store: LedgerStore; contents: Contents; pause: Pause };

/** What is on record under the names that were asked for. */
export type Names = {
  /** Takes in one more delta. Sealed content is opened only where a reference was asked for. */
  take(delta: StoredDelta): Promise<void>;
  /** Whether a reference has not been met so far. */
  lacksReference(): boolean;
  /** Whether content was met that cannot be opened any more: a reference may have been in it. */
  metErased(): boolean;
  /** The sequence of an entry; undefined when it is not on record. */
  find(entry: NamedEntry, mentions: Map<string, number>): Promise<number | undefined>;
};

/**
 * Prepares to find the deltas that entries name. Fingerprints and references are noticed while the scope is read anyway; only what is
 * not there is looked up one by one.
 *
 * One reference may stand for several deltas: its first mention in a view is the first of them, its second mention the second, and
 * a mention too many the last once more, which makes it a duplicate.
 *
 * @param count how many deltas the ledger has.
 */
export function openNames(
  { store, contents }: Omit<Parts, "pause">,
  ledger: Ledger,
  count: number,
  entries: Iterable<NamedEntry>,
): Names {
  const receipts = new Map<string, number | undefined>();
  const references = new Map<string, number[]>();
  let lacking = 0;
  let erased = false;
  for (const { receiptId, referenceId } of entries) {
    if (receiptId !== undefined) receipts.set(receiptId, undefined);
    if (referenceId === undefined || references.has(referenceId)) continue;
    references.set(referenceId, []);
    lacking += 1;
  }

  async function sequenceOfReceipt(receiptId: string): Promise<number | undefined> {
    const known = receipts.get(receiptId);
    if (known !== undefined) return known;
    const delta = await store.deltaByFingerprint(fromHex(receiptId, 32));
    return delta?.ledger.id === ledger.id ? delta.sequence : undefined;
  }

  return {
    async take(delta) {
      if (receipts.size > 0) {
        const receiptId = toHex(delta.fingerprint);
        if (receipts.has(receiptId)) receipts.set(receiptId, delta.sequence);
      }
      if (references.size === 0) return;
      const content = await contents.contentOf(delta);
      if (!content) erased = true;
      const found = content?.referenceId === undefined ? undefined : references.get(content.referenceId);
      if (found?.length === 0) lacking -= 1;
      found?.push(delta.sequence);
    },
    lacksReference: () => lacking > 0,
    metErased: () => erased,
    async find({ receiptId, recordId, referenceId, sequence }, mentions) {
      if (sequence !== undefined) return sequence <= count ? sequence : undefined;
      if (receiptId !== undefined) return await sequenceOfReceipt(receiptId);
      if (recordId !== undefined) {
        const place = parseRecordId(recordId);
        return place && place.sequence <= count && sameBytes(place.ledger, ledger.address) ? place.sequence : undefined;
      }
      const mentioned = mentions.get(referenceId!) ?? 0;
      mentions.set(referenceId!, mentioned + 1);
      const found = references.get(referenceId!) ?? [];
      return found[Math.min(mentioned, found.length - 1)];
    },
  };
}

/**
 * Looks for the references that the scope does not have in the rest of the ledger: first after the scope, then before it.
 *
 * @param first the first sequence of the scope; `last` its last, `first - 1` for an empty one.
 * @param most how many deltas are looked at.
 * @returns the sequences among which references were looked for, the scope's included.
 * @throws TallyrootError CONTENT_ERASED when a reference was not found and content that might have had it was erased.
 */
export async function searchReferences(
  { store, pause }: Parts,
  names: Names,
  scope: { ledger: Ledger; first: number; last: number; count: number },
  most: number,
): Promise<{ from: number; to: number }> {
  const { ledger, first, last, count } = scope;
  let [from, to, left] = [first, last, most];
  while (names.lacksReference() && left > 0 && (to < count || from > 1)) {
    const after = to < count;
    const limit = Math.min(left, DELTAS_PER_READ, after ? count - to : from - 1);
    for (const delta of await store.deltas(ledger, after ? to + 1 : from - limit, limit)) await names.take(delta);
    if (after) to += limit;
    else from -= limit;
    left -= limit;
    await pause();
  }
  if (names.lacksReference() && names.metErased()) {
    throw new TallyrootError(
      "CONTENT_ERASED",
      "a referenceId was not found, and content that may have had it was erased: name the deltas by receiptId, recordId or sequence",
      { from, to },
    );
  }
  return { from, to };
}

/**
 * The entries of one view with their sequences, in the order in which they were sent; of deltas outside of the scope also the recorded amount.
 */
export async function lookUp(
  { store, pause }: Omit<Parts, "contents">,
  names: Names,
  scope: { ledger: Ledger; first: number; last: number },
  entries: readonly NamedEntry[],
): Promise<Entry[]> {
  const { ledger, first, last } = scope;
  const mentions = new Map<string, number>();
  const found: Entry[] = [];
  for (const entry of entries) {
    const sequence = await names.find(entry, mentions);
    const { delta, balance } = entry;
    const outside = sequence !== undefined && (sequence < first || sequence > last);
    const recordedAmount = outside ? (await store.delta(ledger, sequence))?.amount : undefined;
    found.push({ sequence, delta, balance, recordedAmount });
    await pause();
  }
  return found;
}
