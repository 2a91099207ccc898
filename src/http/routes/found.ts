import { fromHex } from "../../core/bytes.ts";
import { TallyrootError } from "../../core/errors.ts";
import type { StoredCheckpoint } from "../../ledger/ports/checkpoints.ts";
import type { StoredDelta } from "../../ledger/ports/ledgers.ts";
import type { NotYet } from "../../ledger/receipts.ts";
import type { Service } from "../route.ts";

/** What a fingerprint is of: a receiptId is a delta's, a proofRoot a checkpoint's. */
export type Found = { kind: "delta"; delta: StoredDelta } | { kind: "checkpoint"; checkpoint: StoredCheckpoint };

/** @param facts what else the caller is to know, such as which parameter it was. */
export function unknownFingerprint(facts: Record<string, string> = {}): TallyrootError {
  return new TallyrootError("NOT_FOUND", "this fingerprint is of nothing that was recorded here", {
    verified: false,
    ...facts,
  });
}

/** @throws TallyrootError NOT_FOUND: also for tree nodes and anchored roots, which are no fingerprints. */
export async function findFingerprint(
  { store }: Pick<Service, "store">,
  text: string,
  facts: Record<string, string> = {},
): Promise<Found> {
  const fingerprint = fromHex(text, 32);
  const delta = await store.deltaByFingerprint(fingerprint);
  if (delta) return { kind: "delta", delta };
  const checkpoint = await store.checkpointByFingerprint(fingerprint);
  if (checkpoint) return { kind: "checkpoint", checkpoint };
  throw unknownFingerprint(facts);
}

export function finalOrThrow<T extends object>(receipt: T | NotYet): T {
  if ("notYet" in receipt) {
    throw new TallyrootError("NOT_FOUND", `it is ${receipt.notYet}: its receipt exists once it is VERIFIED`, {
      status: receipt.notYet,
    });
  }
  return receipt;
}
