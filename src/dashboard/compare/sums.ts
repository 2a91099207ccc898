import { formatUnits, units } from "../../sdk/amounts.ts";
import type { ComparisonView, DisputeKind, DisputeView } from "../../sdk/answers.ts";
import type { PartyName } from "./comparing.ts";

export type KindSum = { kind: DisputeKind; count: number; amountExact: string };

export type PartySum = {
  party: PartyName;
  kinds: KindSum[];
  /** What is left for the disputes that are not listed, where there were too many; 0 where all are. */
  restExact: string;
  /** What all of it adds up to, and what the server says that the balances are apart. */
  sumExact: string;
  discrepancyExact: string;
};

/** One party's disputes by kind, in exact arithmetic; null for a party that said nothing. All of it has to add up to the discrepancy. */
export function sumsOf(party: PartyName, comparison: ComparisonView, listed: readonly DisputeView[]): PartySum | null {
  const discrepancyExact = party === "yours" ? comparison.yourDiscrepancyExact : comparison.theirDiscrepancyExact;
  if (discrepancyExact === null) return null;
  const byKind = new Map<DisputeKind, { count: number; amount: bigint }>();
  let sum = 0n;
  for (const dispute of listed) {
    if (dispute.party !== party) continue;
    const { count, amount } = byKind.get(dispute.kind) ?? { count: 0, amount: 0n };
    byKind.set(dispute.kind, { count: count + 1, amount: amount + units(dispute.amountExact) });
    sum += units(dispute.amountExact);
  }
  const rest = listed.length < comparison.disputedCount ? units(discrepancyExact) - sum : 0n;
  const kinds = [...byKind].map(([kind, { count, amount }]) => ({ kind, count, amountExact: formatUnits(amount) }));
  return { party, kinds, restExact: formatUnits(rest), sumExact: formatUnits(sum + rest), discrepancyExact };
}

/** What a party's balance is: the record's, and what it is apart. */
export function partyBalance(computedExact: string, discrepancyExact: string): string {
  return formatUnits(units(computedExact) + units(discrepancyExact));
}

/** One exact amount less another. */
export function difference(exact: string, lessExact: string): string {
  return formatUnits(units(exact) - units(lessExact));
}
