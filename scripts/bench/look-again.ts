import { type Baseline, type Compared, complaints } from "./baseline.ts";
import type { Measured } from "./report.ts";

/** How often a figure is measured that seems to be worse: a machine that others use too gives a bad value now and then, not each time. */
const LOOKS = 3;

/**
 * What is worse than the baseline each time that it is measured, as sentences of the last time.
 *
 * @param selected the figures that were to be measured.
 * @param again measures some of them once more.
 */
export async function lastingComplaints(
  baseline: Baseline,
  run: Compared,
  selected: readonly string[],
  again: (figures: readonly string[]) => Promise<Measured[]>,
): Promise<string[]> {
  let worse = complaints(baseline, run, selected);
  for (let look = 2; look <= LOOKS; look++) {
    const named = selected.filter((figure) => worse.some((complaint) => complaint.startsWith(`${figure}.`)));
    if (named.length === 0) break;
    const before = worse.map(rowOf);
    const now = complaints(baseline, { ...run, figures: await again(named) }, named);
    worse = now.filter((complaint) => before.includes(rowOf(complaint)));
  }
  return worse;
}

/** A complaint begins with the figure and row that it is about. */
function rowOf(complaint: string): string {
  return complaint.split(" ", 1)[0]!;
}
