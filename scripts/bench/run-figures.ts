import type { Bench } from "./context.ts";
import type { Figure } from "./figure.ts";
import { type Measured, valuesOf } from "./report.ts";

/**
 * Measures one figure after the other. One that fails is told with its reason, and the others are measured all the same: the run
 * may be long.
 *
 * @throws the signal's reason once that has aborted.
 */
export async function runFigures(figures: readonly Figure[], bench: Bench): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const figure of figures) {
    const { name, what } = figure;
    bench.say(`${name}: ${what}`);
    const began = performance.now();
    const taken = () => (performance.now() - began) / 1000;
    try {
      const found = await figure.run(bench);
      measured.push({ name, what, data: found.data, values: valuesOf(figure, found), seconds: taken(), failure: null });
    } catch (error) {
      bench.signal.throwIfAborted();
      const failure = error instanceof Error ? error.message : String(error);
      bench.say(`${name} FAILED: ${failure}`);
      measured.push({ name, what, data: "", values: [], seconds: taken(), failure });
    }
  }
  return measured;
}
