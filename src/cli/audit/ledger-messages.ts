import type { LedgersSeen } from "../../audit/deltas-seen.ts";
import type { Found } from "../../audit/findings.ts";
import type { LedgerParts } from "../../audit/ledger-watch.ts";
import type { LedgerRange } from "../../audit/ledgers.ts";

/** What a thread that audits ledgers is given. */
export type ThreadInput = Pick<LedgerParts, "master" | "namespaces" | "throughs" | "indexedThrough"> & { file: string };

/** What it is asked: to audit a range of ledgers, or, without one, to end. */
export type ThreadOrder = LedgerRange | "end";

/** What it tells: how many deltas of the range it has looked at, and in the end what came of it. */
export type ThreadNews =
  | { kind: "progress"; deltas: number }
  // damage: the file cannot be read in this range; what was found until then counts, what was seen does not.
  | { kind: "done"; seen: LedgersSeen; found: Found; damage: string | undefined };
