import { expect } from "chai";
import type { z } from "zod";
import type * as Answers from "#src/sdk/answers.ts";
import type * as Chain from "#src/sdk/chain-answers.ts";
import type * as Operating from "#src/sdk/operating-answers.ts";
import type { BatchDelta, CompareInput, DeltaInput } from "#src/sdk/requests.ts";
import type { sentComparison, sentDelta } from "#src/sdk/sending.ts";
import type * as Verification from "#src/sdk/verification-answers.ts";
import type { batchAnswer, bulkItem, bulkResult } from "#src/wire/batch.ts";
import type { checkpointBatchView, checkpointsView, checkpointView } from "#src/wire/checkpoint.ts";
import type { comparedHeadsView, compareRequest, comparisonView } from "#src/wire/compare.ts";
import type { customerDetail, customersView } from "#src/wire/customer.ts";
import type { deltaDetail, deltaView, recordRequest } from "#src/wire/delta.ts";
import type { derivation } from "#src/wire/derivation.ts";
import type { anchorsView, anchorView, chainView, receiptListView, verificationView } from "#src/wire/evidence.ts";
import type { invoiceView } from "#src/wire/invoice.ts";
import type { currentKeyView, givenKeyView, keysView, keyView } from "#src/wire/key.ts";
import type { erasureView, gapsView, limitsView, summaryView, usageView } from "#src/wire/usage.ts";
import type {
  anchorConfirmedData,
  anchoringHaltedData,
  checkpointVerifiedData,
  deletedEndpointView,
  deliveriesView,
  deltaFailedData,
  deltaVerifiedData,
  endpointsView,
  endpointView,
  givenEndpointView,
  retryView,
  testView,
  webhookBody,
  webhookTestData,
} from "#src/wire/webhook.ts";

/** True where two types are one, in both directions and in every optional and nullable member. */
type Same<A, B> = (<T>() => T extends Flat<A> ? 1 : 2) extends <T>() => T extends Flat<B> ? 1 : 2 ? true : false;
/** Written out, so that an intersection equals the object that it is. */
type Flat<T> = T extends readonly (infer E)[] ? Flat<E>[] : T extends object ? { [K in keyof T]: Flat<T[K]> } : T;
type Of<S extends z.ZodType> = z.infer<S>;

/** Each type of the client against the schema of the server; a difference does not compile. */
const SAME: [
  Same<Answers.DeltaView, Of<typeof deltaView>>,
  Same<Answers.DeltaDetail, Of<typeof deltaDetail>>,
  Same<Answers.BulkResult, Of<typeof bulkResult>>,
  Same<Answers.BatchAnswer, Of<typeof batchAnswer>>,
  Same<Answers.DerivationView, Of<typeof derivation>>,
  Same<Answers.ComparisonView, Of<typeof comparisonView>>,
  Same<Answers.ComparedHeadsView, Of<typeof comparedHeadsView>>,
  Same<Answers.CheckpointView, Of<typeof checkpointView>>,
  Same<Answers.CheckpointBatchView, Of<typeof checkpointBatchView>>,
  Same<Answers.CheckpointsView, Of<typeof checkpointsView>>,
  Same<Answers.InvoiceView, Of<typeof invoiceView>>,
  Same<Answers.CustomersView, Of<typeof customersView>>,
  Same<Answers.CustomerDetail, Of<typeof customerDetail>>,
  Same<Answers.ReceiptsView, Of<typeof receiptListView>>,
  Same<Verification.VerificationView, Of<typeof verificationView>>,
  Same<Chain.ChainView, Of<typeof chainView>>,
  Same<Chain.AnchorView, Of<typeof anchorView>>,
  Same<Chain.AnchorsView, Of<typeof anchorsView>>,
  Same<Operating.SummaryView, Of<typeof summaryView>>,
  Same<Operating.ErasureView, Of<typeof erasureView>>,
  Same<Operating.GapsView, Of<typeof gapsView>>,
  Same<Operating.UsageView, Of<typeof usageView>>,
  Same<Operating.LimitsView, Of<typeof limitsView>>,
  Same<Operating.KeyView, Of<typeof keyView>>,
  Same<Operating.GivenKeyView, Of<typeof givenKeyView>>,
  Same<Operating.CurrentKeyView, Of<typeof currentKeyView>>,
  Same<Operating.KeysView, Of<typeof keysView>>,
  Same<Operating.EndpointView, Of<typeof endpointView>>,
  Same<Operating.GivenEndpointView, Of<typeof givenEndpointView>>,
  Same<Operating.EndpointsView, Of<typeof endpointsView>>,
  Same<Operating.DeletedEndpointView, Of<typeof deletedEndpointView>>,
  Same<Operating.TestView, Of<typeof testView>>,
  Same<Operating.DeliveriesView, Of<typeof deliveriesView>>,
  Same<Operating.RetryView, Of<typeof retryView>>,
  Same<Operating.WebhookEventData["delta.verified"], Of<typeof deltaVerifiedData>>,
  Same<Operating.WebhookEventData["delta.failed"], Of<typeof deltaFailedData>>,
  Same<Operating.WebhookEventData["checkpoint.verified"], Of<typeof checkpointVerifiedData>>,
  Same<Operating.WebhookEventData["anchor.confirmed"], Of<typeof anchorConfirmedData>>,
  Same<Operating.WebhookEventData["anchoring.halted"], Of<typeof anchoringHaltedData>>,
  Same<Operating.WebhookEventData["webhook.test"], Of<typeof webhookTestData>>,
  Same<keyof Operating.WebhookEventData, Of<typeof webhookBody>["event"]>,
  Same<keyof Operating.WebhookEvent, keyof Of<typeof webhookBody>>,
] = Array.from({ length: 42 }, () => true) as typeof SAME;

/** What goes out is what a route takes. */
type Sent<I, O> = I extends O ? true : false;
const SENT: [
  Sent<ReturnType<typeof sentDelta<DeltaInput>>, z.input<typeof recordRequest>>,
  Sent<ReturnType<typeof sentDelta<BatchDelta>>, z.input<typeof bulkItem>>,
  Sent<
    Pick<ReturnType<typeof sentComparison>, "customerId" | "yourBalance" | "at">,
    Pick<z.input<typeof compareRequest>, "customerId" | "yourBalance" | "at">
  >,
  Sent<keyof CompareInput, keyof z.input<typeof compareRequest>>,
] = [true, true, true, true];

describe("the client's types", () => {
  it("are those of the server's schemas, and not others", () => {
    expect([...SAME, ...SENT]).to.satisfy((all: boolean[]) => all.every((same) => same));
    const other: Same<{ a?: string }, { a?: string | undefined }> = false;
    const wider: Same<{ a: string }, { a: string | null }> = false;
    expect([other, wider]).to.deep.equal([false, false]);
  });
});
