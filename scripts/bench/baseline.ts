import { existsSync, readFileSync } from "node:fs";
import type { Report } from "./report.ts";

/** Ratios of an earlier run, each under `figure.row`: never absolute values, which say more about the machine. */
export type Ratios = Readonly<Record<string, { readonly value: number; readonly better: "higher" | "lower" }>>;
/** Ratios by kind of run, such as "quick, wrk": the amount of data and what makes the load both shift them. */
export type Baseline = Readonly<Record<string, Ratios>>;
/** What of a report is compared. */
export type Compared = Pick<Report, "mode" | "engine" | "figures">;

/** A ratio may fall to this part of the baseline's. */
const KEPT = 0.75;

export function readBaseline(file: string): Baseline {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Baseline) : {};
}

function kindOf({ mode, engine }: Compared): string {
  return `${mode}, ${engine}`;
}

/** The ratios that a run found, and that another run of its kind can be held against. */
export function ratiosOf({ mode, figures }: Omit<Compared, "engine">): Ratios {
  const entries = figures.flatMap(({ name: figure, values }) =>
    values
      .filter(({ better, inFullOnly }) => better !== undefined && !(inFullOnly && mode === "quick"))
      .map(({ name, value, better }) => [`${figure}.${name}`, { value, better }]),
  );
  return Object.fromEntries(entries) as Ratios;
}

/** The baseline with a run's ratios in the place of its own; those that the run did not measure stay. */
export function withRatios(baseline: Baseline, run: Compared): Baseline {
  const merged = { ...baseline[kindOf(run)], ...ratiosOf(run) };
  const sorted = Object.entries(merged).map(([name, { value, better }]) => [
    name,
    { value: Number(value.toPrecision(3)), better },
  ]);
  return { ...baseline, [kindOf(run)]: Object.fromEntries(sorted) };
}

/**
 * What has become worse than the baseline, as sentences; none when all is well. A figure that is new is no failure.
 *
 * @param selected the figures that were to be measured: of the others nothing is expected.
 */
export function complaints(baseline: Baseline, run: Compared, selected: readonly string[]): string[] {
  const before = baseline[kindOf(run)];
  if (before === undefined)
    return [`the baseline has no run of the kind "${kindOf(run)}": write one with --write-baseline`];
  const now = ratiosOf(run);
  return Object.entries(before)
    .filter(([name]) => selected.includes(name.split(".")[0]!))
    .flatMap(([name, { value: was, better }]) => {
      const is = now[name]?.value;
      if (is === undefined) return [`${name} is in the baseline and was not measured`];
      const part = better === "higher" ? is / was : was / is;
      if (part >= KEPT) return [];
      return [`${name} was ${was.toPrecision(3)} and is ${is.toPrecision(3)}: ${Math.round((1 - part) * 100)} % worse`];
    });
}
