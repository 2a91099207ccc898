import type {
  Activity,
  BatchAnswer,
  CheckpointBatchView,
  CheckpointsView,
  CheckpointView,
  ComparedHeadsView,
  ComparisonView,
  CustomerDetail,
  CustomersView,
  CustomerView,
  DeltaDetail,
  DeltaView,
  DerivationView,
  InvoiceLine,
  InvoiceView,
} from "./answers.ts";
import { type Api, segment } from "./api.ts";
import { type BatchOptions, emitBatch } from "./batch.ts";
import { type Listing, listing } from "./lists.ts";
import type { LocalComparison, LocalInput } from "./local-comparison.ts";
import type { ErasureView, GapsView, LimitsView, SummaryView, UsageView } from "./operating-answers.ts";
import { receiptCalls } from "./receipts.ts";
import type {
  BatchDelta,
  CheckpointInput,
  CheckpointsInput,
  CompareInput,
  CustomerInput,
  CustomersInput,
  DeltaInput,
  DeriveInput,
  GapsInput,
  HeadInput,
  PageInput,
  VerifyInput,
  WindowInput,
} from "./requests.ts";
import { sentComparison, sentDelta, sentHead, sentScope, sentWindow } from "./sending.ts";
import type { CallOptions } from "./transport.ts";
import type { VerificationView } from "./verification-answers.ts";
import { type WaitOptions, waitForVerified } from "./waiting.ts";

/** The verbs: record, derive, compare, checkpoint, and reading what is on record. */
export type Balance = ReturnType<typeof balanceCalls>;

