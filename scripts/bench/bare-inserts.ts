import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "./context.ts";
import type { BareTask } from "./programs/bare-inserts.ts";
import { runProgram } from "./programs.ts";

/** Rows that one transaction takes. */
const ROWS = 1_000;

/** Rows per second of SQLite alone, per round: the rows of this record, on the same disk. */
export async function bareInserts({ dir, rounds, seconds, signal }: Bench, recordDir: string): Promise<number[]> {
  const to = join(dir, `bare-${randomUUID()}.db`);
  const task: BareTask = { from: join(recordDir, "tallyroot.db"), to, rowsPerTransaction: ROWS, seconds, rounds };
  const perSecond = await runProgram<number[]>("bare-inserts", task, signal);
  // In half a minute it grows to gigabytes.
  for (const ending of ["", "-wal", "-shm"]) rmSync(`${to}${ending}`, { force: true });
  return perSecond;
}
