/**
 * The thread of the embedded chain. Mining and replaying keep a core busy, which the API's event loop must not feel;
 * and a thread, unlike a child process, cannot be left behind when the server is killed.
 */

import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { type Chain, openChain } from "./chain.ts";
import { ChainFailedError, ChainStartError } from "./errors.ts";
import { PUBLISHER_BALANCE, PUBLISHER_MINIMUM } from "./genesis.ts";
import { callMethod } from "./methods.ts";
import { listen } from "./rpc-server.ts";
import type { FromWorker, ToWorker, WorkerInput } from "./worker-messages.ts";

await run(parentPort!, workerData as WorkerInput);

async function run(server: MessagePort, input: WorkerInput): Promise<void> {
  const tell = (message: FromWorker) => server.postMessage(message);
  try {
    const began = performance.now();
    // The port comes first: a second start with the same settings must not get as far as the journal.
    const rpc = await listen(input.host, input.port);
    const { chain, replayedBlocks, tornBytes } = await openChain({
      dir: input.dir,
      chainId: input.chainId,
      now: () => Math.floor(Date.now() / 1000),
      onWaiting: (reason) => tell({ kind: "waiting", reason }),
      onFailure: ({ code, message }) => tell({ kind: "failed", code, message }),
    });
    await fund(chain, input.publisher);
    rpc.serve(async (method, params) => {
      try {
        return await callMethod(chain, method, params);
      } catch (error) {
        if (isDefect(error)) tell({ kind: "defect", method, detail: String((error as Error)?.stack ?? error) });
        throw error;
      }
    });
    server.on("message", async (message: ToWorker) => {
      if (message.kind !== "stop") return;
      await rpc.stop();
      await chain.close();
      tell({ kind: "stopped" });
      server.close();
    });
    tell({
      kind: "ready",
      port: rpc.port,
      replayedBlocks,
      tornBytes,
      milliseconds: Math.round(performance.now() - began),
    });
  } catch (error) {
    if (!(error instanceof ChainStartError)) throw error;
    tell({ kind: "refused", code: error.code, message: error.message });
  }
}

/** A refusal for the caller has a number as its code; a failure of the chain is told by `onFailure`. */
const isDefect = (error: unknown): boolean =>
  !(error instanceof ChainFailedError) && typeof (error as { code?: unknown })?.code !== "number";

/** A publisher this chain has not met, or one that ran dry, is paid by the first well-known account, in a block of its own. */
async function fund(chain: Chain, publisher: string): Promise<void> {
  const balance = BigInt((await chain.read("eth_getBalance", [publisher, "latest"])) as string);
  if (balance >= PUBLISHER_MINIMUM) return;
  const [from] = (await chain.read("eth_accounts", [])) as string[];
  try {
    await chain.send({ from, to: publisher, value: `0x${PUBLISHER_BALANCE.toString(16)}` });
  } catch (error) {
    const message = `the publisher ${publisher} cannot be funded by ${from}: ${(error as Error).message}`;
    throw new ChainStartError("CHAIN_PUBLISHER_UNFUNDED", message, { cause: error });
  }
}
