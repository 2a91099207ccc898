import type { AmountInput } from "./amounts.ts";
import type { EventName, KeyScope } from "./operating-answers.ts";

/** What calls take. Amounts may be numbers, text or bigint units; times are ISO-8601, or a Date. */

export type TimeInput = string | Date;

export type DeltaInput = {
  /** 1 to 128 of `A-Z a-z 0-9 _ . : -`. */
  customerId: string;
  /** Not zero, at most 1,000,000,000 either way, at most 18 decimals. */
  delta: AmountInput;
  /** 1 to 500 characters. */
  reason: string;
  referenceId?: string | undefined;
  /** A JSON object of at most 16 KB. */
  metadata?: object | undefined;
  /** What this delta corrects. */
  adjusts?: { recordId: string } | { referenceId: string } | undefined;
};

/** A delta of a batch. Its own idempotency key makes it the same delta in whichever batch it comes. */
export type BatchDelta = DeltaInput & { idempotencyKey?: string | undefined };

/** A window of time. The four ways exclude each other: a month `YYYY-MM`, the current one, or two dates. */
export type WindowInput = {
  period?: string | undefined;
  timePreset?: "current_month" | "custom" | undefined;
  /** A day, which is all of that day, or a time. */
  startDate?: TimeInput | undefined;
  endDate?: TimeInput | undefined;
};

/** A part of a ledger, from which balance, and how final. */
export type ScopeInput = WindowInput & {
  startingBalance?: AmountInput | undefined;
  startingCheckpoint?: string | undefined;
  startingCheckpointType?: "proofRoot" | "itemsRoot" | "recordId" | "anchorId" | undefined;
  granularity?: "day" | "week" | "month" | undefined;
  /** As of a time, which is not included, or after a sequence, which is. */
  at?: TimeInput | number | undefined;
  finality?: "recorded" | "verified" | undefined;
};

export type PageInput = { limit?: number | undefined; offset?: number | undefined };
export type CursorInput = PageInput & { cursor?: string | undefined };

export type DeriveInput = ScopeInput & CursorInput;

/** One line of a party's view: the delta by exactly one of its names, and what the party has for it. */
export type CompareEntry = {
  receiptId?: string | undefined;
  recordId?: string | undefined;
  referenceId?: string | undefined;
  sequence?: number | undefined;
  delta?: AmountInput | undefined;
  balance?: AmountInput | undefined;
};

export type CompareInput = ScopeInput & {
  customerId: string;
  yourBalance?: AmountInput | undefined;
  theirBalance?: AmountInput | undefined;
  /** At most 100,000 entries of both parties together; beyond, give `local`. */
  yours?: readonly CompareEntry[] | undefined;
  theirs?: readonly CompareEntry[] | undefined;
  confirmedLimit?: number | undefined;
  confirmedOffset?: number | undefined;
  disputedLimit?: number | undefined;
  disputedOffset?: number | undefined;
};

export type HeadInput = { sequence: number; balance?: AmountInput | undefined; root?: string | undefined };

export type CheckpointInput = WindowInput & {
  /** Without it: every customer that was active in the window. */
  customerId?: string | undefined;
  mode?: "window" | "selection" | undefined;
  /** The receiptIds of a selection. */
  fingerprints?: readonly string[] | undefined;
};

export type CheckpointsInput = WindowInput & CursorInput & { customerId?: string | undefined };

export type CustomersInput = {
  /** Part of an id, or a ledger's address. */
  search?: string | undefined;
  /** The first delta's time unless told otherwise. Customer ids are stored sealed: there is no order by them. */
  sort?: "firstDelta" | "lastDelta" | "deltas" | "balance" | undefined;
  /** Ascending unless told otherwise. */
  order?: "asc" | "desc" | undefined;
  page?: number | undefined;
  /** At most 100. */
  limit?: number | undefined;
  cursor?: string | undefined;
};

export type CustomerInput = {
  deltaPage?: number | undefined;
  deltaLimit?: number | undefined;
  period?: string | undefined;
};

export type GapsInput = {
  fromSequence?: number | undefined;
  toSequence?: number | undefined;
  limit?: number | undefined;
};

export type VerifyInput = PageInput & {
  /** Whom the server asks: its own record, the contract, or both. */
  source?: "db" | "chain" | "both" | undefined;
};

export type KeyInput = {
  scope: KeyScope;
  /** Makes it a key that reads this one customer and nothing else. */
  customerId?: string | undefined;
  label?: string | undefined;
  expiresAt?: TimeInput | undefined;
};

export type RotateKeyInput = {
  /** How long the old key works beside the new one; a day unless told otherwise, at most thirty. */
  overlapSeconds?: number | undefined;
  /** The old key's where it is left out; null for no end. */
  expiresAt?: TimeInput | null | undefined;
  /** The old key's where it is left out. */
  label?: string | undefined;
};

export type EndpointInput = {
  url: string;
  /** All of them where it is left out. */
  events?: readonly EventName[] | undefined;
  description?: string | null | undefined;
};

export type EndpointChange = {
  url?: string | undefined;
  events?: readonly EventName[] | undefined;
  description?: string | null | undefined;
  /** False pauses it: its deliveries wait. */
  enabled?: boolean | undefined;
};

export type DeliveriesInput = CursorInput & { status?: "pending" | "delivered" | "parked" | undefined };
