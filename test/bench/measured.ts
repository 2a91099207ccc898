import type { Row } from "../../scripts/bench/figure.ts";
import type { Measured } from "../../scripts/bench/report.ts";
import { valuesOf } from "../../scripts/bench/report.ts";

/** A figure as a run of one round would have measured it. */
export function measured(
  name: string,
  ...rows: readonly (Omit<Row, "what"> & { name: string; value: number })[]
): Measured {
  const what = `what ${name} measures`;
  const table = Object.fromEntries(
    rows.map(({ name: row, value: _, ...rest }) => [row, { what: `its ${row}`, ...rest }]),
  );
  const samples = Object.fromEntries(rows.map((row) => [row.name, [row.value]]));
  const found = { samples, data: "some data" };
  const figure = { name, what, rows: table, run: async () => found };
  return { name, what, data: found.data, seconds: 1, values: valuesOf(figure, found), failure: null };
}
