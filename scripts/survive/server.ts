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

/** Starts the process and waits for nothing. */
export function launchServer({ dir, signal, settings = {}, under = [] }: StartOptions): Launched {
  const [command, ...args] = [...under, process.execPath, START];
  return launch({
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
}

/** @throws NotStartedError with what it wrote. */
export async function startServer(options: StartOptions): Promise<Server> {
  const { dir, signal, under = [] } = options;
  const began = performance.now();
  const launched = launchServer(options);
  const behind = under.length > 0;
  const endHard = () => {
    if (behind) endChildren(launched);
    launched.child.kill("SIGKILL");
  };
  if (behind) signal.addEventListener("abort", endHard, { once: true });
  const running = await answering(dir, launched, signal, began + START_MS).catch(async (error: unknown) => {
    endHard();
    await launched.ended;
    throw error;
  });
  return {
    ...running,
    startMs: performance.now() - began,
    apiKey: readFileSync(join(dir, "api-key"), "utf8").trim(),
    said: launched.said,
    async kill() {
      sendSignal(running.pid, "SIGKILL");
      await launched.ended;
    },
    async stop() {
      if (behind) sendSignal(running.pid, "SIGTERM");
      await (behind ? launched.ended : launched.stop());
    },
    ended: launched.ended,
  };
}

/** Behind another command the server is that one's child, which would outlive it: untraced, its calls would be refused one and all. */
function endChildren({ child }: Launched): void {
  const children = `/proc/${child.pid}/task/${child.pid}/children`;
  if (!existsSync(children)) return;
  for (const pid of readFileSync(children, "utf8").trim().split(" ").filter(Boolean))
    sendSignal(Number(pid), "SIGKILL");
}

function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
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
      if (await isHealthy(found.url, signal)) return found;
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
}

async function isHealthy(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`, { signal })).status === 200;
  } catch (error) {
    // What fetch throws when the other side is gone, which the next look finds out, and nothing else.
    if (!(error instanceof TypeError)) throw error;
    return false;
  }
}

function readRunning(dir: string): { url: string; rpcUrl: string; pid: number } | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, "server.json"), "utf8"));
  } catch (error) {
    // There is none, or none any more: a server that starts takes away what one before it has left.
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    return undefined;
  }
}
