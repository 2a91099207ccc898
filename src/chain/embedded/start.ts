import { Worker } from "node:worker_threads";
import type { Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { compileCacheOfThread } from "../../compile-cache.ts";
import { ChainFailedError, ChainStartError } from "./errors.ts";
import { DEFAULT_CHAIN_ID } from "./genesis.ts";
import { holdNativeLibrary } from "./native-library.ts";
import type { FromWorker, ToWorker, WorkerInput } from "./worker-messages.ts";

/** How long the chain's thread may take to stop, in milliseconds; it is ended after that, which loses nothing. */
const STOP_PATIENCE = 5000;

/** Where a client finds a server that listens on every interface. */
const LOOPBACK: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

export interface ChainLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface EmbeddedChainOptions {
  /** Where `chain.journal` is kept; made if it is not there. */
  dir: string;
  /** 0 takes a free one. */
  port: number;
  host: string;
  /** Its account is funded; the key itself stays in this thread. */
  publisherKey: Hex;
  chainId?: number;
  log: ChainLog;
}

export interface EmbeddedChain {
  rpcUrl: string;
  chainId: number;
  /** Closes the port and ends the thread, with the journal complete. May be called twice. */
  stop(): Promise<void>;
  /** Resolves, never rejects, when the chain has died by itself; stays open when it was stopped. */
  failed: Promise<ChainFailedError>;
  /** Ends the thread at once, as a power cut would. For drills. */
  kill(): Promise<void>;
}

/**
 * Starts the Hardhat network kept in `dir` in a thread of its own and serves it over JSON-RPC.
 *
 * The same directory brings back the same chain: addresses, transaction hashes and block hashes. Whatever a caller was
 * told over the port is found again after `kill -9`.
 *
 * Errors: ChainStartError, whose `code` says what is wrong with the port or the journal.
 */
export async function startEmbeddedChain(options: EmbeddedChainOptions): Promise<EmbeddedChain> {
  const { dir, port, host, publisherKey, chainId = DEFAULT_CHAIN_ID, log } = options;
  const publisher = privateKeyToAccount(publisherKey).address;
  holdNativeLibrary();
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    workerData: { dir, port, host, chainId, publisher } satisfies WorkerInput,
    // The thread sees nothing of the server's environment, and Hardhat does not ask for statistics.
    env: { HARDHAT_DISABLE_TELEMETRY: "true", ...compileCacheOfThread() },
    // Nor its flags: with those of `node --eval` no file could be run here.
    execArgv: [],
    name: "embedded-chain",
  });
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  const failed = Promise.withResolvers<ChainFailedError>();
  const ready = Promise.withResolvers<Extract<FromWorker, { kind: "ready" }>>();
  let stopping: Promise<void> | undefined;

  const die = (error: ChainFailedError) => {
    if (stopping !== undefined) return;
    ready.reject(new ChainStartError(error.code, error.message, { cause: error }));
    failed.resolve(error);
  };
  worker.on("message", (message: FromWorker) => {
    if (message.kind === "ready") ready.resolve(message);
    if (message.kind === "refused") ready.reject(new ChainStartError(message.code, message.message));
    if (message.kind === "failed") die(new ChainFailedError(message.code, message.message));
    if (message.kind === "waiting") {
      const problem = `the chain journal in ${dir} cannot be written now: ${message.reason}`;
      // Whoever starts a server is told at once.
      ready.reject(new ChainStartError("CHAIN_JOURNAL_UNWRITABLE", problem));
      log.warn(message, `${problem}; the chain waits until it can`);
    }
    if (message.kind === "defect") log.error(message, "a request to the embedded chain met a defect");
  });
  worker.once("error", (error) => {
    die(new ChainFailedError("CHAIN_CRASHED", `the embedded chain crashed: ${String(error)}`, { cause: error }));
  });
  worker.once("exit", () => die(new ChainFailedError("CHAIN_CRASHED", "the thread of the embedded chain ended")));

  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      worker.postMessage({ kind: "stop" } satisfies ToWorker);
      const impatience = setTimeout(() => worker.terminate(), STOP_PATIENCE);
      await ended;
      clearTimeout(impatience);
    })();
    return stopping;
  };

  try {
    const { port: taken, replayedBlocks, tornBytes, milliseconds } = await ready.promise;
    const reachable = LOOPBACK[host] ?? host;
    const rpcUrl = `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${taken}`;
    if (tornBytes > 0) log.warn({ dir, tornBytes }, "cut off a journal line whose writing had been interrupted");
    log.info({ rpcUrl, chainId, replayedBlocks, milliseconds }, "embedded chain is up");
    const kill = async () => void (await worker.terminate());
    return { rpcUrl, chainId, stop, failed: failed.promise, kill };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}
