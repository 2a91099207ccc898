import { openAnchorLog } from "../../../src/chain/anchor-log.ts";
import { HARDFORK, WELL_KNOWN_KEYS } from "../../../src/chain/embedded/genesis.ts";
import { answerText } from "../../../src/chain/embedded/json-rpc.ts";
import { createNetwork } from "../../../src/chain/embedded/network.ts";
import { establishPlace, type PlaceFacts } from "../../../src/chain/establish.ts";
import { checksumAddress } from "../../../src/core/address.ts";
import { toHex } from "../../../src/core/bytes.ts";
import { keccak } from "../../../src/core/keccak.ts";
import { anchoredEvent, rootCall } from "../../../src/witness/log-calls.ts";
import { openWitness } from "../../../src/witness/witness.ts";

/** Nobody listens there: what is sent to it goes to the network in this process. */
const RPC_URL = "http://chain.invalid";
const PUBLISHER_KEY = WELL_KNOWN_KEYS[1]!;
const CHAIN_ID = 31337;
/** Unix seconds of block 0. */
const GENESIS = Date.UTC(2024, 0, 1) / 1000;
/** Room for the blocks that the contract is deployed in, in seconds: each run begins after it. */
const DEPLOYED = GENESIS + 3_600;

/** What is wrong with the chain and the way to it: for how many more requests, or waits. */
type Weather = {
  /** Requests that nobody answers. */
  away: number;
  /** Transactions that are taken while the answer is lost. */
  late: number;
  /** Requests for a transaction's receipt that reach a node which is behind the others. */
  behind: number;
  /** Waits in which no block is made. */
  held: number;
};

const FAIR: Weather = { away: 0, late: 0, behind: 0, held: 0 };

/** What the process asks of the chain, under the product's own client. */
export type Wire = {
  post(body: string): Promise<string>;
  /** Lets chain time pass, in milliseconds: a block is made, unless blocks are held back. */
  pass(milliseconds: number): Promise<void>;
};

/** A real chain in this process, whose blocks and faults come when the simulation says so. */
export type Chain = Awaited<ReturnType<typeof openChain>>;

/**
 * @param facts remembers where the contract and the log are, which are made here.
 * @param serve makes this the chain that the process asks.
 */
