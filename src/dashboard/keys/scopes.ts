import type { KeyScope } from "../../sdk/operating-answers.ts";

/** What a key of each scope may do, in words; the one that may least comes first. */
export const SCOPES = [
  { scope: "read", says: "Reads ledgers, comparisons, statements and receipts. Changes nothing." },
  { scope: "write", says: "Reads, records deltas and makes checkpoints. For a billing backend." },
  { scope: "admin", says: "Everything, API keys, webhooks and the erasing of content included." },
] as const satisfies readonly { scope: KeyScope; says: string }[];
