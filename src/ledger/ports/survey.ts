import type { Ledger } from "./ledgers.ts";

/** Where one ledger stands, in a row: for sums over many. Balance in units of 10^-18, times in Unix milliseconds. */
export type LedgerStanding = {
  ledgerId: number;
  count: number;
  balance: bigint;
  lastDeltaAt: number;
  confirmed: number;
};

/** Counting over the record: by tenant and month, by ledger, by row. */
export interface SurveyStore {
  /** The deltas of a tenant in a UTC month `YYYY-MM`: counted as they are recorded, by the clock of their commit. */
  recordedIn(tenantId: number, period: string): Promise<number>;
  /** The tenant's ledgers with an id above `after`, ascending. */
  ledgerStandings(tenantId: number, after: number, limit: number): Promise<LedgerStanding[]>;
  /** How many rows there are for sequences `first` … `last` of a ledger; the caller keeps the range short. */
  countSequences(ledger: Ledger, first: number, last: number): Promise<number>;
  /** The sequences from `first` to `last` that there are rows for, ascending; the caller keeps the range short. */
  sequences(ledger: Ledger, first: number, last: number): Promise<number[]>;
}
