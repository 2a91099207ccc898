import { encodeFunctionData } from "viem";
import { anchorLogAbi } from "../../../src/chain/anchor-log-abi.ts";
import { outbid, pending } from "./events.ts";
import { SOMEBODY } from "./keys.ts";
import type { Hex, Network } from "./network.ts";
import type { Stage } from "./stage.ts";

/** What no waiting can mend: anchoring halts, by name, and recording goes on. One kind a line. */

/** Where a server anchors, and the code that is there. */
export type Place = { contract: Hex; log: Hex; code: Hex };

export type Takeover = {
  readonly name: string;
  /** What the reason has to say. */
  readonly reason: RegExp;
  bring(stage: Stage, account: Hex, place: Place): Promise<void>;
};

/** Runtime that returns one word of zeros, whatever it is asked. */
const ZEROS = "0x60205ff3";
const OTHER_ROOT: Hex = `0x${"ee".repeat(32)}`;
/** Where an append has its index: after the selector and the log. */
const INDEX_AT = 2 + 8 + 64;

/** What happens to one log alone. */
export const TAKEOVERS: readonly Takeover[] = [
  {
    name: "somebody else with the publisher's key anchors another root",
    reason: /somebody else uses the publisher's key/,
    bring: (stage, account, { contract, log }) =>
      stage.network.paused(async () => {
        const rival = await pending(stage, account);
        const index = BigInt(`0x${rival.input.slice(INDEX_AT, INDEX_AT + 64)}`);
        const args = [log, index, OTHER_ROOT, 1n] as const;
        await outbid(stage, rival, {
          to: contract,
          data: encodeFunctionData({ abi: anchorLogAbi, functionName: "append", args }),
        });
      }),
  },
  {
    name: "another copy of the database anchors the same root",
    reason: /another copy of this database/,
    bring: (stage, account) =>
      stage.network.paused(async () => {
        const rival = await pending(stage, account);
        await outbid(stage, rival, { to: rival.to, data: rival.input });
      }),
  },
  {
    name: "the log is handed over",
    reason: /was handed over: its publisher is 0x[0-9a-fA-F]{40} now/,
    async bring({ network }, account, { contract, log }) {
      const offer = encodeFunctionData({ abi: anchorLogAbi, functionName: "offerPublisher", args: [log, SOMEBODY] });
      const accept = encodeFunctionData({ abi: anchorLogAbi, functionName: "acceptPublisher", args: [log] });
      await carryOut(network, { from: account, to: contract, data: offer });
      await carryOut(network, { from: SOMEBODY, to: contract, data: accept });
    },
  },
];

export const OTHER_CODE: Takeover = {
  name: "other code is at the contract's address",
  reason: /is not there any more/,
  async bring({ network }, _, { contract }) {
    await network.ask("hardhat_setCode", [contract, ZEROS]);
  },
};

/** Sends a transaction and puts it into a block, before anybody else's comes in between. */
async function carryOut(network: Network, transaction: { from: Hex; to: Hex; data: Hex }): Promise<void> {
  await network.paused(async () => {
    const hash = await network.ask<Hex>("eth_sendTransaction", [transaction]);
    await network.mine();
    const receipt = await network.ask<{ status: Hex } | null>("eth_getTransactionReceipt", [hash]);
    if (receipt?.status !== "0x1") throw new Error(`transaction ${hash} did not do what it should`);
  });
}
