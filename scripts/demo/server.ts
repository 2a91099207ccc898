import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { DemoFailure } from "./failure.ts";

/** Milliseconds that a server may take to start: an embedded chain with a long past replays it first. */
const START_MS = 60_000;
/** Milliseconds that a server may take to end, and what one look at it may take. */
const STOP_MS = 15_000;
const LOOK_MS = 2_000;
const POLL_MS = 50;
/** Lines of a server's output that are kept for the case that it fails. */
const KEPT_LINES = 40;

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

const running = z.object({ url: z.url(), rpcUrl: z.url(), pid: z.number().int().positive() });

export type Server = {
  readonly url: string;
  readonly rpcUrl: string;
  readonly apiKey: string;
  /** Whether it was started here. Otherwise it belongs to somebody else, and `stop` leaves it alone. */
  readonly startedHere: boolean;
  stop(): Promise<void>;
};

/** The server that runs over this data directory; undefined when there is none. */
export async function findServer(dataDir: string): Promise<Server | undefined> {
  const found = readRunning(dataDir);
  if (!found || !isAlive(found.pid) || !(await answers(found.url))) return undefined;
  return { ...found, apiKey: readApiKey(dataDir), startedHere: false, stop: async () => {} };
}

/**
 * Starts a server over this data directory in a process of its own, with the environment as it is.
 *
 * @throws DemoFailure with the last of its output when it does not come up.
 */
export async function startServer(dataDir: string, signal: AbortSignal): Promise<Server> {
  const child = spawn(process.execPath, [MAIN], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output.splice(0, output.push(text) - KEPT_LINES));
  }
  // However this process ends, the server does not outlive it.
  const kill = () => child.kill("SIGTERM");
  process.once("exit", kill);

  const stop = async () => {
    process.off("exit", kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(timer);
  };

  const deadline = Date.now() + START_MS;
  try {
    for (;;) {
      signal.throwIfAborted();
      // A server that crashed leaves its file behind: only this child's counts.
      const found = readRunning(dataDir);
      if (found && found.pid === child.pid) return { ...found, apiKey: readApiKey(dataDir), startedHere: true, stop };
      if (child.exitCode !== null || Date.now() > deadline) {
        const why = child.exitCode === null ? `did not start within ${START_MS / 1000} s` : "ended at once";
        throw new DemoFailure(`the server ${why}. It said:\n\n${lastLines(output)}`);
      }
      await sleep(POLL_MS, undefined, { signal });
    }
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A key that the server shows at its first start is not repeated. */
function lastLines(output: readonly string[]): string {
  const text = output.join("").replace(/\bpk_\w+\.\w+/g, "pk_…");
  return text.trim().split("\n").slice(-KEPT_LINES).join("\n");
}

function readRunning(dataDir: string): z.infer<typeof running> | undefined {
  const file = join(dataDir, "server.json");
  return existsSync(file) ? running.parse(JSON.parse(readFileSync(file, "utf8"))) : undefined;
}

function readApiKey(dataDir: string): string {
  const file = join(dataDir, "api-key");
  if (!existsSync(file)) throw new DemoFailure(`${file} is not there: the demo calls the API with the key in it`);
  return readFileSync(file, "utf8").trim();
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // ESRCH: no such process. EPERM: there is one, of another user.
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    if (error instanceof Error && "code" in error && error.code === "EPERM") return true;
    throw error;
  }
}

/** Whether something answers there as a server of ours does: the process id may be somebody else's by now. */
async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(LOOK_MS) });
    return response.ok;
  } catch (error) {
    // fetch fails with a TypeError when nothing listens, with a TimeoutError when nothing answers.
    if (error instanceof TypeError || (error instanceof DOMException && error.name === "TimeoutError")) return false;
    throw error;
  }
}
