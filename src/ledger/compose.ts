import type { KeyObject } from "node:crypto";
import { addToBalance, formatAmount } from "../core/amount.ts";
import { concatBytes, toHex } from "../core/bytes.ts";
import { type Content, commitmentOf } from "../core/content.ts";
import { deltaFingerprint, leafOf } from "../core/fingerprint.ts";
import { appendLeaf, type Frontier } from "../core/tree.ts";
import type { Ledger, RecordRequest, StoredDelta } from "./ports/ledgers.ts";
import { deltaPlace, saltOf, sealText, unseal } from "./seal.ts";

/** Where a ledger stands: all that the next delta depends on. A cache: it can be rebuilt from the stored deltas. */
export type LedgerState = {
  readonly ledger: Ledger;
  readonly balance: bigint;
  readonly recordedAt: number;
  /** Its count is the ledger's. */
  readonly frontier: Frontier;
  readonly generation: number;
  readonly key: KeyObject;
};

/**
 * The next delta of a ledger, and where the ledger stands after it. Nothing is changed in place, so a commit that fails leaves the
 * state as it was.
 *
 * @param now Unix milliseconds; a clock that went back does not take `recordedAt` with it.
 * @throws TallyrootError BALANCE_OVERFLOW
 */
export function composeDelta(
  state: LedgerState,
  request: Omit<RecordRequest, "tenant">,
  now: number,
): { delta: StoredDelta; next: LedgerState } {
  const { ledger, generation, key } = state;
  const sequence = state.frontier.count + 1;
  const balance = addToBalance(state.balance, request.amount);
  const recordedAt = Math.max(now, state.recordedAt);
  const sealedPart = privatePart(request);
  const commitment = commitmentOf(contentOf(request.customerId, request.amount, sealedPart, saltOf(key, sequence)));
  const fingerprint = deltaFingerprint({
    ledger: ledger.address,
    sequence,
    amount: request.amount,
    balance,
    recordedAt,
    commitment,
  });
  const { frontier, completed } = appendLeaf(state.frontier, leafOf(fingerprint));
  const delta = {
    ledger,
    sequence,
    amount: request.amount,
    balance,
    recordedAt,
    commitment,
    fingerprint,
    nodes: concatBytes(...completed),
    generation,
    sealed: sealText(key, deltaPlace(ledger.address, sequence), JSON.stringify(sealedPart)),
    requestId: request.requestId ?? null,
  };
  return { delta, next: { ledger, balance, recordedAt, frontier, generation, key } };
}

/** The members of a content that are sealed with each delta; the customer id is sealed once per key. */
export type PrivatePart = Pick<Content, "reason" | "referenceId" | "metadata" | "adjusts">;

function privatePart({ reason, referenceId, metadata, adjusts }: PrivatePart): PrivatePart {
  return {
    reason,
    ...(referenceId !== undefined && { referenceId }),
    ...(metadata !== undefined && { metadata }),
    ...(adjusts !== undefined && { adjusts }),
  };
}

function contentOf(customerId: string, amount: bigint, part: PrivatePart, salt: Uint8Array): Content {
  return { customerId, delta: formatAmount(amount), ...part, salt: toHex(salt) };
}

/** What is shown of a content: without its salt, which only who verifies needs. */
export type ShownContent = PrivatePart & Pick<Content, "customerId">;

/** What is shown of a stored delta's content. @throws SealBrokenError as `openContent` */
export function openShown(delta: StoredDelta, key: KeyObject, customerId: string): ShownContent {
  return { customerId, ...openPart(delta, key) };
}

function openPart(delta: StoredDelta, key: KeyObject): PrivatePart {
  const plain = unseal(key, deltaPlace(delta.ledger.address, delta.sequence), delta.sealed);
  return JSON.parse(plain.toString("utf8")) as PrivatePart;
}

/**
 * The content of a stored delta, opened.
 *
 * @throws SealBrokenError when the sealed bytes are not what was stored for this delta.
 */
export function openContent(delta: StoredDelta, key: KeyObject, customerId: string): Content {
  return contentOf(customerId, delta.amount, openPart(delta, key), saltOf(key, delta.sequence));
}
