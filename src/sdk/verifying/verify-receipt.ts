import { fromHex, toHex, utf8 } from "../../core/bytes.ts";
import { ChainUnavailableError } from "../../core/errors.ts";
import { decodePolicy, type Policy } from "../../core/policy.ts";
import type { AnchorReference, Receipt } from "../../core/receipt.ts";
import type { StepFailure } from "../../core/step-failures.ts";
import { verifyFile } from "../../core/verify-file.ts";
import type { Expected, Step } from "../../core/verify-receipt.ts";
import { openWitness } from "../../witness/witness.ts";
import { TallyrootConnectionError } from "../errors.ts";
import type { ReceiptFile } from "../receipt-file.ts";

/** A policy file: its text, its bytes or its JSON value. */
export type PolicyInput = string | Uint8Array | object;

export type VerifyOptions = {
  /** What you know by another way than the server: contract, code, chain, log. `tallyroot policy` writes one. */
  policy: PolicyInput;
  /** JSON-RPC URLs of the chain, which must all agree; the policy's own unless given. */
  rpc?: string | readonly string[] | undefined;
  fetch?: typeof fetch | undefined;
};

/** What a receipt was found to be. */
export type Verdict = {
  /** All six steps passed, or had nothing to check; the contract was asked, and agrees. */
  verified: boolean;
  /** The first step that failed, with its name and reason. Null also where the contract was not asked. */
  step: number | null;
  failure: StepFailure | null;
  detail: string;
  /** What came of each step, in order: all six, or up to the first that failed. */
  steps: readonly Step[];
  kind: "delta" | "checkpoint" | "consistency" | null;
  receiptId: string | null;
  /** What the file says, decoded. Believe it only when `verified`. */
  receipt?: Receipt;
};

/** Step 6 over the anchors that a file names. @throws TallyrootConnectionError naming each endpoint that did not answer */
export type Witness = (anchors: readonly AnchorReference[]) => Promise<Step>;

/** Verification with its policy read and its endpoints opened. */
export type Verification = {
  policy: Policy;
  /** Step 6 alone. */
  witness: Witness;
  verify(file: Uint8Array, expected?: Expected, witness?: Witness): Promise<Verdict>;
};

/** @throws PolicyError; RangeError for too many endpoints; TypeError for what is no URL. */
export function openVerification({ policy: given, rpc, fetch }: VerifyOptions): Verification {
  const policy = decodePolicy(policyValue(given));
  const urls = rpc === undefined ? policy.rpc : typeof rpc === "string" ? [rpc] : rpc;
  const ownWitness = witnessOf(policy, urls, fetch);
  const { namespace } = policy;
  return {
    policy,
    witness: ownWitness,
    async verify(file, expected = {}, witness = ownWitness) {
      const { kind, receiptId, steps, anchors, receipt } = verifyFile(file, {
        ...(namespace && { namespace }),
        ...expected,
      });
      const all = anchors.length > 0 ? [...steps, await witness(anchors)] : steps;
      const last = all.at(-1)!;
      const failed = last.outcome === "failed" ? last : undefined;
      return {
        verified: last.step === 6 && last.outcome === "passed",
        step: failed?.step ?? null,
        failure: failed?.failure ?? null,
        detail: last.detail,
        steps: all,
        kind,
        receiptId: receiptId && toHex(receiptId),
        ...(receipt && { receipt }),
      };
    },
  };
}

/** The witness as the client has it: who does not answer is told by the client's own error, whoever it is. */
function witnessOf(policy: Policy, endpoints: readonly string[], fetch: VerifyOptions["fetch"]): Witness {
  const { checkAll } = openWitness({ endpoints, pins: policy, confirmations: policy.confirmations, fetch });
  return async (anchors) => {
    try {
      return await checkAll(anchors);
    } catch (error) {
      if (!(error instanceof ChainUnavailableError)) throw error;
      throw new TallyrootConnectionError(error.message, { cause: error });
    }
  };
}

function policyValue(given: PolicyInput): unknown {
  if (given instanceof Uint8Array) return JSON.parse(new TextDecoder().decode(given));
  return typeof given === "string" ? JSON.parse(given) : given;
}

/** What a receipt may be given as: the file's bytes, its text, or its JSON. */
export type ReceiptInput = Uint8Array | string | ReceiptFile;

/** The bytes of a receipt. Give bytes where you have them: JSON that was parsed no longer shows a name that stood there twice. */
export function receiptBytes(receipt: ReceiptInput): Uint8Array {
  if (receipt instanceof Uint8Array) return receipt;
  return utf8(typeof receipt === "string" ? receipt : JSON.stringify(receipt));
}

/** Whether a text is a receiptId or a proofRoot, and not a file. */
export function isFingerprint(text: unknown): text is string {
  return typeof text === "string" && /^0x[0-9a-f]{64}$/.test(text);
}

export const fingerprintBytes = (text: string) => fromHex(text, 32);
