import type { DeltaView } from "../../sdk/answers.ts";
import type { DeriveInput } from "../../sdk/requests.ts";
import type { Tallyroot } from "../../sdk/tallyroot.ts";

/** Deltas of one page: the most that the API gives. */
const PAGE = 1000;

type Walk = {
  pac: Pick<Tallyroot, "balance">;
  customerId: string;
  scope: DeriveInput;
  signal: AbortSignal;
  /** Called with each page, oldest first; `total` is how many there were when the walk began. */
  onPage: (deltas: readonly DeltaView[], progress: { done: number; total: number }) => void;
};

/**
 * Goes through all deltas of a scope, oldest first. What is recorded meanwhile is left out: the walk ends at what was the last delta
 * when it began.
 *
 * @returns how many there were.
 * @throws TallyrootApiError, TallyrootConnectionError; the signal's reason when it is stopped.
 */
export async function walkDeltas({ pac, customerId, scope, signal, onPage }: Walk): Promise<number> {
  let cursor: string | undefined;
  let total: number | undefined;
  for (let done = 0; ; ) {
    const asked = { ...scope, limit: PAGE, ...(cursor !== undefined && { cursor }) };
    const { deltas, pagination } = await pac.balance.derive(customerId, asked, { signal });
    total ??= pagination.total;
    const taken = deltas.slice(0, total - done);
    done += taken.length;
    onPage(taken, { done, total });
    if (done >= total || pagination.nextCursor === null) return done;
    cursor = pagination.nextCursor;
  }
}
