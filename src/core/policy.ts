import { sameBytes, toHex } from "./bytes.ts";
import type { AnchorReference } from "./receipt.ts";
import { ADDRESS, constant, HASH, integer, listOf, matching, objectAt, objectOf, ShapeError, UINT64 } from "./shape.ts";
import type { StepFailure } from "./step-failures.ts";

export const POLICY_FORMAT = "tallyroot-policy/1";
/** More confirmations than anybody waits for: 1,000,000 blocks. */
export const MAX_CONFIRMATIONS = 1_000_000;
/** More endpoints than anybody asks. */
export const MAX_ENDPOINTS = 8;

/**
 * What a verifier pins for itself: which contract, with which code, on which chain, and which log of it. A receipt names its own, and
 * is not to be taken at its word.
 */
export type Policy = {
  chainId: bigint;
  contract: Uint8Array;
  /** keccak-256 of the contract's runtime code. */
  codeHash: Uint8Array;
  log: Uint8Array;
  /** How many blocks the anchor's block and its successors must be, 1 to 1,000,000; 1 is the block itself. */
  confirmations: number;
  /** Endpoints to ask, all of which must agree; none to be told them otherwise. */
  rpc: string[];
  /** The tenant whose customers' receipts are expected. */
  namespace?: Uint8Array;
};

/** A policy file of another shape than FORMAT.md gives it; `path` is the member. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";
  readonly path: string;

  constructor(path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

type PolicyFile = Omit<Policy, "confirmations" | "rpc"> & {
  format: typeof POLICY_FORMAT;
  confirmations: bigint;
  rpc?: string[];
};

export const POLICY = objectOf<PolicyFile>(
  {
    format: constant(POLICY_FORMAT),
    chainId: UINT64,
    contract: ADDRESS,
    codeHash: HASH,
    log: HASH,
    confirmations: integer(1n, BigInt(MAX_CONFIRMATIONS)),
    rpc: listOf(matching(/^https?:\/\/[!-~]{1,2040}$/, "must be an http or https URL"), MAX_ENDPOINTS, 1),
    namespace: ADDRESS,
  },
  { optional: ["rpc", "namespace"] },
);

/**
 * Reads the JSON value of a policy file.
 *
 * @throws PolicyError naming the first member that is not as it must be.
 * @see FORMAT.md, section "Policy"
 */
export function decodePolicy(value: unknown): Policy {
  try {
    const { format: _, confirmations, rpc = [], ...pins } = POLICY.decode("", objectAt("policy", value));
    return { ...pins, confirmations: Number(confirmations), rpc };
  } catch (error) {
    if (error instanceof ShapeError) throw new PolicyError(error.path, error.message, { cause: error });
    throw error;
  }
}

/** The bytes of a policy's file, as text. */
export function policyText({ confirmations, rpc, ...pins }: Policy): string {
  const file = POLICY.encode({
    format: POLICY_FORMAT,
    ...pins,
    confirmations: BigInt(confirmations),
    ...(rpc.length > 0 && { rpc }),
  });
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** What of a policy can be held against an anchor without asking anybody. */
export type Pins = {
  chainId?: bigint | undefined;
  contract?: Uint8Array | undefined;
  log?: Uint8Array | undefined;
};

/** The first pin that an anchor contradicts: the checks of step 6 that need no endpoint. Undefined when there is none. */
export function pinFailure(
  { chainId, contract, log }: Pins,
  anchor: AnchorReference,
): { failure: StepFailure; detail: string } | undefined {
  if (chainId !== undefined && anchor.chainId !== chainId)
    return { failure: "CHAIN_MISMATCH", detail: `the file names chain ${anchor.chainId}, the policy chain ${chainId}` };
  if (contract !== undefined && !sameBytes(anchor.contract, contract)) {
    const [named, pinned] = [ADDRESS.encode(anchor.contract), ADDRESS.encode(contract)];
    return { failure: "CONTRACT_NOT_EXPECTED", detail: `the file names contract ${named}, the policy ${pinned}` };
  }
  if (log !== undefined && !sameBytes(anchor.log, log)) {
    const [named, pinned] = [toHex(anchor.log), toHex(log)];
    return { failure: "LOG_NOT_EXPECTED", detail: `the file names log ${named}, the policy ${pinned}` };
  }
  return undefined;
}
