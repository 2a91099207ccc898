import { type Address, createPublicClient, createWalletClient, type Hex, http, toEventSelector } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { hardhat } from "viem/chains";
import { openAnchorLog } from "#src/chain/anchor-log.ts";
import { anchorLogAbi } from "#src/chain/anchor-log-abi.ts";
import { establishPlace } from "#src/chain/establish.ts";
import { checksumAddress } from "#src/core/address.ts";
import { fromHex, toHex } from "#src/core/bytes.ts";
import { keccak } from "#src/core/keccak.ts";
import type { AnchorReference } from "#src/core/receipt.ts";
import { eventually } from "#test/http/call.ts";
import { freshFacts } from "#test/ledger/anchoring-ground.ts";
import { type Anchored, anchorTreeOf, type Statement } from "./forge.ts";

/** The publisher with his key in his hand: anchors whatever he likes, past the server and its checks. */
export type Publisher = {
  rpcUrl: string;
  account: PrivateKeyAccount;
  client: ReturnType<typeof clientOf>;
  wallet: ReturnType<typeof walletOf>;
  /** Opens another log in a contract of the same code. */
  openLog(contract: Hex): Promise<EvilLog>;
  /** Goes on with a log that is there. */
  resume(place: { chainId: number; contract: Hex; log: Hex }): EvilLog;
  /** Deploys raw code. @returns its address. */
  deploy(creation: Hex): Promise<Address>;
};

export type EvilLog = {
  place: { chainId: number; contract: Hex; log: Hex };
  /** Anchors statements as the log's next index. */
  anchor(statements: readonly Statement[]): Promise<Anchored>;
  /** Anchors any root. */
  append(root: Uint8Array, size: number): Promise<AnchorReference>;
  /** Asks for an append with any index, as the publisher or as somebody else. @throws what the contract refuses it with. */
  appendAt(index: bigint, root: Uint8Array, size: number, from?: Hex): Promise<void>;
};

const clientOf = (rpcUrl: string) =>
  createPublicClient({ chain: hardhat, transport: http(rpcUrl, { retryCount: 0 }), cacheTime: 0, pollingInterval: 5 });
const walletOf = (rpcUrl: string, account: PrivateKeyAccount) =>
  createWalletClient({ account, chain: hardhat, transport: http(rpcUrl, { retryCount: 0 }) });

export function openPublisher(rpcUrl: string, publisherKey: Hex): Publisher {
  const account = privateKeyToAccount(publisherKey);
  const client = clientOf(rpcUrl);
  const wallet = walletOf(rpcUrl, account);
  let salts = 0;

  function resume(place: EvilLog["place"]): EvilLog {
    const at = { chainId: place.chainId, contract: fromHex(place.contract.toLowerCase(), 20), log: fromHex(place.log) };
    const log = openAnchorLog({ rpcUrl, publisherKey, place: at, confirmations: 1 });
    const append = async (root: Uint8Array, size: number): Promise<AnchorReference> => {
      const index = (await log.anchoredCount()) + 1;
      const { raw, hash } = await log.sign({ index, root, size });
      await log.send(raw);
      const mined = await eventually("an anchor mined", () => log.mined(hash));
      if (!mined.succeeded) throw new Error(`anchor ${index} was refused`);
      return {
        ...at,
        chainId: BigInt(place.chainId),
        index: BigInt(index),
        root,
        size: BigInt(size),
        transactionHash: hash,
        blockNumber: BigInt(mined.blockNumber),
        blockHash: mined.blockHash,
        blockTime: BigInt(mined.blockTime),
      };
    };
    return {
      place,
      append,
      async anchor(statements) {
        const tree = anchorTreeOf(statements);
        return { ...tree, anchor: await append(tree.root, tree.size) };
      },
      async appendAt(index, root, size, from = account.address) {
        await client.simulateContract({
          account: from,
          address: place.contract,
          abi: anchorLogAbi,
          functionName: "append",
          args: [place.log, index, toHex(root), BigInt(size)],
        });
      },
    };
  }

  return {
    rpcUrl,
    account,
    client,
    wallet,
    resume,
    async openLog(contract) {
      salts += 1;
      const place = await establishPlace({
        rpcUrl,
        publisherKey,
        contract,
        facts: freshFacts(),
        freshSalt: () => keccak(Uint8Array.of(salts)),
      });
      return resume({ chainId: place.chainId, contract: checksumAddress(place.contract), log: toHex(place.log) });
    },
    async deploy(creation) {
      const { contractAddress } = await client.waitForTransactionReceipt({
        hash: await wallet.sendTransaction({ data: creation }),
      });
      return contractAddress!;
    },
  };
}

/**
 * Runtime code of a contract that says yes: whatever was put at an index of a log is its root, nothing is ever marked, anybody
 * may write and write again.
 *
 * By the length of the call: 132 bytes (`append(log, index, root, size)`) store the root in slot `index` and log `Anchored`;
 * 68 (`root(log, index)`) answer the slot; anything else (`marked`, `markedSince`, `count`) answers 64 zero bytes.
 */
const YES_RUNTIME = [
  "3660841460125736604414604e5760205ff3", // by the length of the call: to append, to root, or a zero
  "5b604435602435556064355f52", // append: store the root, and in memory the size
  "6044356024356004357f", // … with root, index, log and the event's own topic
  toEventSelector("Anchored(bytes32,uint64,bytes32,uint64)").slice(2),
  "60205fa400", // … log it, and stop
  "5b602435545f5260205ff3", // root: answer the slot
].join("");

/** Code that leaves `YES_RUNTIME` behind. */
export const YES_CREATION: Hex = `0x60${(YES_RUNTIME.length / 2).toString(16)}8060095f395ff3${YES_RUNTIME}`;

/** Code that leaves one byte behind: STOP. */
export const STOP_CREATION: Hex = "0x60018060095f395ff300";
