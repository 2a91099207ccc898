import { searchDivergence } from "../core/bisect.ts";
import { type AmountInput, formatUnits, units } from "./amounts.ts";
import type { ComparedHeadsView, DeltaDetail } from "./answers.ts";
import { growTree } from "./local-tree.ts";
import type { HeadInput } from "./requests.ts";

/** One line of a list of your own, in the order of the ledger: what you have for its first delta, its second, and so on. */
export type LocalEntry = {
  delta?: AmountInput | undefined;
  /** The ledger's balance after it; without it, the sum of the deltas so far. */
  balance?: AmountInput | undefined;
  receiptId?: string | undefined;
};

export type LocalInput = {
  customerId: string;
  /** Every entry with a receiptId: compared by tree roots, which find every difference. Otherwise by balances. */
  local: readonly LocalEntry[];
};

/** `MISSING`: the record has it and you do not. `EXTRA`: you have more than is on record. */
export type LocalDivergenceKind = "MISSING" | "EXTRA" | "DIFFERENT_AMOUNT" | "DIFFERENT_RECEIPT";

export type LocalComparison = {
  customerId: string;
  /** What was compared. Two differences that cancel out are not seen by balances. */
  by: "receiptId" | "balance";
  agrees: boolean;
  localCount: number;
  deltasCount: number;
  /** The first difference: both agree on everything before it. */
  divergence: {
    sequence: number;
    kind: LocalDivergenceKind;
    local: { delta: string; balance: string; receiptId?: string } | { receiptId: string } | null;
    recorded: DeltaDetail | null;
  } | null;
  /** Requests that it took. */
  requests: number;
};

type Record = {
  heads(heads: readonly HeadInput[]): Promise<ComparedHeadsView>;
  delta(recordId: string): Promise<DeltaDetail>;
};

/** Questions of one request: a million entries take nine requests of a few kilobytes. */
const PER_ROUND = 9;

/**
 * Finds the first entry of a list that is otherwise on record, by asking for balances or tree roots at a few sequences. Nothing of the
 * list is sent but these.
 *
 * @throws RangeError for an entry that has neither an amount, a balance nor a receiptId, or only some receiptIds.
 */
export async function compareLocally({ customerId, local }: LocalInput, record: Record): Promise<LocalComparison> {
  const view = viewOf(local);
  let requests = 0;
  const ask = (sequences: readonly number[]) => {
    requests += 1;
    return record.heads(sequences.map((sequence) => (sequence > local.length ? { sequence } : view.head(sequence))));
  };
  const { deltasCount, ledgerIdentifier } = await ask([Math.max(1, local.length)]);
  const both = Math.min(local.length, deltasCount);
  const search = searchDivergence(both, PER_ROUND);
  let round = search.next();
  while (!round.done) {
    const { heads } = await ask(round.value);
    round = search.next(heads.map(({ agrees }) => agrees));
  }
  const sequence = round.value ?? (local.length === deltasCount ? undefined : both + 1);
  const found = { customerId, by: view.by, localCount: local.length, deltasCount };
  if (sequence === undefined) return { ...found, agrees: true, divergence: null, requests };
  const own = sequence <= local.length ? view.entry(sequence) : null;
  const recorded = sequence <= deltasCount ? await record.delta(recordIdOf(ledgerIdentifier, sequence)) : null;
  if (recorded) requests += 1;
  return {
    ...found,
    agrees: false,
    divergence: { sequence, kind: kindOf(own, recorded), local: own, recorded },
    requests,
  };
}

type Own = NonNullable<LocalComparison["divergence"]>["local"];

function kindOf(own: Own, recorded: DeltaDetail | null): LocalDivergenceKind {
  if (!own) return "MISSING";
  if (!recorded) return "EXTRA";
  return "delta" in own && own.delta !== recorded.deltaExact ? "DIFFERENT_AMOUNT" : "DIFFERENT_RECEIPT";
}

const recordIdOf = (ledger: string, sequence: number) => `rec_${ledger.slice(2).toLowerCase()}_${sequence}`;

type View = { by: LocalComparison["by"]; head(sequence: number): HeadInput; entry(sequence: number): Own };

function viewOf(local: readonly LocalEntry[]): View {
  const withReceipt = local.filter(({ receiptId }) => receiptId !== undefined).length;
  if (withReceipt > 0 && withReceipt < local.length)
    throw new RangeError("either every entry has a receiptId, or none");
  const withAmount = local.every(({ delta, balance }) => delta !== undefined || balance !== undefined);
  if (withReceipt === 0 && !withAmount) throw new RangeError("an entry needs a delta, a balance or a receiptId");
  const balances = withAmount ? balancesOf(local) : undefined;
  const amounts = (sequence: number) => {
    const [before, after] = [sequence === 1 ? 0n : balances![sequence - 2]!, balances![sequence - 1]!];
    return { delta: formatUnits(after - before), balance: formatUnits(after) };
  };
  if (withReceipt === 0)
    return { by: "balance", head: (sequence) => ({ sequence, balance: balances![sequence - 1]! }), entry: amounts };
  const tree = growTree(local.map(({ receiptId }) => receiptId!));
  return {
    by: "receiptId",
    head: (sequence) => ({ sequence, root: tree.rootAt(sequence) }),
    entry: (sequence) => ({ ...(balances && amounts(sequence)), receiptId: local[sequence - 1]!.receiptId! }),
  };
}

function balancesOf(local: readonly LocalEntry[]): bigint[] {
  let balance = 0n;
  return local.map((entry) => {
    balance = entry.balance === undefined ? balance + units(entry.delta!) : units(entry.balance);
    return balance;
  });
}
