import { setTimeout as sleep } from "node:timers/promises";
import { fromHex, toHex } from "../../../src/core/bytes.ts";
import { keccak } from "../../../src/core/keccak.ts";
import type { Hex } from "./network.ts";
import { type AnchorView, anchors, eventually, readiness, type Stage } from "./stage.ts";

/** What networks and accounts do to a server that anchors, one kind a line: each ends by itself, and nothing of it is for good. */

export type ChainEvent = {
  readonly name: string;
  /** @returns what was counted. @throws Error when it could not be brought about, or did not end as it has to */
  bring(stage: Stage, account: Hex): Promise<Record<string, number>>;
};

/** Milliseconds in which the server gets to see what is. */
const SEEING_MS = 400;
const STRANGERS = 5;

type Pending = { hash: Hex; nonce: Hex; input: Hex; to: Hex; from: Hex; maxFeePerGas: Hex; maxPriorityFeePerGas: Hex };

/** The server's transaction that waits for a block. */
export function pending(stage: Stage, account: Hex): Promise<Pending> {
  return eventually(stage, "a transaction waits for its block", async () => {
    const waiting = await stage.network.ask<Pending[]>("eth_pendingTransactions");
    return waiting.find(({ from }) => from.toLowerCase() === account.toLowerCase());
  });
}

/** Takes the place of a transaction that waits, by paying twice as much. */
export async function outbid({ network }: Stage, rival: Pending, instead: { to: Hex; data: Hex }): Promise<Hex> {
  const twice = (fee: Hex): Hex => `0x${(2n * BigInt(fee)).toString(16)}`;
  const { from, nonce, maxFeePerGas, maxPriorityFeePerGas } = rival;
  const fees = { maxFeePerGas: twice(maxFeePerGas), maxPriorityFeePerGas: twice(maxPriorityFeePerGas) };
  return network.ask<Hex>("eth_sendTransaction", [{ from, nonce, gas: "0x30d40", ...fees, ...instead }]);
}

const isMined = async ({ network }: Stage, hash: string): Promise<boolean> =>
  (await network.ask("eth_getTransactionReceipt", [hash])) !== null;

/** Waits for an anchor above this index to be CONFIRMED. */
const confirmedAbove = (stage: Stage, index: number): Promise<AnchorView[]> =>
  eventually(stage, `an anchor above ${index} CONFIRMED`, async () => {
    const found = (await anchors(stage, 0, 10)).filter((one) => one.index > index && one.status === "CONFIRMED");
    return found.length > 0 ? found : undefined;
  });

const latestIndex = async (stage: Stage): Promise<number> => (await anchors(stage, 0, 1))[0]?.index ?? 0;

/** Waits until anchors that lost their blocks are CONFIRMED in others. @returns how many were seen on their way meanwhile. */
async function inOtherBlocks(stage: Stage, lost: readonly AnchorView[]): Promise<number> {
  const seen = new Set<number>();
  await eventually(stage, "anchors CONFIRMED in other blocks", async () => {
    const now = new Map((await anchors(stage, 0, 1000)).map((one) => [one.index, one]));
    for (const { index } of lost) if (now.get(index)?.status !== "CONFIRMED") seen.add(index);
    const settled = lost.every(({ index, blockHash }) => {
      const one = now.get(index);
      return one?.status === "CONFIRMED" && one.blockHash !== blockHash;
    });
    return settled || undefined;
  });
  return seen.size;
}

/** Brings anchors to their end after a snapshot, and then the chain back to it. */
async function reorganiseFinal(
  stage: Stage,
  first: (mined: readonly string[]) => Promise<void>,
): Promise<AnchorView[]> {
  const { network, proxy } = stage;
  const before = proxy.sent.length;
  const [snapshot, index] = await network.paused(async () => [
    await network.ask<Hex>("evm_snapshot"),
    await latestIndex(stage),
  ]);
  const lost = await confirmedAbove(stage, index);
  const sent = proxy.sent.slice(before);
  await network.paused(async () => {
    const mined: string[] = [];
    for (const raw of sent) if (await isMined(stage, toHex(keccak(fromHex(raw))))) mined.push(raw);
    await network.reorganise(snapshot, () => first(mined));
  });
  return lost;
}

