import type { ShownContent } from "../../ledger/compose.ts";
import type { Contents } from "../../ledger/contents.ts";
import { openPause } from "../../ledger/in-steps.ts";
import type { LedgerStore, StoredDelta } from "../../ledger/ports/ledgers.ts";
import { standings } from "../../ledger/status.ts";
import { type DeltaView, deltaText, viewDelta } from "../../wire/delta.ts";

type Parts = { store: LedgerStore; contents: Contents };

/**
 * A page of deltas with their statuses and contents. Opening a thousand contents takes a while: others are let in between.
 *
 * @param deltas of one ledger, one after the other.
 */
export function viewDeltas(parts: Parts, deltas: readonly StoredDelta[]): Promise<DeltaView[]> {
  return eachShown(parts, deltas, viewDelta);
}

/** The JSON texts of the same. */
export function deltaTexts(parts: Parts, deltas: readonly StoredDelta[]): Promise<string[]> {
  return eachShown(parts, deltas, deltaText);
}

async function eachShown<T>(
  { store, contents }: Parts,
  deltas: readonly StoredDelta[],
  show: (delta: StoredDelta, status: DeltaView["status"], content: ShownContent | undefined) => T,
): Promise<T[]> {
  const [first, last] = [deltas[0], deltas.at(-1)];
  if (!first || !last) return [];
  const states = await standings(store, first.ledger, first.sequence, last.sequence);
  const pause = openPause();
  const shown: T[] = [];
  for (const [i, delta] of deltas.entries()) {
    shown.push(show(delta, states[i]!.status, await contents.shownOf(delta)));
    await pause();
  }
  return shown;
}
