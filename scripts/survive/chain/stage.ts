import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Book, openBook, postUntil } from "../book.ts";
import type { Settings } from "../drill.ts";
import type { Random } from "../random.ts";
import { type Server, startServer } from "../server.ts";
import type { Network } from "./network.ts";
import { type FaultyEndpoint, startProxy } from "./proxy.ts";

const CLIENTS = 4;
const CUSTOMERS = 12;
/** Milliseconds between two posts of one client: recording all the time, and not as fast as it goes. */
const PAUSE_MS = { full: 15, part: 40 };
const LOOK_MS = 25;
/** Milliseconds until the server has to be up to date again after a fault: its longest wait between two tries is 30 seconds. */
const RECOVERY_MS = 120_000;
/** Milliseconds that a start may take in which the server is asked something. */
const RESTART_MS = 60_000;

/** The durations of a drill, in milliseconds. */
export type Pace = {
  readonly faultMs: number;
  /** Settings of the server. */
  readonly replaceAfterMs: number;
  readonly haltAfterMs: number;
  readonly intervalMs: number;
};

export type Readiness = { halted: boolean; ok: boolean; detail: string };

/** A server that anchors in a network through the proxy, while clients record. */
export type Stage = {
  readonly network: Network;
  readonly proxy: FaultyEndpoint;
  readonly dir: string;
  readonly book: Book;
  readonly settings: Settings;
  readonly pace: Pace;
  /** Changes when it is started again. */
  server: Server;
  /** Milliseconds that each recording took since it was last looked at. */
  took: number[];
  /** Recordings go on; what the server did not answer because it was killed is sent again. */
  start(): Promise<void>;
  /** Ends the clients. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
};

export const CONFIRMATIONS = 3;

export type StageOptions = {
  settings: Settings;
  pace: Pace;
  network: Network;
  name: string;
  publisherKey: string;
  random: Random;
  contract?: string;
};

export async function openStage(options: StageOptions): Promise<Stage> {
  const { settings, pace, network, name, publisherKey, random, contract } = options;
  const dir = join(settings.dir, name);
  mkdirSync(dir);
  const proxy = await startProxy(network.url);
  const book = openBook(CUSTOMERS);
  const launch = () =>
    startServer({
      dir,
      signal: settings.signal,
      settings: {
        TALLYROOT_CHAIN: "rpc",
        TALLYROOT_RPC_URL: proxy.url,
        TALLYROOT_PUBLISHER_KEY: publisherKey,
        TALLYROOT_CONFIRMATIONS: String(CONFIRMATIONS),
        TALLYROOT_ANCHOR_INTERVAL_MS: String(pace.intervalMs),
        TALLYROOT_REPLACE_AFTER_MS: String(pace.replaceAfterMs),
        TALLYROOT_HALT_AFTER_MS: String(pace.haltAfterMs),
        ...(contract && { TALLYROOT_CONTRACT: contract }),
      },
    });
  let recording = true;
  const clients: Promise<void>[] = [];

  /** One post after the other, whatever becomes of the server meanwhile. */
  async function client(): Promise<void> {
    while (recording) {
      const posted = new AbortController();
      await postUntil(stage.server, book, random, posted.signal, (milliseconds) => {
        stage.took.push(milliseconds);
        posted.abort();
      });
      await sleep(settings.full ? PAUSE_MS.full : PAUSE_MS.part);
    }
  }

  const stage: Stage = {
    network,
    proxy,
    dir,
    book,
    settings,
    pace,
    server: await launch(),
    took: [],
    async start() {
      stage.server = await launch();
    },
    async quiet() {
      recording = false;
      await Promise.all(clients);
    },
    async stop() {
      await stage.quiet();
      await stage.server.stop();
      await proxy.stop();
    },
  };
  clients.push(...Array.from({ length: CLIENTS }, client));
  return stage;
}

/** What the server answers; while it is started again that takes a while. */
async function asked(stage: Pick<Stage, "server">, path: string): Promise<Response> {
  const deadline = performance.now() + RESTART_MS;
  for (;;) {
    try {
      return await fetch(`${stage.server.url}${path}`);
    } catch (error) {
      // What fetch throws when the other side is gone, and nothing else.
      if (!(error instanceof TypeError) || performance.now() > deadline) throw error;
    }
    await sleep(LOOK_MS);
  }
}

/** What the server says about its anchoring. */
export async function readiness(stage: Pick<Stage, "server">): Promise<Readiness> {
  const response = await asked(stage, "/readyz");
  const answer = (await response.json()) as {
    data?: { checks: { anchoring: { ok: boolean; detail: string } } };
    error?: { details: { checks: { anchoring: { ok: boolean; detail: string } } } };
  };
  const checks = answer.data?.checks ?? answer.error?.details.checks;
  if (!checks) throw new Error(`/readyz: ${response.status} ${JSON.stringify(answer)}`);
  return { halted: response.status === 503, ...checks.anchoring };
}

/** Anchoring has halted, and says why. */
export class HaltedError extends Error {
  override readonly name = "HaltedError";
}

/** Something that has to come about did not. */
export class LateError extends Error {
  override readonly name = "LateError";
}

/** Whether it is the server that is to blame for an error. */
export const isServers = (error: unknown): error is Error => error instanceof HaltedError || error instanceof LateError;

/** Waits until `look` finds something. @throws HaltedError as soon as anchoring has halted; LateError when it takes too long */
export async function eventually<T>(
  stage: Pick<Stage, "server" | "settings">,
  what: string,
  look: () => Promise<T | undefined>,
  mostMs = RECOVERY_MS,
): Promise<T> {
  const deadline = performance.now() + mostMs;
  for (;;) {
    stage.settings.signal.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    const { halted, detail } = await readiness(stage);
    if (halted) throw new HaltedError(detail);
    if (performance.now() > deadline) throw new LateError(`${what}: not within ${mostMs} ms: ${detail}`);
    await sleep(LOOK_MS);
  }
}

/** Waits until everything that was recorded up to now is VERIFIED. @returns the milliseconds that it took. */
export async function caughtUp(stage: Pick<Stage, "server" | "settings">): Promise<number> {
  const began = Date.now();
  return eventually(stage, "everything VERIFIED", async () => {
    const text = await (await asked(stage, "/metrics")).text();
    const lag = /^tallyroot_anchor_lag_seconds (\S+)$/m.exec(text);
    if (!lag) throw new Error("/metrics has no lag");
    const now = Date.now();
    return Number(lag[1]) * 1000 < now - began ? now - began : undefined;
  });
}

export type AnchorView = {
  index: number;
  root: string;
  status: "PREPARED" | "SENT" | "CONFIRMED";
  transactionHash: string | null;
  blockHash: string | null;
  blockNumber: number | null;
};

/** The latest anchors, newest first. */
export async function anchors(stage: Pick<Stage, "server">, offset = 0, limit = 1000): Promise<AnchorView[]> {
  const response = await asked(stage, `/api/v1/anchors?limit=${limit}&offset=${offset}`);
  return ((await response.json()) as { data: { anchors: AnchorView[] } }).data.anchors;
}
