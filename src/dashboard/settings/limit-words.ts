import type { LimitsView } from "../../sdk/operating-answers.ts";

export type Unit =
  | "characters"
  | "bytes"
  | "levels"
  | "items"
  | "decimals"
  | "units"
  | "months"
  | "days"
  | "seconds"
  | "deltas"
  | "webhooks";

type Words = { name: string; unit: Unit; group: string; none?: string };

/** Every limit in words, in the order in which they are shown. */
export const LIMIT_WORDS = {
  largestDelta: { group: "A delta", name: "Largest amount, either way from zero", unit: "units" },
  amountDecimals: { group: "A delta", name: "Decimals of an amount", unit: "decimals" },
  customerIdLength: { group: "A delta", name: "Customer id", unit: "characters" },
  reasonLength: { group: "A delta", name: "Reason", unit: "characters" },
  referenceIdLength: { group: "A delta", name: "Reference id", unit: "characters" },
  metadataBytes: { group: "A delta", name: "Metadata", unit: "bytes" },
  metadataDepth: { group: "A delta", name: "Nesting of metadata", unit: "levels" },
  deltasPerMonth: { group: "Recording", name: "Deltas in a month", unit: "deltas", none: "no quota" },
  bodyBytes: { group: "Recording", name: "Body of a request", unit: "bytes" },
  batchItems: { group: "Recording", name: "Deltas in a batch", unit: "deltas" },
  batchBodyBytes: { group: "Recording", name: "Body of a batch", unit: "bytes" },
  streamLineBytes: { group: "Recording", name: "Line of a stream", unit: "bytes" },
  idempotencyKeyLength: { group: "Recording", name: "Idempotency key", unit: "characters" },
  maxRetentionDays: { group: "Reading", name: "How long the record is kept", unit: "days", none: "for ever" },
  maxScopeMonths: { group: "Reading", name: "Span of a scope", unit: "months" },
  maxLastNDays: { group: "Reading", name: "Days looked back", unit: "days" },
  pageSize: { group: "Reading", name: "Page of a list", unit: "items" },
  customersPageSize: { group: "Reading", name: "Page of customers", unit: "items" },
  maxGapSequences: { group: "Reading", name: "Sequences looked at for gaps", unit: "items" },
  maxComparedDeltas: { group: "Comparing and statements", name: "Deltas on record in one comparison", unit: "deltas" },
  comparedEntries: { group: "Comparing and statements", name: "Entries sent, of both parties together", unit: "items" },
  comparedBodyBytes: { group: "Comparing and statements", name: "Body of a comparison", unit: "bytes" },
  comparedHeads: { group: "Comparing and statements", name: "Heads in one comparison", unit: "items" },
  selectionItems: { group: "Comparing and statements", name: "Deltas in a selection", unit: "deltas" },
  labelLength: { group: "Keys and webhooks", name: "Label of an API key", unit: "characters" },
  keyOverlapSeconds: { group: "Keys and webhooks", name: "Overlap of a rotated key", unit: "seconds" },
  tenantNameLength: { group: "Keys and webhooks", name: "Name of a tenant", unit: "characters" },
  webhookEndpoints: { group: "Keys and webhooks", name: "Endpoints of a tenant", unit: "webhooks" },
  webhookUrlLength: { group: "Keys and webhooks", name: "URL of a webhook", unit: "characters" },
  webhookDescriptionLength: { group: "Keys and webhooks", name: "Description of a webhook", unit: "characters" },
  deliveriesOffset: { group: "Keys and webhooks", name: "Offset into the deliveries", unit: "items" },
} as const satisfies Record<keyof LimitsView, Words>;

const KIB = 1024;
const MIB = KIB * KIB;
const DAY_SECONDS = 86_400;

/** A limit with its unit: whole multiples of larger units are told in those. */
export function limitText(value: number, unit: Unit): string {
  const count = (n: number, one: string) => `${n.toLocaleString("en")} ${n === 1 ? one.replace(/s$/, "") : one}`;
  if (unit === "bytes" && value % MIB === 0) return `${(value / MIB).toLocaleString("en")} MiB`;
  if (unit === "bytes" && value % KIB === 0) return `${(value / KIB).toLocaleString("en")} KiB`;
  if (unit === "seconds" && value % DAY_SECONDS === 0) return count(value / DAY_SECONDS, "days");
  return count(value, unit);
}
