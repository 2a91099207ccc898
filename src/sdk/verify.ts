import type { Expected } from "../core/verify-receipt.ts";
import type { VerifierMaker } from "./checking.ts";
import { openVerifier } from "./verifying/answers-checked.ts";
import { receiptFile } from "./verifying/evidence.ts";
import { openKnownDeltas } from "./verifying/known-deltas.ts";
import {
  fingerprintBytes,
  openVerification,
  type ReceiptInput,
  receiptBytes,
  type Verdict,
  type VerifyOptions,
} from "./verifying/verify-receipt.ts";

/** One of a verdict's steps. */
export type { Step } from "../core/verify-receipt.ts";
// biome-ignore lint/performance/noBarrelFile: an entry of the package; its importers have no other way to these
export { ANSWER_FAILURES, type AnswerFailure } from "./verifying/answer-failures.ts";
export {
  isFingerprint,
  type PolicyInput,
  type ReceiptInput,
  type Verdict,
  type VerifyOptions,
} from "./verifying/verify-receipt.ts";

/** What the receipt must be about; without it, a genuine receipt of something else passes. */
export type VerifyReceiptOptions = VerifyOptions & {
  fingerprint?: string | undefined;
  ledger?: Uint8Array | undefined;
};

/**
 * Verifies a receipt in six steps, with nothing but the file, your policy and the chain.
 *
 * @throws PolicyError for a policy that is none; TallyrootConnectionError when an endpoint does not answer: then nothing is judged.
 * @see FORMAT.md, section "Verification"
 *
 * @example
 * const { verified, failure, detail } = await verifyReceipt(file, { policy, rpc: "http://127.0.0.1:8545" });
 */
export async function verifyReceipt(
  receipt: ReceiptInput,
  { fingerprint, ledger, ...options }: VerifyReceiptOptions,
): Promise<Verdict> {
  const expected: Expected = {
    ...(fingerprint !== undefined && { fingerprint: fingerprintBytes(fingerprint) }),
    ...(ledger && { ledger }),
  };
  return openVerification(options).verify(receiptBytes(receipt), expected);
}

/**
 * The verifier of a client that trusts nothing: `new Tallyroot({ …, trustNothing: verifying({ policy, rpc }) })`.
 *
 * Each answer is held against what can be shown: fingerprints and sums are computed again, ledgers where the policy pins the namespace,
 * what is said to be VERIFIED by its receipt in six steps, and everything against what this client was told before. That costs requests:
 * one for each receipt, and a few for the deltas around a scope. Answers about keys, webhooks, limits and use are no evidence of anything,
 * and pass.
 *
 * @throws TypeError without an endpoint of the chain, which is what nothing is trusted against.
 */
export function verifying(options: VerifyOptions): VerifierMaker {
  const verification = openVerification(options);
  const endpoints = options.rpc === undefined ? verification.policy.rpc : [options.rpc].flat();
  if (endpoints.length === 0) throw new TypeError("trusting nothing needs an endpoint of the chain: give rpc");
  return (transport) =>
    openVerifier({ transport, verification, known: openKnownDeltas(verification.policy.namespace) });
}

/** The receipt file of a fingerprint, fetched with a client's transport. */
export const fetchReceipt = receiptFile;
