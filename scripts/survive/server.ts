import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Launched, launch } from "../processes.ts";

const START = fileURLToPath(new URL("../../src/start.ts", import.meta.url));
/** Milliseconds that a start may take before it counts as failed, and between two looks. */
const START_MS = 60_000;
const LOOK_MS = 5;

/** The real server as a process, on free ports, over a directory that outlives it. */
export type Server = {
  readonly url: string;
  readonly rpcUrl: string;
  readonly apiKey: string;
  readonly pid: number;
  /** Milliseconds from the start of the process to the first `/healthz` that answered. */
  readonly startMs: number;
  /** The last of what it wrote. */
  said(): string;
  /** Ends it at once (SIGKILL), and waits until it is gone. */
  kill(): Promise<void>;
  /** Asks it to end (SIGTERM), and waits until it has. */
  stop(): Promise<void>;
  /** Resolves with its exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
};

export type StartOptions = {
  readonly dir: string;
  readonly signal: AbortSignal;
  /** Environment variables beside those that every server of a drill has. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A command with its arguments that runs the server's own command behind it, such as `strace -f …`. */
  readonly under?: readonly string[];
};

/** The server ended, or did not answer, before it could be used. */
export class NotStartedError extends Error {
  override readonly name = "NotStartedError";
}

/** @throws NotStartedError with what it wrote. */
export async function startServer({ dir, signal, settings = {}, under = [] }: StartOptions): Promise<Server> {
  const began = performance.now();
  const [command, ...args] = [...under, process.execPath, START];
  const launched = launch({
    command: command!,
    args,
    signal,
    settings: {
      PORT: "0",
      TALLYROOT_CHAIN_PORT: "0",
      TALLYROOT_ANCHOR_INTERVAL_MS: "100",
      TALLYROOT_DATA_DIR: dir,
      ...settings,
    },
  });
  const running = await answering(dir, launched, signal, began + START_MS).catch(async (error: unknown) => {
    launched.child.kill("SIGKILL");
    await launched.ended;
    throw error;
  });
  return {
    ...running,
    startMs: performance.now() - began,
    apiKey: readFileSync(join(dir, "api-key"), "utf8").trim(),
    said: launched.said,
    async kill() {
      killHard(running.pid);
      await launched.ended;
    },
    stop: launched.stop,
    ended: launched.ended,
  };
}

/** Behind another command, the server is not the child itself. */
function killHard(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

async function answering(dir: string, { child, said }: Launched, signal: AbortSignal, deadline: number) {
  // A file that a killed server left is removed by the next before it does anything else; until then it must not count.
  const before = readRunning(dir)?.pid;
  for (;;) {
    signal.throwIfAborted();
    if (child.exitCode !== null || child.signalCode !== null)
      throw new NotStartedError(`the server ended with ${child.exitCode ?? child.signalCode}:\n${said()}`);
    if (performance.now() > deadline) throw new NotStartedError(`the server did not answer in time:\n${said()}`);
    const found = readRunning(dir);
    if (found && found.pid !== before) {
      const { status } = await fetch(`${found.url}/healthz`, { signal });
      if (status === 200) return found;
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
}

function readRunning(dir: string): { url: string; rpcUrl: string; pid: number } | undefined {
  const file = join(dir, "server.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}
