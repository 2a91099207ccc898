import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds for which a server is left alone until its memory is looked at, and between two looks. */
const REST_MS = 30_000;
const FIRST_REST_MS = 5_000;
const LOOK_MS = 1_000;

/** Bytes of a process that are resident. Linux only. */
export function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  if (kilobytes === undefined) throw new Error(`process ${pid} does not tell its memory`);
  return Number(kilobytes) * 1024;
}

/**
 * The least that is resident while nobody asks for anything: what is dead is collected when there is time.
 *
 * @param enough bytes at which nothing is waited for any more.
 */
export async function settledBytes(
  pid: number,
  signal: AbortSignal,
  enough = Number.POSITIVE_INFINITY,
): Promise<number> {
  await sleep(FIRST_REST_MS, undefined, { signal });
  let least = residentBytes(pid);
  for (const end = performance.now() + REST_MS; least > enough && performance.now() < end; ) {
    await sleep(LOOK_MS, undefined, { signal });
    least = Math.min(least, residentBytes(pid));
  }
  return least;
}
