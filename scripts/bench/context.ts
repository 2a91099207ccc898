import type { Engine } from "./load.ts";
import type { Records } from "./records.ts";

/** What every figure is given. */
export type Bench = {
  readonly quick: boolean;
  /** How often each value is measured; the median is shown. */
  readonly rounds: number;
  /** Seconds that one load lasts, and those before it that are not counted. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** A directory of this run, removed at its end. */
  readonly dir: string;
  /** Aborts when the run is interrupted. */
  readonly signal: AbortSignal;
  /** The program that makes the load. */
  readonly engine: Engine;
  /** The large records, each made once. */
  readonly records: Records;
  /** Tells the person who waits how far it is. */
  say(text: string): void;
};

/** A size of the full run, or of the quick one. */
export function sized({ quick }: Pick<Bench, "quick">, full: number, inQuick: number): number {
  return quick ? inQuick : full;
}

/** A whole number with its thousands apart: "23,932". */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}
