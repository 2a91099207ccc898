import { formatAmount } from "../../src/core/amount.ts";
import type { Step } from "../../src/core/verify-receipt.ts";
import type { Divergence } from "./compare.ts";
import { isProven, type Tampered } from "./evidence.ts";

/** Everything that a run of the demo found out. */
export type Outcome = {
  server: "started" | "found";
  customers: number;
  deltas: number;
  recorded: number;
  replayed: number;
  verified: number;
  anchors: { total: number; new: number };
  agreed: number;
  divergences: readonly Divergence[];
  receipt: { file: string; steps: readonly Step[]; tampered: readonly Tampered[] };
  milliseconds: { record: number; verify: number; total: number };
};

/** What is not as it must be, as sentences; none when all is well. */
export function complaints({ deltas, verified, receipt }: Outcome): string[] {
  const { steps, tampered } = receipt;
  const failed = steps.find(({ outcome }) => outcome !== "passed");
  return [
    ...(verified === deltas ? [] : [`${deltas - verified} of ${deltas} deltas are not VERIFIED`]),
    ...(isProven(steps) ? [] : [`the receipt is not proven: ${failed?.name ?? "a step is missing"}`]),
    ...tampered
      .filter(({ expected, noticed }) => noticed !== expected)
      .map(
        ({ field, expected, noticed }) =>
          `a changed ${field} was noticed at ${noticed ?? "no step"}, not at ${expected}`,
      ),
  ];
}

/** The same for programs. Balances are decimal text, as everywhere in JSON. */
export function summaryJson(outcome: Outcome): string {
  const { divergences, ...rest } = outcome;
  const listed = divergences.map((one) => ({ ...one, ours: formatAmount(one.ours), theirs: formatAmount(one.theirs) }));
  const ok = complaints(outcome).length === 0;
  return JSON.stringify({ ok, ...rest, diverged: divergences.length, divergences: listed }, null, 2);
}
