import { formatAmount } from "../../core/amount.ts";
import { toHex } from "../../core/bytes.ts";
import type { Divergence } from "../../core/compare.ts";
import type { Dispute, Party } from "../../core/dispute.ts";
import { recordIdOf } from "../../core/record-id.ts";
import { type Claim, type Compared, deltasAt, MAX_COMPARED_DELTAS, type Outcome } from "../../ledger/compare.ts";
import type { Contents } from "../../ledger/contents.ts";
import { openPause } from "../../ledger/in-steps.ts";
import type { NamedEntry } from "../../ledger/name-deltas.ts";
import type { LedgerStore, StoredDelta } from "../../ledger/ports/ledgers.ts";
import type { Scope } from "../../ledger/scope.ts";
import type { ComparisonView, DisputeView } from "../../wire/compare.ts";
import { isoText } from "../../wire/fields.ts";
import { exactNumber } from "../../wire/json.ts";

type Page = { offset: number; limit: number };
type Parts = { store: LedgerStore; contents: Contents };

/** The pages of both lists, and the divergence, with the names of the deltas that they are about. */
export async function viewLists(
  parts: Parts,
  scope: Scope,
  compared: Compared,
  { claims, confirmed, disputed }: { claims: readonly Claim[]; confirmed: Page; disputed: Page },
): Promise<Pick<ComparisonView, "confirmed" | "disputed" | "divergence">> {
  const sequences = compared.confirmedPage(confirmed.offset, confirmed.limit);
  const disputes = compared.disputed.slice(disputed.offset, disputed.offset + disputed.limit);
  const { divergence } = compared;
  const deltas = await deltasAt(parts.store, scope.ledger, [
    ...sequences,
    ...disputes.map(({ position }) => position),
    ...(divergence ? [divergence.sequence] : []),
  ]);
  const references = await referencesOf(parts.contents, deltas.values());
  const sent = new Map(claims.map(({ party, entries }) => [party, entries ?? []]));
  return {
    confirmed: sequences.map((sequence) => viewConfirmed(scope, deltas.get(sequence)!, references)),
    disputed: disputes.map((dispute) => viewDispute(dispute, deltas.get(dispute.position), references, sent)),
    divergence: divergence && viewDivergence(divergence, deltas.get(divergence.sequence)),
  };
}

/** What the deltas of a page are called outside: sealed, so each is opened. */
async function referencesOf(contents: Contents, deltas: Iterable<StoredDelta>): Promise<Map<number, string | null>> {
  const pause = openPause();
  const references = new Map<number, string | null>();
  for (const delta of deltas) {
    references.set(delta.sequence, (await contents.contentOf(delta))?.referenceId ?? null);
    await pause();
  }
  return references;
}

function viewConfirmed(
  { startingBalance, openingBalance }: Scope,
  delta: StoredDelta,
  references: Map<number, string | null>,
): ComparisonView["confirmed"][number] {
  const balance = delta.balance - openingBalance + startingBalance;
  return {
    sequence: delta.sequence,
    recordId: recordIdOf(delta.ledger.address, delta.sequence),
    receiptId: toHex(delta.fingerprint),
    referenceId: references.get(delta.sequence) ?? null,
    recordedAt: isoText(delta.recordedAt),
    delta: exactNumber(delta.amount),
    deltaExact: formatAmount(delta.amount),
    balance: exactNumber(balance),
    balanceExact: formatAmount(balance),
  };
}

function placeOf(sequence: number, delta: StoredDelta | undefined) {
  return {
    sequence,
    recordId: delta ? recordIdOf(delta.ledger.address, delta.sequence) : null,
    receiptId: delta ? toHex(delta.fingerprint) : null,
    recordedAt: delta ? isoText(delta.recordedAt) : null,
  };
}

function viewDispute(
  { kind, party, position, sequence, entry, amount }: Dispute,
  at: StoredDelta | undefined,
  references: Map<number, string | null>,
  sent: Map<Party, readonly NamedEntry[]>,
): DisputeView {
  // An identifier that is not on record has a place among the others, but no delta of its own.
  const delta = sequence === undefined ? undefined : at;
  const line = entry === undefined ? undefined : sent.get(party)?.[entry];
  return {
    ...placeOf(position, delta),
    referenceId: delta ? (references.get(delta.sequence) ?? null) : null,
    kind,
    party,
    amount: exactNumber(amount),
    amountExact: formatAmount(amount),
    recordedDelta: delta ? exactNumber(delta.amount) : null,
    recordedDeltaExact: delta ? formatAmount(delta.amount) : null,
    entry: line ? entry! : null,
    sent: line ? viewSent(line) : null,
  };
}

function viewSent({ delta, balance, ...name }: NamedEntry): NonNullable<DisputeView["sent"]> {
  const named = Object.fromEntries(Object.entries(name).filter(([, value]) => value !== undefined));
  return {
    ...named,
    ...(delta !== undefined && { delta: exactNumber(delta), deltaExact: formatAmount(delta) }),
    ...(balance !== undefined && { balance: exactNumber(balance), balanceExact: formatAmount(balance) }),
  };
}

function viewDivergence(
  { kind, party, sequence, amount, balanceBefore, balanceAfter }: Divergence,
  at: StoredDelta | undefined,
): NonNullable<ComparisonView["divergence"]> {
  return {
    ...placeOf(sequence, kind === "NOT_ON_RECORD" ? undefined : at),
    kind,
    party,
    amount: exactNumber(amount),
    amountExact: formatAmount(amount),
    balanceBefore: exactNumber(balanceBefore),
    balanceBeforeExact: formatAmount(balanceBefore),
    balanceAfter: exactNumber(balanceAfter),
    balanceAfterExact: formatAmount(balanceAfter),
  };
}

/** The outcome in words: what was found, and what could not be. */
export function messageOf(compared: Compared, scope: Scope): string {
  const { outcomes, disputed, divergence } = compared;
  if (outcomes.length === 0) return "no view was sent: this is the record's balance alone";
  const sentences = outcomes
    .filter(({ balanceAlone }) => balanceAlone)
    .map((outcome) => balanceSentence(compared, scope, outcome));
  if (divergence) {
    const where =
      divergence.kind === "NOT_ON_RECORD"
        ? `after sequence ${divergence.sequence}`
        : `at sequence ${divergence.sequence}`;
    sentences.push(`the first of ${disputed.length} disputes is ${divergence.kind} ${where}, in ${divergence.party}`);
  } else sentences.push("every view that was sent agrees with the record");
  const { from, to } = compared.searched;
  if (disputed.some(({ kind }) => kind === "NOT_ON_RECORD") && (from > 1 || to > scope.last))
    sentences.push(`references were looked for in deltas ${from} to ${to}`);
  return sentences.join("; ");
}

function balanceSentence(
  { searched, deltasCount }: Compared,
  { last }: Scope,
  { party, balance, stoodAt }: Outcome,
): string {
  const claimed = `${party}: ${formatAmount(balance)}`;
  if (stoodAt === last) return `${claimed} is the record's balance`;
  if (stoodAt !== undefined)
    return `${claimed} is where the record stood after sequence ${stoodAt}, so the ${last - stoodAt} deltas after it have not been seen`;
  const looked = last - searched.from + 1;
  if (looked < deltasCount)
    return `${claimed} is not where the record stood after any of its last ${MAX_COMPARED_DELTAS} deltas, and older ones were not looked at: narrow the scope, send entries, or find the point with POST /api/v1/balance/compare/heads`;
  return `${claimed} is not where the record ever stood in this scope, so a balance alone does not tell where it departs: send entries`;
}
