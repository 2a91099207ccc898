import type { ComparisonView, DisputeView } from "../../sdk/answers.ts";
import type { ChainView } from "../../sdk/chain-answers.ts";
import type { LocalComparison } from "../../sdk/local-comparison.ts";
import type { CompareEntry, CompareInput } from "../../sdk/requests.ts";
import type { Tallyroot } from "../../sdk/tallyroot.ts";
import { choiceText, type WindowChoice, windowInput } from "../checkpoints/windows.ts";
import { type ListReader, ListRefused } from "./list-reader.ts";
import type { ReadTable } from "./messages.ts";

export type PartyName = "yours" | "theirs";

/** What a party has: a list, or a balance alone. */
export type View = { kind: "list"; reader: ListReader; table: ReadTable } | { kind: "balance"; balance: string };

export type Question = {
  customerId: string;
  window: WindowChoice;
  /** What balances of a window are counted from: the ledger's first delta, or the window's. */
  countedFrom: "ledger" | "window";
  views: Readonly<Partial<Record<PartyName, View>>>;
};

/** What every report says of where it comes from. `place` is the server's word. */
type Source = { question: Question; scopeText: string; comparedAt: string; place: ChainView };

/** Every disagreement, as the server found it. `listed` may be fewer than there are: `comparison.disputedCount` has them all. */
export type WholeOutcome = Source & { kind: "whole"; comparison: ComparisonView; listed: DisputeView[] };

/** The first disagreement of each long list, found by bisection. */
export type LongOutcome = Source & {
  kind: "long";
  ledgerIdentifier: string;
  computedBalanceExact: string;
  found: Partial<Record<PartyName, LocalComparison>>;
};

export type Outcome = WholeOutcome | LongOutcome;

/** Entries of one request (wire/fields.ts: comparedEntries), of both parties together. */
const SENT_AT_MOST = 100_000;
/** Disputes of one answer, and of all answers: each further one sends the lists again. */
const DISPUTES_PER_ANSWER = 1000;
const DISPUTES_AT_MOST = 10_000;
/** Milliseconds: a hundred thousand entries are sent and compared in some seconds. */
const PATIENCE = { timeoutMs: 60_000, totalMs: 60_000 };

/** Compares with the record. @throws ListRefused, and what asking the server throws */
export async function compareWithRecord(pac: Tallyroot, question: Question): Promise<Outcome> {
  const place = await pac.chain.place();
  const source = {
    question,
    scopeText: choiceText(question.window),
    comparedAt: new Date().toISOString(),
    place,
  };
  return entriesIn(question) > SENT_AT_MOST ? compareLong(pac, source) : compareWhole(pac, source);
}

function entriesIn({ views }: Question): number {
  return Object.values(views).reduce((sum, view) => sum + (view.kind === "list" ? view.table.count : 0), 0);
}

async function compareWhole(pac: Tallyroot, source: Source): Promise<WholeOutcome> {
  const { customerId, window, countedFrom, views } = source.question;
  const opening = await openingOf(pac, customerId, window);
  const entries = (view: View | undefined) =>
    view?.kind === "list" ? entriesOf(view.table, opening.before) : undefined;
  const balance = (view: View | undefined) => (view?.kind === "balance" ? view.balance : undefined);
  const asked: CompareInput = {
    customerId,
    ...windowInput(window),
    startingBalance: countedFrom === "ledger" ? opening.balance : "0",
    yours: entries(views.yours),
    theirs: entries(views.theirs),
    yourBalance: balance(views.yours),
    theirBalance: balance(views.theirs),
    confirmedLimit: 0,
    disputedLimit: DISPUTES_PER_ANSWER,
  };
  const comparison = await pac.balance.compare(asked, PATIENCE);
  const listed = [...comparison.disputed];
  while (listed.length < Math.min(comparison.disputedCount, DISPUTES_AT_MOST)) {
    const more = await pac.balance.compare({ ...asked, disputedOffset: listed.length }, PATIENCE);
    // Something was recorded meanwhile: what is listed stays with its sum, and the rest is told as a rest.
    if (!isSameOutcome(comparison, more) || more.disputed.length === 0) break;
    listed.push(...more.disputed);
  }
  return { ...source, kind: "whole", comparison, listed };
}

function isSameOutcome(a: ComparisonView, b: ComparisonView): boolean {
  return (
    a.disputedCount === b.disputedCount &&
    a.computedBalanceExact === b.computedBalanceExact &&
    a.yourDiscrepancyExact === b.yourDiscrepancyExact &&
    a.theirDiscrepancyExact === b.theirDiscrepancyExact
  );
}

/** How many deltas there are before a window, and the balance that they leave. */
async function openingOf(
  pac: Tallyroot,
  customerId: string,
  window: WindowChoice,
): Promise<{ before: number; balance: string }> {
  if (window.kind === "all") return { before: 0, balance: "0" };
  const firstDay = window.kind === "month" ? `${window.period}-01` : window.startDate;
  const before = await pac.balance.derive(customerId, { at: `${firstDay}T00:00:00.000Z`, limit: 1 });
  return { before: before.deltasCount, balance: before.computedBalanceExact };
}

/** Rows that name no delta are the window's in its order. */
function entriesOf({ entries, named }: ReadTable, before: number): readonly CompareEntry[] {
  if (entries === null) throw new Error("a list that is not here cannot be sent");
  return named || before === 0 ? entries : entries.map((entry, i) => ({ ...entry, sequence: before + i + 1 }));
}

async function compareLong(pac: Tallyroot, source: Source): Promise<LongOutcome> {
  const { customerId, window, views } = source.question;
  if (window.kind !== "all")
    throw new ListRefused(
      `Lists of more than ${SENT_AT_MOST.toLocaleString("en")} rows together are compared with the whole history: choose all time, or lists of the period alone.`,
    );
  const record = await pac.balance.derive(customerId, { limit: 1 });
  const found: LongOutcome["found"] = {};
  for (const party of ["yours", "theirs"] as const) {
    const view = views[party];
    if (view?.kind === "balance")
      throw new ListRefused("Beside a list of this length a balance alone is not compared: remove it, or give a list.");
    if (view) found[party] = await view.reader.compare(pac, customerId);
  }
  const { ledgerIdentifier, computedBalanceExact } = record;
  return { ...source, kind: "long", ledgerIdentifier, computedBalanceExact, found };
}
