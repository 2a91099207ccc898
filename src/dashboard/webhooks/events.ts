import type { EventName } from "../../sdk/operating-answers.ts";

/** Every event that an endpoint can be told about, and what it means. */
export const EVENTS = [
  { event: "delta.verified", says: "A delta is anchored, and its anchor is final. One event for each delta." },
  { event: "checkpoint.verified", says: "A statement is anchored: its proof root can go on an invoice." },
  { event: "anchor.confirmed", says: "An anchor is final: one root on the chain, over all that moved." },
  { event: "anchoring.halted", says: "Anchoring has stopped, and somebody has to look. Recording goes on." },
  {
    event: "delta.failed",
    says: "A delta was refused after it was recorded. This version refuses before, and never sends it.",
  },
] as const satisfies readonly { event: EventName; says: string }[];

/** What a new endpoint is told about unless somebody chooses otherwise: everything. */
export const ALL_EVENTS: readonly EventName[] = EVENTS.map(({ event }) => event);
