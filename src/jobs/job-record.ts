import type { AnchorStore } from "../ledger/ports/anchoring.ts";
import type { LedgerStore } from "../ledger/ports/ledgers.ts";

/** The record as the checkpoint job has it, in whichever engine. */
export type JobRecord = Pick<LedgerStore, "keysOf"> & {
  /** Anchors until the signal ends it, as the only one that does. */
  anchoring(work: (lead: Lead) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** What a failure says to wait for; undefined for one that waiting does not mend. */
  troubleOf(error: unknown): "disk" | "database" | undefined;
  close(): Promise<void>;
};

/** What the one that anchors has: the record, and what ends it. */
export type Lead = {
  store: AnchorStore;
  signal: AbortSignal;
  /**
   * Makes sure that nobody else has anchored since this one began: what was read in pieces, with a standstill in between, may be of a record
   * that another has moved on, and then contradicts itself without anything being wrong.
   *
   * @throws Error that ends the lead, where somebody may have.
   */
  expectAlone(): Promise<void>;
};

/** Who is told that another node anchors, or that the record has to be waited for. */
export type RecordListener = { standby(): void; waiting(on: "disk" | "database", reason: string): void };
