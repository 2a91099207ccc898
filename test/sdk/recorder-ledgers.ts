import { type Members, read, type Target } from "#test/http/call.ts";

/** One line of a ledger as the server shows it. */
export type Line = { sequence: number; deltaExact: string; referenceId: string | null };

/** All of a customer's deltas, in the order of their sequences. */
export async function ledgerOf(target: Target, customerId: string): Promise<Line[]> {
  const lines: Line[] = [];
  for (let more = true; more; ) {
    const page: Members = await read(target, `/balance/derive/${customerId}?limit=1000&offset=${lines.length}`);
    for (const { sequence, deltaExact, referenceId } of page.deltas as Line[])
      lines.push({ sequence, deltaExact, referenceId });
    more = lines.length < page.deltasCount;
  }
  return lines;
}

/** The amounts of a customer's deltas, in the order of their sequences. */
export async function amountsOf(target: Target, customerId: string): Promise<string[]> {
  return (await ledgerOf(target, customerId)).map(({ deltaExact }) => deltaExact);
}

/** "1", "2", "3" … */
export function countingTo(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i + 1));
}
