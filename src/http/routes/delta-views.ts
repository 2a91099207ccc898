import type { Contents } from "../../ledger/contents.ts";
import { openPause } from "../../ledger/in-steps.ts";
import type { LedgerStore, StoredDelta } from "../../ledger/ports/ledgers.ts";
import { standings } from "../../ledger/status.ts";
import { type DeltaView, viewDelta } from "../../wire/delta.ts";

/**
 * A page of deltas with their statuses and contents. Opening a thousand contents takes a while: others are let in between.
 *
 * @param deltas of one ledger, one after the other.
 */
export async function viewDeltas(
  { store, contents }: { store: LedgerStore; contents: Contents },
  deltas: readonly StoredDelta[],
): Promise<DeltaView[]> {
  const [first, last] = [deltas[0], deltas.at(-1)];
  if (!first || !last) return [];
  const states = await standings(store, first.ledger, first.sequence, last.sequence);
  const pause = openPause();
  const views: DeltaView[] = [];
  for (const [i, delta] of deltas.entries()) {
    views.push(viewDelta(delta, states[i]!.status, await contents.contentOf(delta)));
    await pause();
  }
  return views;
}
