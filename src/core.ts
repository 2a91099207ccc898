/**
 * What an outside verifier needs: arithmetic over what it was given. It asks nobody, opens nothing, and runs wherever JavaScript does;
 * asking the chain (step 6) is `tallyroot/verify`, or your own client's work. FORMAT.md, beside the sources, defines every byte.
 *
 * @example
 * const { steps, anchors } = verifyFile(bytes, { fingerprint: fromHex(receiptId, 32) });
 * // every step passed or was skipped: now look for anchors[0].root at anchors[0].index of the log
 */

// biome-ignore-all lint/performance/noBarrelFile: an entry of the package; its importers have no other way to these

export { checksumAddress, ledgerAddress, namespaceOf } from "./core/address.ts";
export { formatAmount, parseAmount } from "./core/amount.ts";
export { fromHex, type Hex, toHex } from "./core/bytes.ts";
export type { Consistency } from "./core/consistency.ts";
export { type Content, canonicalContent, commitmentOf } from "./core/content.ts";
export {
  type Checkpoint,
  checkpointFingerprint,
  type Delta,
  deltaFingerprint,
  type Head,
  headFingerprint,
  leafOf,
} from "./core/fingerprint.ts";
export { keccak } from "./core/keccak.ts";
export { decodePolicy, type Policy, PolicyError, policyText } from "./core/policy.ts";
export { foldInclusion, verifyConsistency, verifyInclusion } from "./core/proof.ts";
export type { AnchorReference, CheckpointReceipt, DeltaReceipt, Receipt } from "./core/receipt.ts";
export { STEP_FAILURES, type StepFailure } from "./core/step-failures.ts";
export { JsonTextError, parseStrictJson } from "./core/strict-json.ts";
export { rootOfLeaves } from "./core/tree.ts";
export { type FileVerification, verifyFile } from "./core/verify-file.ts";
export { type Expected, STEPS, type Step, type StepName } from "./core/verify-receipt.ts";
