/** How far the record is anchored, over all tenants: for those who watch over a server. Times in Unix milliseconds. */
export type Progress = {
  /** Deltas on record. */
  recorded: number;
  /** Deltas that the latest confirmed anchor, and all before it, have taken in. */
  anchored: number;
  /** When the oldest delta that no confirmed anchor has taken in was recorded; null when there is none. */
  oldestPendingAt: number | null;
  /** The latest anchor that was made, and the latest that is confirmed; 0 for none. */
  latestIndex: number;
  confirmedIndex: number;
  confirmedAt: number | null;
};

/** MUST cost the same however long the record is: it is asked at every scrape. */
export interface ProgressStore {
  progress(): Promise<Progress>;
}
