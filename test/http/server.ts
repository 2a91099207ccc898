import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { COMPILE_CACHE } from "#src/compile-cache.ts";
import { databaseOf, dropDatabaseOf } from "#test/run/engine.ts";

/** The real server as a process of its own, on free ports, over a directory of its own, and a database of it where that is what is tested. */

const MAIN = fileURLToPath(import.meta.resolve("#src/main.ts"));

/** Milliseconds within which a start must have come up or given up, on a busy machine too. */
const START_PATIENCE_MS = 30_000;

/** Settings of every server under test: free ports, anchors at once. */
const SETTINGS = { PORT: "0", TALLYROOT_CHAIN_PORT: "0", TALLYROOT_ANCHOR_INTERVAL_MS: "50" };

export type ServerFile = { url: string; rpcUrl: string; chainId: number; contract: string; log: string; pid: number };

export type Server = ServerFile & {
  dir: string;
  child: ChildProcess;
  /** What it has written to its terminal so far. */
  output: () => string;
  errors: () => string;
  /** Asks it to end and waits until it has. */
  stop: (signal?: NodeJS.Signals) => Promise<number | null>;
};

export type Ended = { code: number | null; output: string; errors: string };

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), "tallyroot-"));
}

export function removeDirectory(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
  dropDatabaseOf(dir);
}

async function launch(dir: string, settings: Record<string, string>) {
  const database = await databaseOf(dir);
  // Nothing of the caller's environment but what a program needs to run: its settings would be the server's.
  const env = {
    PATH: process.env.PATH ?? "",
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    ...SETTINGS,
    TALLYROOT_DATA_DIR: dir,
    ...(database !== undefined && { TALLYROOT_DATABASE_URL: database }),
    ...settings,
  };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  // A test that failed before it could stop its server must not keep the whole run waiting.
  child.unref();
  for (const stream of [child.stdout, child.stderr]) (stream as Socket).unref();
  const text = { output: "", errors: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text.output += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text.errors += chunk;
  });
  const closed = once(child, "close").then(() => {
    running.delete(child);
    return child.exitCode;
  });
  return { child, text, closed };
}

/**
 * Starts the server and waits until it answers.
 *
 * @param settings environment variables besides those above.
 * @throws Error with what it wrote when it ends instead.
 */
export async function startServer(dir: string, settings: Record<string, string> = {}): Promise<Server> {
  const { child, text, closed } = await launch(dir, settings);
  const ready = new Promise<void>((resolve) => {
    child.stdout?.on("data", () => text.output.includes("Tallyroot is running") && resolve());
  });
  const late = AbortSignal.timeout(START_PATIENCE_MS);
  const outcome = await Promise.race([
    ready.then(() => "ready"),
    closed.then(() => "ended"),
    once(late, "abort").then(() => "late"),
  ]);
  if (outcome !== "ready") {
    child.kill("SIGKILL");
    throw new Error(`the server did not start (${outcome}):\n${text.output}${text.errors}`);
  }
  return {
    ...serverFile(dir),
    dir,
    child,
    output: () => text.output,
    errors: () => text.errors,
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return closed;
    },
  };
}

/** Starts a server that is expected to refuse, and waits for its end. */
export async function refusedStart(dir: string, settings: Record<string, string> = {}): Promise<Ended> {
  const { child, text, closed } = await launch(dir, settings);
  const patience = setTimeout(() => child.kill("SIGKILL"), START_PATIENCE_MS);
  const code = await closed;
  clearTimeout(patience);
  return { code, ...text };
}

/** Starts a server and does not wait for anything. */
export async function launchServer(
  dir: string,
  settings: Record<string, string> = {},
): Promise<Pick<Server, "child" | "stop">> {
  const { child, closed } = await launch(dir, settings);
  return {
    child,
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return closed;
    },
  };
}

export function serverFile(dir: string): ServerFile {
  return JSON.parse(readFileSync(join(dir, "server.json"), "utf8")) as ServerFile;
}

export function apiKeyOf(dir: string): string {
  return readFileSync(join(dir, "api-key"), "utf8").trim();
}