/** @param newKey makes idempotency keys. */
export function balanceCalls(api: Api, newKey: () => string) {
  /** Records a delta. It is on disk when this resolves, and anchored a little later. */
  const emit = async (delta: DeltaInput, options?: CallOptions): Promise<DeltaView> =>
    api.post("/balance/delta", sentDelta(delta), options, (data) => ({ kind: "recorded", sent: delta, data }));

  /** One delta, its status, and its proof once it is anchored. */
  const deltaStatus = (recordId: string, options?: CallOptions): Promise<DeltaDetail> =>
    api.get(`/balance/delta/${segment(recordId)}`, {}, options, (data) => ({ kind: "delta", recordId, data }));

  /** Waits until a delta is anchored and final. @throws TallyrootTimeoutError */
  const waiting = (recordId: string, options: WaitOptions = {}): Promise<DeltaDetail> =>
    waitForVerified(() => deltaStatus(recordId, options), options);

  /** What the record says of a scope; the whole history unless told otherwise. Walked, it gives the deltas. */
  const derive = (
    customerId: string,
    asked: DeriveInput = {},
    options?: CallOptions,
  ): Listing<DerivationView, DeltaView> =>
    listing({
      ask: (place) => {
        const here = { ...asked, ...place, ...(place.cursor !== undefined && { offset: undefined }) };
        return api.get(`/balance/derive/${segment(customerId)}`, sentScope(here), options, (data) => ({
          kind: "derivation",
          customerId,
          asked: here,
          data,
        }));
      },
      elements: ({ deltas }) => deltas,
      pagination: ({ pagination }) => pagination,
    });

  /** The server's word on a receiptId or a proofRoot. To need nobody's word: `verifyReceipt`. */
  const verify = (fingerprint: string, query: VerifyInput = {}, options?: CallOptions): Promise<VerificationView> =>
    api.get(`/verify/${segment(fingerprint)}`, query, options, (data) => ({ kind: "verification", fingerprint, data }));

  /** Which heads of a ledger agree with the record: its balances and tree roots at chosen sequences. */
  const compareHeads = async (
    customerId: string,
    heads: readonly HeadInput[],
    options?: CallOptions,
  ): Promise<ComparedHeadsView> =>
    api.post("/balance/compare/heads", { customerId, heads: heads.map(sentHead) }, options, (data) => ({
      kind: "heads",
      customerId,
      asked: heads,
      data,
    }));

  /**
   * Compares with the record. With `local`, a list of any length that stays here: the first divergence is found by bisection, in a few
   * requests. Without, both parties' views are sent, and every disagreement is told.
   */
  function compare(input: LocalInput, options?: CallOptions): Promise<LocalComparison>;
  function compare(input: CompareInput, options?: CallOptions): Promise<ComparisonView>;
  async function compare(input: LocalInput | CompareInput, options?: CallOptions) {
    if ("local" in input) {
      const { compareLocally } = await import("./local-comparison.ts");
      return compareLocally(input, {
        heads: (heads) => compareHeads(input.customerId, heads, options),
        delta: (recordId) => deltaStatus(recordId, options),
      });
    }
    return api.post<ComparisonView>("/balance/compare", sentComparison(input), options, (data) => ({
      kind: "comparison",
      asked: input,
      data,
    }));
  }

  /** The statement of a period; without a customer, of every customer that was active in it. */
  function checkpoint(
    input: CheckpointInput & ({ customerId: string } | { mode: "selection" }),
    options?: CallOptions,
  ): Promise<CheckpointView>;
  function checkpoint(input: CheckpointInput, options?: CallOptions): Promise<CheckpointView | CheckpointBatchView>;
  async function checkpoint(
    asked: CheckpointInput,
    options?: CallOptions,
  ): Promise<CheckpointView | CheckpointBatchView> {
    return api.post(
      "/balance/checkpoint",
      sentWindow(asked),
      options,
      (data: CheckpointView | CheckpointBatchView) => ({
        kind: "checkpoint",
        asked,
        data,
      }),
    );
  }

  return {
    emit,
    deltaStatus,
    derive,
    verify,
    compare,
    compareHeads,
    checkpoint,
    waitForVerified: waiting,
    receipts: receiptCalls(api),

    /** Records any number of deltas, in requests of at most 10,000. @throws TallyrootBatchError */
    emitBatch: (deltas: readonly BatchDelta[], options: BatchOptions = {}): Promise<BatchAnswer> =>
      emitBatch(api, deltas, options, newKey),

    /** Records a delta and waits until it is anchored and final. @throws TallyrootTimeoutError */
    async emitAndWait(delta: DeltaInput, options: WaitOptions = {}): Promise<DeltaDetail> {
      const { recordId } = await emit(delta, options);
      return waiting(recordId, options);
    },

    /** What a month, `YYYY-MM`, says. */
    deriveForPeriod: (customerId: string, period: string, asked: DeriveInput = {}, options?: CallOptions) =>
      derive(customerId, { ...asked, period }, options),

    listCheckpoints: (asked: CheckpointsInput = {}, options?: CallOptions): Listing<CheckpointsView, CheckpointView> =>
      listing({
        ask: (place) =>
          api.get(
            "/balance/checkpoints",
            { ...sentWindow(asked), ...place, ...(place.cursor !== undefined && { offset: undefined }) },
            options,
            (data) => ({ kind: "checkpoints", data }),
          ),
        elements: ({ checkpoints }) => checkpoints,
        pagination: ({ pagination }) => pagination,
      }),

    checkpointDetail: (
      checkpointId: string,
      page: PageInput = {},
      options?: CallOptions,
    ): Promise<CheckpointView | CheckpointBatchView> =>
      api.get(
        `/balance/checkpoints/${segment(checkpointId)}`,
        page,
        options,
        (data: CheckpointView | CheckpointBatchView) => ({ kind: "checkpoint", asked: {}, data }),
      ),

    /** The statement for an invoice: what goes on it, and the lines behind it. The current month unless told otherwise. */
    receipt: (
      customerId: string,
      asked: WindowInput & PageInput = {},
      options?: CallOptions,
    ): Listing<InvoiceView, InvoiceLine> =>
      listing({
        ask: ({ offset = asked.offset }) =>
          api.get(`/balance/receipt/${segment(customerId)}`, { ...sentWindow(asked), offset }, options, (data) => ({
            kind: "invoice",
            customerId,
            data,
          })),
        elements: ({ lines }) => lines,
        pagination: ({ pagination }) => pagination,
      }),

    customers: (asked: CustomersInput = {}, options?: CallOptions): Listing<CustomersView, CustomerView> =>
      listing({
        ask: ({ cursor = asked.cursor }) =>
          api.get(
            "/balance/customers",
            { ...asked, cursor, ...(cursor !== undefined && { page: undefined }) },
            options,
            (data) => ({ kind: "customers", data }),
          ),
        elements: ({ customers }) => customers,
        pagination: ({ pagination }) => pagination,
      }),

    /** One customer's ledger. Walked, it gives the recent activity, newest first. */
    customer: (
      customerId: string,
      asked: CustomerInput = {},
      options?: CallOptions,
    ): Listing<CustomerDetail, Activity> =>
      listing({
        ask: ({ offset }) => {
          // This list counts pages; an offset is always the end of one.
          const deltaPage = offset === undefined ? asked.deltaPage : offset / (asked.deltaLimit ?? ACTIVITY_LIMIT) + 1;
          const query = { deltaLimit: ACTIVITY_LIMIT, ...asked, deltaPage };
          return api.get<CustomerDetail>(`/balance/customers/${segment(customerId)}`, query, options, (data) => ({
            kind: "customer",
            customerId,
            data,
          }));
        },
        elements: ({ recentActivity }) => recentActivity.items,
        pagination: ({ recentActivity: { pagination } }) => ({
          ...pagination,
          offset: (pagination.page - 1) * pagination.limit,
        }),
      }),

    /** All customers in one sum. */
    summary: (options?: CallOptions): Promise<SummaryView> => api.get("/balance/customers/summary", {}, options),

    /** Erases what a customer's deltas say beside their amounts, for good: reasons, references, metadata and the id itself. */
    eraseContent: (customerId: string, options?: CallOptions): Promise<ErasureView> =>
      api.ask({ ...options, method: "DELETE", path: `/balance/customers/${segment(customerId)}/content` }),

    /** Whether a ledger's sequences are all there, counted from its rows. */
    gaps: (customerId: string, asked: GapsInput = {}, options?: CallOptions): Promise<GapsView> =>
      api.get(`/balance/gaps/${segment(customerId)}`, asked, options, (data) => ({ kind: "gaps", customerId, data })),

    /** What was recorded this month, and what the quota allows. */
    usage: (options?: CallOptions): Promise<UsageView> => api.get("/balance/usage", {}, options),

    /** Every limit, as numbers. */
    limits: (options?: CallOptions): Promise<LimitsView> => api.get("/balance/limits", {}, options),
  };
}

/** Deltas of a customer that are shown unless told otherwise: the server's own number. */
const ACTIVITY_LIMIT = 20;
