import type { Bench } from "./context.ts";

/** What a value is counted in. `×` is a ratio of two values of the same run. */
export type Unit = "/s" | "ms" | "s" | "MB" | "bytes" | "gas" | "×";

/** One row of a figure: what is measured, and its limit where it has one. */
export type Row = {
  readonly what: string;
  readonly unit: Unit;
  /** The limit: at least, or at most, so much. */
  readonly least?: number;
  readonly most?: number;
  /** A ratio that a baseline keeps, and which way it is better. */
  readonly better?: "higher" | "lower";
  /** A quick run is too short to compare it with another: its baseline leaves it out. */
  readonly inFullOnly?: true;
};

/** What a figure found: for each of its rows one value per round. A row that this run leaves out is not there. */
export type Found = {
  readonly samples: Readonly<Record<string, readonly number[]>>;
  /** How much data it was measured on, for people. */
  readonly data: string;
};

/** One figure: what is measured, against what, and how. */
export type Figure = {
  readonly name: string;
  readonly what: string;
  readonly rows: Readonly<Record<string, Row>>;
  run(bench: Bench): Promise<Found>;
};

/** Each value over its peer of the same round. */
export function ratios(values: readonly number[], peers: readonly number[]): number[] {
  return values.map((value, round) => value / peers[round]!);
}
