import { sleep } from "../sdk/retry.ts";
import { UsageError } from "./ending.ts";
import type { Data } from "./server-call.ts";

/** Milliseconds between two looks. */
const LOOK_MS = 250;

export const WAIT = {
  wait: { type: "boolean", describe: "Wait until it is VERIFIED", default: false },
  timeout: { describe: "Seconds to wait at most", default: "120" },
} as const;

/** The exit code of what was done and is not VERIFIED within the time, and its meaning. */
export const NOT_YET = 4;
export const WAIT_EXITS = { [NOT_YET]: "done, and not VERIFIED within --timeout" } as const;

/** The milliseconds that `--timeout` asks for. Read before anything is done. @throws UsageError */
export function patienceOf(timeout: string): number {
  if (!/^[0-9]{1,6}$/.test(timeout)) throw new UsageError("--timeout takes whole seconds");
  return Number(timeout) * 1000;
}

/** Looks until it is VERIFIED or FAILED, or the time is over. */
export async function awaitVerified(look: () => Promise<Data>, patience: number): Promise<Data> {
  const end = Date.now() + patience;
  for (;;) {
    const now = await look();
    if (["VERIFIED", "FAILED"].includes(now.status) || Date.now() >= end) return now;
    await sleep(LOOK_MS);
  }
}
