import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createPublicClient, createWalletClient, getContract, type Hex, http, keccak256 } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { hardhat } from "viem/chains";
import { openAnchorLog } from "#src/chain/anchor-log.ts";
import { anchorLogAbi } from "#src/chain/anchor-log-abi.ts";
import { type EmbeddedChain, startEmbeddedChain } from "#src/chain/embedded/start.ts";
import { type EstablishedPlace, establishPlace, type PlaceFacts } from "#src/chain/establish.ts";
import { checksumAddress } from "#src/core/address.ts";
import { toHex } from "#src/core/bytes.ts";
import { anchorRound } from "#src/ledger/anchor.ts";
import { openDoubts } from "#src/ledger/doubts.ts";
import type { AnchorChain } from "#src/ledger/ports/anchoring.ts";
import type { OpenRecord } from "#test/storage/record-folder.ts";
import { temporaryFolder } from "#test/storage/record-folder.ts";

/** As long as a server takes by default. */
export const HALT_AFTER_MS = 120_000;
export const PUBLISHER_KEY: Hex = `0x${"17".repeat(32)}`;
export const PUBLISHER = privateKeyToAccount(PUBLISHER_KEY);

/** A real embedded chain, and in front of it a wire that can be cut. */
export type Ground = {
  chain: EmbeddedChain;
  wire: Wire;
  client: ReturnType<typeof createPublicClient>;
  wallet: ReturnType<typeof walletOf>;
  /** An account with ether that is not the publisher's. */
  someoneElse(): Promise<Hex>;
  stop(): Promise<void>;
};

export type Wire = {
  rpcUrl: string;
  /** `drops`: signed transactions are accepted and lost. `dead`: every connection is cut. */
  state: "whole" | "drops" | "dead";
  /** The signed transactions that were lost. */
  dropped: Hex[];
};

/** Forwards JSON-RPC to the real chain, as far as its state allows. */
async function startWire(target: string): Promise<{ wire: Wire; server: Server }> {
  const wire: Wire = { rpcUrl: "", state: "whole", dropped: [] };
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    if (wire.state === "dead") {
      response.destroy();
      return;
    }
    const call = JSON.parse(body) as { id: number; method: string; params: [Hex] };
    response.setHeader("content-type", "application/json");
    if (wire.state === "drops" && call.method === "eth_sendRawTransaction") {
      wire.dropped.push(call.params[0]);
      response.end(JSON.stringify({ jsonrpc: "2.0", id: call.id, result: keccak256(call.params[0]) }));
      return;
    }
    const headers = { "content-type": "application/json" };
    response.end(await (await fetch(target, { method: "POST", headers, body })).text());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  wire.rpcUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { wire, server };
}

const walletOf = (rpcUrl: string) =>
  createWalletClient({ account: PUBLISHER, chain: hardhat, transport: http(rpcUrl) });

export async function startGround(): Promise<Ground> {
  const folder = temporaryFolder();
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const options = { dir: folder.dir, port: 0, host: "127.0.0.1", publisherKey: PUBLISHER_KEY, log };
  const chain = await startEmbeddedChain(options);
  const { wire, server } = await startWire(chain.rpcUrl);
  const transport = http(chain.rpcUrl);
  const client = createPublicClient({ chain: hardhat, transport, cacheTime: 0, pollingInterval: 10 });
  return {
    chain,
    wire,
    client: client as ReturnType<typeof createPublicClient>,
    wallet: walletOf(chain.rpcUrl),
    someoneElse: async () => (await createWalletClient({ chain: hardhat, transport }).getAddresses())[3]!,
    async stop() {
      server.closeAllConnections();
      server.close();
      await chain.stop();
      folder.remove();
    },
  };
}

/** Facts of a data directory that was not used before. */
export function freshFacts(): PlaceFacts & { all: Map<string, string> } {
  const all = new Map<string, string>();
  return { all, get: (name) => all.get(name), set: (name, value) => void all.set(name, value) };
}

/** A fresh log, with the publisher's way to it through the wire. */
export type Log = { place: EstablishedPlace; chain: AnchorChain; contract: ReturnType<typeof contractOf> };

let contract: { url: string; address: Hex } | undefined;

function contractOf(ground: Ground, place: EstablishedPlace) {
  const client = { public: ground.client, wallet: ground.wallet };
  return getContract({ abi: anchorLogAbi, address: checksumAddress(place.contract), client });
}

export async function freshLog(ground: Ground): Promise<Log> {
  const { rpcUrl } = ground.chain;
  const known = contract?.url === rpcUrl ? contract.address : undefined;
  const freshSalt = () => randomBytes(32);
  const place = await establishPlace({
    rpcUrl,
    publisherKey: PUBLISHER_KEY,
    contract: known,
    facts: freshFacts(),
    freshSalt,
  });
  contract = { url: rpcUrl, address: checksumAddress(place.contract) };
  const chain = openAnchorLog({ rpcUrl: ground.wire.rpcUrl, publisherKey: PUBLISHER_KEY, place, confirmations: 1 });
  return { place, chain, contract: contractOf(ground, place) };
}

/** A record, in whichever engine, as far as anchoring it is concerned. */
export type Anchored = Pick<OpenRecord, "anchors" | "contents" | "clock">;

/** What a round of anchoring a record in a log is given. By itself a round cannot halt: that takes several. */
export function partsOf(record: Anchored, chain: AnchorChain, signal = new AbortController().signal) {
  const clock = () => record.clock.now;
  const doubts = openDoubts({ clock, haltAfterMs: HALT_AFTER_MS });
  return { store: record.anchors, chain, contents: record.contents, doubts, replaceAfterMs: 30_000, clock, signal };
}

/** One round, and the indexes of the anchors that it made final. */
export async function anchor(record: Anchored, chain: AnchorChain): Promise<number[]> {
  const { confirmed } = await anchorRound(partsOf(record, chain));
  return confirmed.map(({ index }) => index);
}

/** The roots that the chain announced for a log, in order. */
export async function announced(ground: Ground, { place }: Log): Promise<{ index: number; root: Hex; size: number }[]> {
  const events = await ground.client.getContractEvents({
    abi: anchorLogAbi,
    eventName: "Anchored",
    args: { log: toHex(place.log) },
    fromBlock: 0n,
    strict: true,
  });
  return events.map(({ args }) => ({ index: Number(args.index), root: args.root, size: Number(args.size) }));
}
