import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Launched, launch } from "../processes.ts";

const START = fileURLToPath(new URL("../../src/start.ts", import.meta.url));

/** Milliseconds that a server may take to start, and between two looks whether it has. */
const START_MS = 300_000;
const LOOK_MS = 2;
/** Milliseconds between two looks at how much is anchored, and how long nothing may come of it. */
const POLL_MS = 100;
const STALLED_MS = 120_000;

/** The anchor interval of a server that shall not anchor while it is measured: the longest there is, a day. */
export const NO_ANCHORS = 86_400_000;
/** The one that a server has unless it is told otherwise. */
export const DEFAULT_INTERVAL = 2_000;

export type Server = {
  readonly url: string;
  /** Of the chain that it anchors in. */
  readonly rpcUrl: string;
  readonly apiKey: string;
  readonly pid: number;
  /** Milliseconds from the start of its process to the first `/readyz` that said 200. */
  readonly startMs: number;
  stop(): Promise<void>;
};

export type ServerOptions = {
  readonly dir: string;
  readonly signal: AbortSignal;
  readonly anchorIntervalMs?: number;
  /** What is run with Node; else `npm start`'s. */
  readonly program?: readonly string[];
  /** Environment variables beside those that every server of the bench has. */
  readonly settings?: Readonly<Record<string, string>>;
};

/** Runs a server for as long as the work takes: the real process, with a file and a chain of its own. */
export async function withServer<T>(options: ServerOptions, work: (server: Server) => Promise<T>): Promise<T> {
  const server = await startServer(options);
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

/** @throws Error with the last of its output when it does not come up. */
export async function startServer({
  dir,
  signal,
  anchorIntervalMs,
  program = [START],
  settings = {},
}: ServerOptions): Promise<Server> {
  const began = performance.now();
  const launched = launch({
    command: process.execPath,
    args: program,
    signal,
    settings: {
      PORT: "0",
      TALLYROOT_CHAIN_PORT: "0",
      TALLYROOT_DATA_DIR: dir,
      TALLYROOT_ANCHOR_INTERVAL_MS: String(anchorIntervalMs ?? DEFAULT_INTERVAL),
      ...settings,
    },
  });
  try {
    const { url, rpcUrl, pid } = await answering(dir, launched, signal);
    const startMs = performance.now() - began;
    const apiKey = readFileSync(join(dir, "api-key"), "utf8").trim();
    return { url, rpcUrl, apiKey, pid, startMs, stop: launched.stop };
  } catch (error) {
    await launched.stop();
    throw error;
  }
}

async function answering(dir: string, { child, said }: Launched, signal: AbortSignal) {
  const file = join(dir, "server.json");
  const deadline = Date.now() + START_MS;
  for (;;) {
    signal.throwIfAborted();
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      throw new Error(`the server did not start. It said:\n${said()}`);
    }
    // The file of a server that was killed is another's.
    const found = existsSync(file)
      ? (JSON.parse(readFileSync(file, "utf8")) as { url: string; rpcUrl: string; pid: number })
      : undefined;
    if (found !== undefined && found.pid === child.pid) {
      const { status } = await fetch(`${found.url}/readyz`, { signal });
      if (status === 200) return found;
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
}

/** What an answer of the API holds. @throws Error with the answer when it is a refusal. */
export async function ask<T>(
  { url, apiKey }: Pick<Server, "url" | "apiKey">,
  path: string,
  { signal, post, base = "/api/v1" }: { signal: AbortSignal; post?: object; base?: string },
): Promise<T> {
  const headers = { "X-Api-Key": apiKey, "Content-Type": "application/json" };
  const response = await fetch(`${url}${base}${path}`, {
    headers,
    signal,
    ...(post && { method: "POST", body: JSON.stringify(post) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return (JSON.parse(text) as { data: T }).data;
}

/** How many deltas are on record, at whatever size of it in no time. */
export async function recordedBy({ url }: Pick<Server, "url">, signal: AbortSignal): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { signal })).text();
  const [, count] = /^tallyroot_deltas_recorded_total (\d+)$/m.exec(text) ?? [];
  if (count === undefined) throw new Error("/metrics has no tallyroot_deltas_recorded_total");
  return Number(count);
}

/** How many deltas are on record and how many of them are in a confirmed anchor, summed up over all ledgers. */
export async function anchoredBy(server: Server, signal: AbortSignal): Promise<{ anchored: number; pending: number }> {
  type Summary = { verifiedDeltas: number; pendingDeltas: number };
  const summary = await ask<Summary>(server, "/balance/customers/summary", { signal });
  return { anchored: summary.verifiedDeltas, pending: summary.pendingDeltas };
}

/** Waits until everything on record is anchored, so that what is measured next has the machine to itself. */
export async function allAnchored(server: Server, signal: AbortSignal): Promise<void> {
  let [most, since] = [-1, Date.now()];
  for (;;) {
    const { anchored, pending } = await anchoredBy(server, signal);
    if (pending === 0) return;
    if (anchored > most) [most, since] = [anchored, Date.now()];
    if (Date.now() - since > STALLED_MS) {
      const { checks } = await ask<{ checks: object }>(server, "/readyz", { signal, base: "" });
      throw new Error(`${anchored} deltas are anchored, ${pending} are not, for minutes: ${JSON.stringify(checks)}`);
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}
