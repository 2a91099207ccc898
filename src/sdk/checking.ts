import type {
  BatchAnswer,
  CheckpointBatchView,
  CheckpointsView,
  CheckpointView,
  ComparedHeadsView,
  ComparisonView,
  CustomerDetail,
  CustomersView,
  DeltaDetail,
  DeltaView,
  DerivationView,
  InvoiceView,
  ReceiptsView,
} from "./answers.ts";
import type { GapsView } from "./operating-answers.ts";
import type { CheckpointInput, CompareInput, DeltaInput, DeriveInput, HeadInput } from "./requests.ts";
import type { CallOptions, Transport } from "./transport.ts";
import type { VerificationView } from "./verification-answers.ts";

/** An answer together with what was asked: all that is needed to hold it against the evidence. */
export type Checked =
  | { kind: "recorded"; sent: DeltaInput; data: DeltaView }
  | { kind: "batch"; sent: readonly DeltaInput[]; data: BatchAnswer }
  | { kind: "delta"; recordId: string; data: DeltaDetail }
  | { kind: "derivation"; customerId: string; asked: DeriveInput; data: DerivationView }
  | { kind: "comparison"; asked: CompareInput; data: ComparisonView }
  | { kind: "heads"; customerId: string; asked: readonly HeadInput[]; data: ComparedHeadsView }
  | { kind: "checkpoint"; asked: CheckpointInput; data: CheckpointView | CheckpointBatchView }
  | { kind: "checkpoints"; data: CheckpointsView }
  | { kind: "invoice"; customerId: string; data: InvoiceView }
  | { kind: "customers"; data: CustomersView }
  | { kind: "customer"; customerId: string; data: CustomerDetail }
  | { kind: "gaps"; customerId: string; data: GapsView }
  | { kind: "receipts"; customerId: string; data: ReceiptsView }
  | { kind: "receipt"; fingerprint: string; file: Uint8Array }
  | { kind: "verification"; fingerprint: string; data: VerificationView };

/** When a request was sent: an answer need not know of what came later. */
export type Moment = { tick: number; milliseconds: number };

/** Checks answers. */
export type Verifier = {
  /** Taken before a request is sent. */
  moment(): Moment;
  /**
   * Returns when an answer is shown to be so.
   *
   * @param sent the moment before its request was sent.
   * @throws TallyrootVerificationError when it is not.
   */
  check(checked: Checked, sent: Moment, options?: Pick<CallOptions, "signal">): Promise<void>;
};

/** Makes the verifier of one client, which asks for evidence through that client's transport. */
export type VerifierMaker = (transport: Transport) => Verifier;