export async function openChain(facts: PlaceFacts, serve: (wire: Wire) => void) {
  const network = await createNetwork({
    chainId: CHAIN_ID,
    hardfork: HARDFORK,
    initialDate: new Date(GENESIS * 1000).toISOString(),
  });
  const request = <T>(method: string, ...params: unknown[]) => network.request(method, params) as Promise<T>;
  const answer = async (body: string) => (await answerText(body, (method, params) => network.request(method, params)))!;
  const snapshot = () => request<string>("evm_snapshot");

  const weather = { ...FAIR };
  let between: ((method: string) => Promise<void>) | undefined;
  let calm = 1;
  /** Unix seconds; never goes back within a run. */
  let time = GENESIS;
  /** The number of the highest block that there ever was. */
  let highest = 0;
  let marks: { snapshot: string; sent: number }[] = [];
  /** The signed transactions that were taken. */
  let sent: string[] = [];

  async function mine(): Promise<void> {
    time += 1;
    await request("evm_mine", Math.floor(time));
  }

  /** A chain that replaces another is longer in the end: until it is, endpoints know less than before. */
  async function regrow(): Promise<void> {
    while ((await height()) <= highest) await mine();
  }

  const height = async () => Number(await request<string>("eth_blockNumber"));

  const wire: Wire = {
    async post(body) {
      if (calm > 0) return answer(body);
      const { method, params } = JSON.parse(body) as { method: string; params: [string] };
      await between?.(method);
      if (takes("away")) throw unanswered("ECONNREFUSED");
      if (method === "eth_getTransactionReceipt" && takes("behind"))
        return JSON.stringify({ jsonrpc: "2.0", id: 1, result: null });
      const text = await answer(body);
      if (method !== "eth_sendRawTransaction") return text;
      sent.push(params[0]);
      if (takes("late")) throw unanswered("ETIMEDOUT");
      return text;
    },
    async pass(milliseconds) {
      time += milliseconds / 1000;
      if (!takes("held")) await mine();
    },
  };

  function takes(trouble: keyof Weather): boolean {
    if (weather[trouble] === 0) return false;
    weather[trouble] -= 1;
    return true;
  }

  serve(wire);
  await request("evm_setAutomine", true);
  const freshSalt = () => keccak(new Uint8Array(1));
  const place = await establishPlace({
    rpcUrl: RPC_URL,
    publisherKey: PUBLISHER_KEY,
    contract: undefined,
    facts,
    freshSalt,
  });
  await request("evm_setAutomine", false);
  let base = await snapshot();
  const pins = { ...place, chainId: BigInt(place.chainId) };

  return {
    place,
    wire,
    weather,
    mine,
    /** Called before each request is answered, and may do something else first. */
    interrupt(work: typeof between) {
      between = work;
    },
    /** Does something with nothing in its way. */
    async calmly<T>(work: () => Promise<T>): Promise<T> {
      calm += 1;
      try {
        return await work();
      } finally {
        calm -= 1;
      }
    },
    /** Multiplies what the next block asks for. */
    async raiseFees(factor: number) {
      const { baseFeePerGas } = await request<{ baseFeePerGas: string }>("eth_getBlockByNumber", "latest", false);
      await request("hardhat_setNextBlockBaseFeePerGas", `0x${(BigInt(baseFeePerGas) * BigInt(factor)).toString(16)}`);
      await mine();
    },
    /** Remembers the latest block, as one that a reorganisation may go back to. */
    async mark() {
      marks.push({ snapshot: await snapshot(), sent: sent.length });
    },
    marks: () => marks.length,
    /**
     * Takes back every block since a mark.
     *
     * @param again what was in them is sent again, and gets into another block.
     * @param whole the new chain is there at once, longer than the old one.
     */
    async reorganise(mark: number, { again, whole }: { again: boolean; whole: boolean }) {
      const back = marks[mark]!;
      highest = Math.max(highest, await height());
      await request("evm_revert", back.snapshot);
      const lost = sent.slice(back.sent);
      marks = marks.slice(0, mark);
      sent = sent.slice(0, back.sent);
      for (const raw of again ? lost : []) {
        const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_sendRawTransaction", params: [raw] });
        // What had been replaced, or sent twice, is refused.
        if (!("error" in JSON.parse(await answer(body)))) sent.push(raw);
      }
      await mine();
      if (whole) await regrow();
    },
    /** Nothing is wrong any more. */
    async clearUp() {
      Object.assign(weather, FAIR);
      await regrow();
    },
    publisher: (confirmations: number) =>
      openAnchorLog({ rpcUrl: RPC_URL, publisherKey: PUBLISHER_KEY, place, confirmations }),
    witness: (confirmations: number) => openWitness({ endpoints: [RPC_URL], pins, confirmations }),
    /** The root that the contract has at an index, and how many events of any root there are, asked without the product's client. */
    async anchored(index: number): Promise<{ root: string; events: number }> {
      const address = checksumAddress(place.contract);
      const { topics } = anchoredEvent({ log: place.log, index: BigInt(index), root: place.log, size: 0n });
      const filter = { address, fromBlock: "0x0", toBlock: "latest", topics: topics.slice(0, 3).map(toHex) };
      const events = await request<unknown[]>("eth_getLogs", filter);
      const call = { to: address, data: rootCall(place.log, BigInt(index)) };
      return { root: await request<string>("eth_call", call, "latest"), events: events.length };
    },
    /** Goes back to the beginning, for the next run. */
    async reset() {
      await request("evm_revert", base);
      base = await snapshot();
      [time, highest, marks, sent, calm, between] = [DEPLOYED, 0, [], [], 0, undefined];
      Object.assign(weather, FAIR);
    },
    close: () => network.close(),
  };
}

/** What fetch throws when nobody is there, or nobody answers. */
function unanswered(code: string): TypeError {
  return new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) });
}
