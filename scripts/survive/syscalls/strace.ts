import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Launched, launch } from "../../processes.ts";

/** What strace is to do to one call: its n-th in each thread that is traced, counted from 1. */
export type Injection = { readonly call: string; readonly fault: Fault; readonly at: number };
export const FAULTS = ["EIO", "ENOSPC", "SIGKILL"] as const;
export type Fault = (typeof FAULTS)[number];

/** Milliseconds until strace must have taken hold of a thread, and between two looks. */
const ATTACH_MS = 10_000;
const LOOK_MS = 5;

function injecting({ call, fault, at }: Injection): string[] {
  const what = fault === "SIGKILL" ? "signal=SIGKILL" : `error=${fault}`;
  return ["-e", `trace=${call}`, "-e", `inject=${call}:${what}:when=${at}`];
}

/** A command in front of the server's own that has it and all of its threads traced from the beginning. */
export function under(output: string, what: Injection | readonly string[]): string[] {
  const calls = "call" in what ? injecting(what) : ["-e", `trace=${what.join()}`];
  // A filter in the kernel leaves every other call alone; behind it, strace sends the first thread no signals.
  const filter = "call" in what && what.fault === "SIGKILL" ? [] : ["--seccomp-bpf"];
  return ["strace", "-f", ...filter, "-qq", "-e", "signal=none", ...calls, "-o", output];
}

/** Takes hold of one thread of a running server, or of all of them. */
export async function attach(
  { pid, output, signal }: { pid: number; output: string; signal: AbortSignal },
  what: Injection | readonly string[],
  threads: "all" | "one",
): Promise<Launched> {
  const calls = "call" in what ? injecting(what) : ["-e", `trace=${what.join()}`];
  const args = [...(threads === "all" ? ["-f"] : []), "-e", "signal=none", ...calls, "-o", output, "-p", String(pid)];
  const launched = launch({ command: "strace", args, signal });
  const end = performance.now() + ATTACH_MS;
  while (!launched.said().includes("attached")) {
    if (launched.child.exitCode !== null || performance.now() > end)
      throw new Error(`strace cannot trace the server: ${launched.said()}`);
    await sleep(LOOK_MS, undefined, { signal });
  }
  return launched;
}

/** The ids of a process's threads, by name. */
export function threadsOf(pid: number): Map<string, number> {
  const tasks = `/proc/${pid}/task`;
  return new Map(
    readdirSync(tasks).map((tid) => [readFileSync(`${tasks}/${tid}/comm`, "utf8").trim(), Number(tid)] as const),
  );
}

/** Whether the fault has come about. A call that a kill cut off returns nothing: MUST not be asked where it came from outside. */
export function cameAbout(output: string): boolean {
  return existsSync(output) && /\(INJECTED\)|= \?$/m.test(readFileSync(output, "utf8"));
}

/** How often each thread made each call, by thread and call. Lines: `123 fsync(4) = 0`. */
export function countCalls(output: string): Map<number, Map<string, number>> {
  const counts = new Map<number, Map<string, number>>();
  for (const [, tid, call] of readFileSync(output, "utf8").matchAll(/^(\d+) +([a-z0-9_]+)\(/gm)) {
    const thread = counts.get(Number(tid)) ?? new Map<string, number>();
    thread.set(call!, (thread.get(call!) ?? 0) + 1);
    counts.set(Number(tid), thread);
  }
  return counts;
}
