import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Drill, Fault } from "../../scripts/survive/drill.ts";
import { figuresText } from "../../scripts/survive/table.ts";

/** Everything random in a drill comes from one seed. FAULT_SEED repeats a run, as far as the operating system's scheduling allows. */
const SEED = Number(process.env.FAULT_SEED ?? randomInt(2 ** 31));

/**
 * Runs the small size of a drill. What the servers wrote is left where something went wrong, and the place is said. A drill that could
 * not be done, on a machine that stood still meanwhile, is begun once more, and says so; what it finds wrong counts at once.
 */
export async function runSmall(drill: Drill): Promise<Fault[]> {
  return runOnce(drill).catch((error: unknown) => {
    process.stderr.write(`${drill.name} could not be done, and is begun once more: ${String(error)}\n`);
    return runOnce(drill);
  });
}

async function runOnce(drill: Drill): Promise<Fault[]> {
  const dir = mkdtempSync(join(tmpdir(), "tallyroot-drill-"));
  const ended = new AbortController();
  try {
    const faults = await drill.run({ full: false, seed: SEED, dir, signal: ended.signal, say: () => {} });
    process.stdout.write(`\n${faultLines(drill.name, faults)}\n`);
    const failed = faults.some(({ failures }) => failures.length > 0);
    if (failed) process.stderr.write(`FAULT_SEED=${SEED}, left in ${dir}\n`);
    else rmSync(dir, { recursive: true, maxRetries: 20, retryDelay: 100 });
    return faults;
  } catch (error) {
    process.stderr.write(`FAULT_SEED=${SEED}, left in ${dir}\n`);
    throw error;
  } finally {
    // Whatever it has left running.
    ended.abort(new Error("the drill is over"));
  }
}

/** What was counted, for whoever reads the run's output. */
function faultLines(drill: string, faults: readonly Fault[]): string {
  return faults
    .map(
      (fault) => `    ${drill}: ${fault.name}, ${fault.tries} times${figuresText(fault) && `: ${figuresText(fault)}`}`,
    )
    .join("\n");
}
