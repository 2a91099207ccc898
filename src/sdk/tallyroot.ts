import { openApi } from "./api.ts";
import { type Balance, balanceCalls } from "./balance.ts";
import { type ChainCalls, chainCalls } from "./chain.ts";
import type { Verifier, VerifierMaker } from "./checking.ts";
import { newKeyFrom, randomSource } from "./idempotency-key.ts";
import { type Keys, keyCalls } from "./keys.ts";
import type { BeginCheck } from "./recorder/deliver.ts";
import { openRecorder, type Recorder, type RecorderOptions } from "./recorder.ts";
import { type CallOptions, openTransport, type TransportSettings } from "./transport.ts";
import type { PolicyInput, ReceiptInput, Verdict } from "./verifying/verify-receipt.ts";
import { type WebhookEndpoints, webhookEndpointCalls } from "./webhook-endpoints.ts";
import { verifyWebhook } from "./webhooks.ts";

// What an importer of the package needs beside the class: amounts, errors, and the types of what calls take and answer.
// biome-ignore lint/performance/noBarrelFile: an entry of the package; its importers have no other way to these
export { type AmountInput, formatUnits, units } from "./amounts.ts";
export type {
  Activity,
  BatchAnswer,
  BulkResult,
  CheckpointBatchView,
  CheckpointView,
  ComparedHead,
  ComparedHeadsView,
  ComparisonView,
  ConfirmedDelta,
  CustomerDetail,
  CustomerView,
  DeltaDetail,
  DeltaStatus,
  DeltaView,
  DerivationView,
  DisputeView,
  DivergenceView,
  InvoiceLine,
  InvoiceView,
} from "./answers.ts";
export type { BatchOptions } from "./batch.ts";
export type { AnchorsView, AnchorView, ChainView, ReadinessView } from "./chain-answers.ts";
export {
  TallyrootApiError,
  TallyrootBatchError,
  TallyrootConnectionError,
  TallyrootTimeoutError,
  TallyrootVerificationError,
} from "./errors.ts";
export type { Listing } from "./lists.ts";
export type { LocalComparison, LocalEntry, LocalInput } from "./local-comparison.ts";
export type {
  CurrentKeyView,
  DeliveryView,
  EndpointView,
  ErasureView,
  EventName,
  GapsView,
  GivenEndpointView,
  GivenKeyView,
  KeyScope,
  KeyView,
  LimitsView,
  SummaryView,
  UsageView,
  WebhookEvent,
} from "./operating-answers.ts";
export type { ReceiptFile } from "./receipt-file.ts";
export type {
  BatchDelta,
  CheckpointInput,
  CompareEntry,
  CompareInput,
  DeltaInput,
  DeriveInput,
  EndpointInput,
  KeyInput,
  WindowInput,
} from "./requests.ts";
export type { CallOptions } from "./transport.ts";
export type { VerificationView } from "./verification-answers.ts";
export type { WaitOptions } from "./waiting.ts";
export { SIGNATURE_FAILURES, type SignatureFailure, verifyWebhook } from "./webhooks.ts";

export type TallyrootOptions = Omit<TransportSettings, "crypto"> & {
  /** What verification holds receipts against; needed by `verifyReceipt` and `trustNothing: true`. */
  policy?: PolicyInput | undefined;
  /** JSON-RPC URLs of the chain, which must all agree; the policy's own unless given. */
  rpc?: string | readonly string[] | undefined;
  /**
   * Every answer is checked before you get it, and one that is not shown to be so is thrown as TallyrootVerificationError. `true` loads
   * the verifier when it is first needed; `verifying({ policy, rpc })` of `tallyroot/verify` is a verifier that is there already.
   */
  trustNothing?: boolean | VerifierMaker | undefined;
  /** Web Crypto, where the runtime has it elsewhere than in `globalThis.crypto` (Node 18: `webcrypto` of node:crypto). */
  crypto?: Pick<Crypto, "getRandomValues" | "subtle"> | undefined;
};

export type VerifyReceiptOptions = CallOptions & {
  policy?: PolicyInput | undefined;
  rpc?: string | readonly string[] | undefined;
};

/**
 * The client of one server, under one API key.
 *
 * @throws TypeError for a base URL that is none, `trustNothing: true` without a policy, or a runtime without Web Crypto.
 *
 * @example
 * const pac = new Tallyroot({ apiKey, baseUrl: "http://127.0.0.1:3000" });
 * await pac.balance.emit({ customerId: "cust_001", delta: "-42.5", reason: "usage" });
 */
export class Tallyroot {
  readonly balance: Balance;
  /** Where the anchors are, the anchors themselves, and whether the server is ready. */
  readonly chain: ChainCalls;
  readonly keys: Keys;
  readonly webhookEndpoints: WebhookEndpoints;
  readonly webhooks: { verify: typeof verifyWebhook };
  /** The server's word on a receiptId or a proofRoot; `balance.verify` is the same. */
  readonly verify: Balance["verify"];
  /**
   * Verifies a receipt here, in six steps, against the policy and the chain: the server's word counts for nothing. A fingerprint's
   * receipt is fetched first.
   *
   * @throws TallyrootConnectionError when an endpoint of the chain does not answer; TypeError without a policy.
   */
  readonly verifyReceipt: (receipt: ReceiptInput, options?: VerifyReceiptOptions) => Promise<Verdict>;
  /** Records many deltas: batches them, waits out a server that is away, and delivers each once and in order. */
  readonly recorder: (options: RecorderOptions) => Recorder;

  constructor({ policy, rpc, trustNothing = false, ...settings }: TallyrootOptions) {
    const { fetch, crypto } = settings;
    const transport = openTransport(settings);
    const random = randomSource(crypto);
    if (trustNothing === true && policy === undefined) throw new TypeError("trustNothing needs a policy");
    let verifier: Promise<Verifier> | undefined;
    const makeVerifier = async (): Promise<Verifier> => {
      if (typeof trustNothing === "function") return trustNothing(transport);
      const { verifying } = await import("./verify.ts");
      return verifying({ policy: policy!, rpc, fetch })(transport);
    };
    const theVerifier = () => {
      verifier ??= makeVerifier();
      return verifier;
    };
    const checking = trustNothing === false ? undefined : theVerifier;
    const api = openApi(transport, checking);
    const beginCheck: BeginCheck | undefined =
      checking &&
      (async () => {
        const { moment, check } = await checking();
        const sent = moment();
        return (batch, options) => check({ kind: "batch", ...batch }, sent, options);
      });

    this.balance = balanceCalls(api, () => newKeyFrom(random));
    this.chain = chainCalls(api);
    this.keys = keyCalls(api);
    this.webhookEndpoints = webhookEndpointCalls(api);
    this.webhooks = {
      verify: (body, headers, secret, options) => verifyWebhook(body, headers, secret, { crypto, ...options }),
    };
    this.verify = this.balance.verify;
    this.recorder = (options) => openRecorder({ transport, crypto, beginCheck }, options);
    this.verifyReceipt = async (receipt, { policy: other = policy, rpc: urls = rpc, ...options } = {}) => {
      if (other === undefined) throw new TypeError("verifyReceipt needs a policy");
      const { fetchReceipt, isFingerprint, verifyReceipt } = await import("./verify.ts");
      const expected = isFingerprint(receipt) ? receipt : undefined;
      const file = expected === undefined ? receipt : await fetchReceipt(transport, expected, options);
      return verifyReceipt(file, { policy: other, rpc: urls, fetch, fingerprint: expected });
    };
  }
}
