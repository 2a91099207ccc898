import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { launch } from "../../processes.ts";

const PROGRAM = fileURLToPath(new URL("./network-program.ts", import.meta.url));
const START_MS = 60_000;
const LOOK_MS = 20;
/** Milliseconds between two blocks. */
const BLOCK_MS = 150;

export type Hex = `0x${string}`;

/** A real network of the drill's own, with all the power over it that no real network gives anybody. */
export type Network = {
  readonly url: string;
  /** Asks it directly, past every proxy. @throws Error with what it answered */
  ask<T = unknown>(method: string, params?: readonly unknown[]): Promise<T>;
  /** Makes one block now. */
  mine(): Promise<void>;
  /** No block is made by itself while this runs. */
  paused<T>(act: () => Promise<T>): Promise<T>;
  /** Goes back to a snapshot, and makes other blocks instead, more than there were: a reorganisation as nodes see it. */
  reorganise(snapshot: Hex, first?: () => Promise<void>): Promise<void>;
  /** What every block from now on asks for, in wei per gas; undefined to leave it to the network. */
  baseFee: bigint | undefined;
  stop(): Promise<void>;
};

export async function startNetwork(signal: AbortSignal): Promise<Network> {
  const launched = launch({ command: process.execPath, args: [PROGRAM], signal, keepsOutput: true });
  const deadline = performance.now() + START_MS;
  while (!launched.output().includes("\n")) {
    signal.throwIfAborted();
    const { exitCode } = launched.child;
    if (exitCode !== null || performance.now() > deadline)
      throw new Error(`the network did not start (${exitCode}):\n${launched.said()}`);
    await sleep(LOOK_MS);
  }
  const { url } = JSON.parse(launched.output()) as { url: string };
  let pauses = 0;
  let mining: Promise<void> = Promise.resolve();

  async function ask<T>(method: string, params: readonly unknown[] = []): Promise<T> {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    // A connection for each: one that is kept may be closed by the other side at the moment it is used again.
    const headers = { "content-type": "application/json", connection: "close" };
    const response = await fetch(url, { method: "POST", headers, body });
    const answer = (await response.json()) as { result?: T; error?: { message: string } };
    if (answer.error) throw new Error(`the network refuses ${method}: ${answer.error.message}`);
    return answer.result as T;
  }

  async function mine(): Promise<void> {
    if (network.baseFee !== undefined)
      await ask("hardhat_setNextBlockBaseFeePerGas", [`0x${network.baseFee.toString(16)}`]);
    await ask("evm_mine");
  }

  const timer = setInterval(() => {
    if (pauses > 0) return;
    pauses += 1;
    mining = mine()
      .catch((error: unknown) => {
        // It was ended while it made a block, or the connection broke: the next block is due in a moment.
        const ended = signal.aborted || launched.child.exitCode !== null || launched.child.signalCode !== null;
        if (!ended && !(error instanceof TypeError)) throw error;
      })
      .finally(() => {
        pauses -= 1;
      });
  }, BLOCK_MS).unref();

  const network: Network = {
    url,
    ask,
    mine,
    baseFee: undefined,
    async paused(act) {
      pauses += 1;
      try {
        await mining;
        return await act();
      } finally {
        pauses -= 1;
      }
    },
    async reorganise(snapshot, first = async () => {}) {
      await network.paused(async () => {
        const height = Number(await ask<Hex>("eth_blockNumber"));
        if (!(await ask<boolean>("evm_revert", [snapshot]))) throw new Error(`snapshot ${snapshot} is gone`);
        // Another block at the height of the first that is lost, whatever is in it.
        await ask("evm_increaseTime", [1]);
        await first();
        while (Number(await ask<Hex>("eth_blockNumber")) <= height) await mine();
      });
    },
    async stop() {
      clearInterval(timer);
      await mining;
      await launched.stop();
    },
  };
  return network;
}