export const EVENTS: readonly ChainEvent[] = [
  {
    name: "a reorganisation before an anchor is final",
    async bring(stage, account) {
      const { network } = stage;
      return network.paused(async () => {
        const snapshot = await network.ask<Hex>("evm_snapshot");
        const { hash } = await pending(stage, account);
        await network.mine();
        await sleep(SEEING_MS);
        await network.reorganise(snapshot);
        if (await isMined(stage, hash)) throw new Error("the block was not lost");
        return { "blocks lost": 1 };
      });
    },
  },
  {
    name: "a reorganisation after anchors were final",
    async bring(stage) {
      const lost = await reorganiseFinal(stage, async () => {});
      return { "anchors lost": lost.length, "seen on their way again": await inOtherBlocks(stage, lost) };
    },
  },
  {
    name: "a reorganisation in which the same transactions land in other blocks",
    async bring(stage) {
      const { network } = stage;
      const lost = await reorganiseFinal(stage, async (mined) => {
        await network.mine();
        for (const raw of mined) {
          await network.ask("eth_sendRawTransaction", [raw]);
          await network.mine();
        }
      });
      await inOtherBlocks(stage, lost);
      const now = new Map((await anchors(stage)).map((one) => [one.index, one]));
      const others = lost.filter((one) => now.get(one.index)?.transactionHash !== one.transactionHash);
      if (others.length > 0) throw new Error(`anchor ${others[0]!.index} is in another transaction`);
      return { "anchors moved": lost.length };
    },
  },
  {
    name: "the base fee rises above what a transaction offers",
    async bring(stage, account) {
      const { network, proxy } = stage;
      const before = await network.paused(async () => {
        const found = await pending(stage, account);
        network.baseFee = 3n * BigInt(found.maxFeePerGas);
        return { ...found, sent: proxy.sent.length };
      });
      const index = await latestIndex(stage);
      await confirmedAbove(stage, index - 1);
      network.baseFee = undefined;
      if (await isMined(stage, before.hash)) throw new Error("the cheap transaction got into a block");
      return { replacements: proxy.sent.length - before.sent };
    },
  },
  {
    name: "a transaction is dropped from the pool",
    async bring(stage, account) {
      const { network } = stage;
      const dropped = await network.paused(async () => {
        const { hash } = await pending(stage, account);
        return network.ask<boolean>("hardhat_dropTransaction", [hash]);
      });
      return { dropped: Number(dropped) };
    },
  },
  {
    name: "somebody else's transaction takes the nonce of one that waits",
    async bring(stage, account) {
      const { network } = stage;
      const [ours, theirs, index] = await network.paused(async () => {
        const found = await pending(stage, account);
        return [found.hash, await outbid(stage, found, { to: account, data: "0x" }), await latestIndex(stage)];
      });
      await confirmedAbove(stage, index - 1);
      if ((await isMined(stage, ours)) || !(await isMined(stage, theirs))) throw new Error("the nonce was not taken");
      return { "nonces taken": 1 };
    },
  },
  {
    name: "somebody else uses the publisher's key for other things",
    async bring({ network }, account) {
      for (let sent = 0; sent < STRANGERS; sent++) {
        await network.ask("eth_sendTransaction", [{ from: account, to: account, value: "0x1" }]);
        await sleep(SEEING_MS / 2);
      }
      return { transactions: STRANGERS };
    },
  },
  {
    name: "the publisher's account is empty for a while",
    async bring(stage, account) {
      const { network } = stage;
      const balance = await network.ask<Hex>("eth_getBalance", [account, "latest"]);
      await network.ask("hardhat_setBalance", [account, "0x0"]);
      await eventually(stage, "anchoring says that money is missing", async () =>
        /funds|balance/i.test((await readiness(stage)).detail) ? true : undefined,
      );
      await sleep(stage.pace.faultMs);
      await network.ask("hardhat_setBalance", [account, balance]);
      return { "waited with a reason": 1 };
    },
  },
  {
    name: "the chain makes no blocks for a while",
    async bring(stage) {
      const [before, after] = await stage.network.paused(async () => {
        const height = await stage.network.ask<Hex>("eth_blockNumber");
        await sleep(2 * stage.pace.faultMs);
        return [height, await stage.network.ask<Hex>("eth_blockNumber")];
      });
      if (before !== after) throw new Error("there were blocks");
      return { "seconds without a block": (2 * stage.pace.faultMs) / 1000 };
    },
  },
];
