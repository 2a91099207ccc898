import { formatAmount, MAX_BALANCE, MAX_DELTA, MIN_BALANCE } from "../core/amount.ts";
import { concatBytes, sameBytes } from "../core/bytes.ts";
import { commitmentOf } from "../core/content.ts";
import { deltaFingerprint, leafOf } from "../core/fingerprint.ts";
import { appendLeaf, EMPTY_FRONTIER, type Frontier } from "../core/tree.ts";
import { openContent } from "../ledger/compose.ts";
import { SealBrokenError } from "../ledger/seal.ts";
import { exactAmount } from "./exact-amount.ts";
import type { FindingCode } from "./findings.ts";
import type { LedgerKeys } from "./keys.ts";
import type { DeltaRow, LedgerRow } from "./port.ts";

/** Where a ledger stands after some deltas, all of it derived from their rows. */
export type Reached = {
  /** Its count is the ledger's. */
  readonly frontier: Frontier;
  readonly balance: bigint;
  readonly recordedAt: number;
  /** The last delta's number of arrival, and the generation of its key. */
  readonly arrival: number;
  readonly generation: number;
};

export const NOTHING: Reached = { frontier: EMPTY_FRONTIER, balance: 0n, recordedAt: 0, arrival: 0, generation: 1 };

export type Problem = { code: FindingCode; problem: string };
export type Derived = { next: Reached; leaf: Uint8Array; fingerprint: Uint8Array };

/**
 * Derives one delta anew from its own fields and from where the ledger stood before it, and compares: nothing that is stored as a hash
 * or a sum is believed.
 *
 * @returns where the ledger stands after it, or the first thing that is wrong.
 */
export function deriveDelta(row: DeltaRow, ledger: LedgerRow, reached: Reached, keys: LedgerKeys): Derived | Problem {
  if (row.arrival !== undefined && row.arrival <= reached.arrival)
    return wrong("ORDER_WRONG", `it arrived as number ${row.arrival}, its predecessor as number ${reached.arrival}`);
  const amount = exactAmount(row.amount);
  if (amount === undefined || amount === 0n || amount > MAX_DELTA || amount < -MAX_DELTA)
    return wrong("AMOUNT_WRONG", `${JSON.stringify(row.amount)} is no amount of a delta`);
  const balance = reached.balance + amount;
  if (balance > MAX_BALANCE || balance < MIN_BALANCE || row.balance !== formatAmount(balance))
    return wrong("BALANCE_WRONG", `the balance is ${row.balance}, the deltas so far give ${formatAmount(balance)}`);
  if (row.recordedAt < reached.recordedAt)
    return wrong("TIME_DECREASES", `it was recorded at ${row.recordedAt}, its predecessor at ${reached.recordedAt}`);
  const unread = contentProblem(row, amount, ledger, reached, keys);
  if (unread) return unread;
  const fingerprint = deltaFingerprint({ ...row, ledger: ledger.address, amount, balance });
  if (!sameBytes(fingerprint, row.fingerprint))
    return wrong("FINGERPRINT_WRONG", "the fingerprint is not that of the fields");
  const leaf = leafOf(fingerprint);
  const { frontier, completed } = appendLeaf(reached.frontier, leaf);
  if (!sameBytes(completed.length === 0 ? row.nodes.subarray(0, 0) : concatBytes(...completed), row.nodes))
    return wrong("NODES_WRONG", "the tree nodes stored with it are not those that the deltas so far give");
  const undigested = digestProblem(row);
  if (undigested) return undigested;
  const { recordedAt, arrival = 0, generation } = row;
  return { next: { frontier, balance, recordedAt, arrival, generation }, leaf, fingerprint };
}

/** What is wrong with a row by its digest alone. */
export function digestProblem({ digest }: Pick<DeltaRow, "digest">): Problem | undefined {
  if (digest === "differs") return wrong("DIGEST_WRONG", "a column that nothing else binds was changed");
  if (digest === "missing") return wrong("DIGEST_WRONG", "its digest is gone");
  return undefined;
}

function contentProblem(
  row: DeltaRow,
  amount: bigint,
  ledger: LedgerRow,
  reached: Reached,
  keys: LedgerKeys,
): Problem | undefined {
  const key = keys.get(row.generation);
  if (key === undefined || row.generation < reached.generation)
    return wrong("KEY_WRONG", `its content is sealed with key ${row.generation}, which cannot be`);
  if (key === "broken" || key === "closed" || key === "erased") return undefined;
  const { sequence, recordedAt, commitment, fingerprint, nodes, generation, sealed, requestId } = row;
  const place = { id: ledger.id, tenantId: ledger.tenant, address: ledger.address, openedAt: ledger.openedAt };
  const fields = { sequence, amount, balance: 0n, recordedAt, commitment, fingerprint, nodes, generation };
  try {
    const content = openContent({ ledger: place, ...fields, sealed, requestId }, key.key, key.customerId);
    if (sameBytes(commitmentOf(content), commitment)) return undefined;
    return wrong("COMMITMENT_WRONG", "the commitment is not that of the content");
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    return wrong("SEAL_BROKEN", "the sealed content does not open");
  }
}

function wrong(code: FindingCode, problem: string): Problem {
  return { code, problem };
}
