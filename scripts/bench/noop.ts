import { setTimeout as sleep } from "node:timers/promises";
import { launch } from "../processes.ts";
import { programPath } from "./programs.ts";

/** Milliseconds between two looks whether it has told its port. */
const LOOK_MS = 10;

/** Runs the no-op server for as long as the work takes. */
export async function withNoop<T>(signal: AbortSignal, work: (url: string) => Promise<T>): Promise<T> {
  const args = [programPath("noop-server")];
  const server = launch({ command: process.execPath, args, signal, keepsOutput: true });
  try {
    while (!server.output().includes("\n")) {
      if (server.child.exitCode !== null) throw new Error(`the no-op server did not start:\n${server.said()}`);
      await sleep(LOOK_MS, undefined, { signal });
    }
    return await work(`http://127.0.0.1:${server.output().trim()}`);
  } finally {
    await server.stop();
  }
}
