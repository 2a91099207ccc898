import type { Figure, Found, Row } from "./figure.ts";
import type { Engine } from "./load.ts";
import type { Machine } from "./machine.ts";
import { median } from "./median.ts";

export const FORMAT = "tallyroot-bench/1";

/** One row as it was measured: the median of its rounds. */
export type Value = Row & {
  readonly name: string;
  readonly value: number;
  readonly samples: readonly number[];
  /** Whether the limit was reached; null where there is none. */
  readonly reached: boolean | null;
};

export type Measured = {
  readonly name: string;
  readonly what: string;
  readonly data: string;
  readonly seconds: number;
  readonly values: readonly Value[];
  /** Why it could not be measured; null when it was. */
  readonly failure: string | null;
};

export type Report = {
  readonly format: typeof FORMAT;
  readonly mode: "full" | "quick";
  /** What made the load: one of them asks more of the machine than the other. */
  readonly engine: Engine;
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: Machine;
  readonly figures: readonly Measured[];
};

/** The values of a figure, in the order of its rows. @throws Error for a sample that the figure has no row for. */
export function valuesOf({ name: figure, rows }: Figure, { samples }: Found): Value[] {
  const stray = Object.keys(samples).find((name) => !(name in rows));
  if (stray !== undefined) throw new Error(`${figure} has no row ${stray}`);
  return Object.entries(rows).flatMap(([name, row]) => {
    const own = samples[name];
    if (own === undefined) return [];
    const value = median(own);
    return [{ name, ...row, value, samples: own, reached: reached(row, value) }];
  });
}

function reached({ least, most }: Row, value: number): boolean | null {
  if (least === undefined && most === undefined) return null;
  return value >= (least ?? -Infinity) && value <= (most ?? Infinity);
}
