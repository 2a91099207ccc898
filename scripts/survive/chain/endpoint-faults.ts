import { setTimeout as sleep } from "node:timers/promises";
import { fromHex, toHex } from "../../../src/core/bytes.ts";
import { keccak } from "../../../src/core/keccak.ts";
import { rootCall } from "../../../src/witness/log-calls.ts";
import type { Random } from "../random.ts";
import { type Answer, type Call, refusal, result, type Trouble, type Way } from "./proxy.ts";

/** What endpoints do to the servers that ask them, one kind a line. */

export type EndpointFault = {
  readonly name: string;
  /** How many times as long as others it lasts in a full run; once unless given. */
  readonly lasting?: number;
  /** @param most milliseconds that one answer may be kept back. */
  trouble(random: Random, most: number): Trouble;
};

/** Milliseconds that an answer waits for another one to overtake it. */
const OVERTAKING_MS = 300;
/** Characters of an answer that nobody should read to its end. */
const HUGE = 9 * 1024 * 1024;
/** Blocks that a node is behind. */
const BEHIND = 4n;
/** In wei per gas: nobody has that much. */
const ABSURD_FEE = `0x${(10n ** 30n).toString(16)}`;

const word = (byte: number) => `0x${byte.toString(16).padStart(2, "0").repeat(32)}`;
const ROOT_SELECTOR = rootCall(new Uint8Array(32), 0n).slice(0, 10);
const asksRoot = ({ method, params }: Call) =>
  method === "eth_call" && String((params[0] as { data?: unknown }).data).startsWith(ROOT_SELECTOR);

/** Changes the members of an object that was the true result. */
async function changed(call: Call, { truth }: Way, change: object): Promise<Answer | undefined> {
  const { result: value } = await truth();
  return typeof value === "object" && value !== null ? result(call, { ...value, ...change }) : undefined;
}

/** Answers to one method as `answer` says, and to all others truly. */
const about =
  (method: string, answer: (call: Call, way: Way) => ReturnType<Trouble>): Trouble =>
  async (call, way) =>
    call.method === method ? answer(call, way) : undefined;

const sending = (answer: (call: Call, way: Way) => ReturnType<Trouble>) => about("eth_sendRawTransaction", answer);

export const ENDPOINT_FAULTS: readonly EndpointFault[] = [
  {
    name: "connections to the endpoint break",
    trouble: (random) => async () => (random.chance(0.6) ? "reset" : undefined),
  },
  {
    name: "the endpoint leaves requests without an answer",
    trouble: (random) => async (_, way) => {
      if (!random.chance(0.3)) return undefined;
      way.meets();
      await way.over;
      return "reset";
    },
  },
  {
    name: "answers come late",
    trouble: (random, most) => async () => {
      await sleep(random.between(0, most));
      return "truth";
    },
  },
  {
    name: "requests arrive twice, signed transactions too",
    trouble: () => async (_, way) => {
      await way.truth();
      return "truth";
    },
  },
  {
    name: "answers overtake one another",
    trouble: () => {
      let overtake = () => {};
      return async (call, way) => {
        const answer = await way.truth();
        overtake();
        const overtaken = new Promise<void>((resolve) => {
          overtake = resolve;
        });
        await Promise.race([overtaken, way.over, sleep(OVERTAKING_MS)]);
        return { status: 200, body: JSON.stringify({ ...answer, id: call.id }) };
      };
    },
  },
  {
    name: "a transaction gets through, and its sender is told that it did not",
    trouble: (random) =>
      sending(async (call, way) => {
        await way.truth();
        return random.oneOf(["reset", refusal(call, -32_000, "request timed out"), { status: 504, body: "" }] as const);
      }),
  },
  {
    name: "a transaction is accepted and lost",
    trouble: () => sending(async (call) => result(call, toHex(keccak(fromHex(String(call.params[0])))))),
  },
  {
    name: "the endpoint names wrong blocks",
    trouble: (random) => async (call, way) => {
      if (random.chance(0.4)) return undefined;
      if (call.method === "eth_getTransactionReceipt") return changed(call, way, { blockHash: word(0xb1) });
      if (call.method === "eth_getBlockByNumber") return changed(call, way, { hash: word(0xb2) });
      return undefined;
    },
  },
  {
    name: "the endpoint names a wrong root",
    trouble: () => async (call) => (asksRoot(call) ? result(call, word(0xee)) : undefined),
  },
  {
    name: "the endpoint knows no root",
    trouble: () => async (call) => (asksRoot(call) ? result(call, word(0)) : undefined),
  },
  {
    name: "receipts of mined transactions are gone for a while",
    trouble: () => about("eth_getTransactionReceipt", async (call) => result(call, null)),
  },
  {
    name: "transactions are said to have failed",
    trouble: () => about("eth_getTransactionReceipt", (call, way) => changed(call, way, { status: "0x0" })),
  },
  {
    name: "the endpoint counts the nonce wrong",
    trouble: (random) =>
      about("eth_getTransactionCount", async (call, way) => {
        const count = Number((await way.truth()).result) + random.oneOf([-2, -1, 1, 2, 5]);
        return result(call, `0x${Math.max(0, count).toString(16)}`);
      }),
  },
  {
    name: "the endpoint asks for absurd fees",
    trouble: () => about("eth_maxPriorityFeePerGas", async (call) => result(call, ABSURD_FEE)),
  },
  {
    name: "the endpoint limits the rate",
    trouble: (random) => async (call) =>
      random.chance(0.7)
        ? random.oneOf([
            { status: 429, body: "Too Many Requests", headers: { "retry-after": "1" } },
            { status: 429, body: "" },
            refusal(call, -32_005, "limit exceeded"),
            refusal(call, -32_005, "daily request count exceeded", 429),
          ])
        : undefined,
  },
  {
    name: "the endpoint says that it is of another chain",
    trouble: () => about("eth_chainId", async (call) => result(call, "0x5")),
  },
  {
    name: "the endpoint is of another chain",
    trouble: () => async (call) => elsewhere(call),
  },
  {
    name: "the endpoint answers what is no JSON-RPC",
    trouble: (random) => async (call, way) => {
      const text = JSON.stringify(await way.truth());
      return random.oneOf<Answer>([
        { status: 200, body: "<!doctype html><title>Maintenance</title>", headers: { "content-type": "text/html" } },
        { status: 502, body: "<html><h1>Bad Gateway</h1></html>", headers: { "content-type": "text/html" } },
        { status: 200, body: text.slice(0, text.length / 2) },
        { status: 200, body: "" },
        { status: 200, body: "\u0000\u0001\ufeff" },
        { status: 200, body: "[]" },
        result(call, { number: [], toString: 1 }),
        result(call, "0x"),
        result(call, "0xzz"),
        result(call, null),
        ...(random.chance(0.2) ? [result(call, `0x${"0".repeat(HUGE)}`)] : []),
      ]);
    },
  },
  { name: "the endpoint is away", lasting: 3, trouble: () => async () => "reset" },
  {
    name: "the endpoint is behind the others",
    trouble: () => async (call, way) => behind(call, way),
  },
  {
    name: "some of the endpoint's nodes are behind the others",
    trouble: (random) => async (call, way) => (random.chance(0.5) ? behind(call, way) : undefined),
  },
];

/** What a node of another chain says. */
function elsewhere(call: Call): Answer {
  const answers: Record<string, unknown> = {
    eth_chainId: "0x5",
    eth_blockNumber: "0xfffff",
    eth_call: "0x",
    eth_getCode: "0x",
    eth_getTransactionCount: "0x0",
    eth_getTransactionReceipt: null,
    eth_getBlockByNumber: {
      number: call.params[0] === "latest" ? "0xfffff" : call.params[0],
      hash: word(0x77),
      timestamp: "0x1",
      baseFeePerGas: "0x1",
    },
    eth_maxPriorityFeePerGas: "0x1",
    eth_gasPrice: "0x2",
  };
  if (!Object.hasOwn(answers, call.method)) return refusal(call, -32_000, "invalid chain id for signer");
  return result(call, answers[call.method]);
}

/** What a node says that has not seen the last blocks. */
async function behind(call: Call, { truth }: Way): Promise<Answer | undefined> {
  const latest = BigInt(String((await truth({ ...call, method: "eth_blockNumber", params: [] })).result));
  const seen = `0x${(latest > BEHIND ? latest - BEHIND : 0n).toString(16)}`;
  if (call.method === "eth_blockNumber") return result(call, seen);
  if (call.method === "eth_getTransactionReceipt") {
    const receipt = (await truth()).result as { blockNumber: string } | null;
    return receipt && BigInt(receipt.blockNumber) > BigInt(seen) ? result(call, null) : undefined;
  }
  if (call.method === "eth_getBlockByNumber" && /^0x/.test(String(call.params[0])))
    return BigInt(String(call.params[0])) > BigInt(seen) ? result(call, null) : undefined;
  if (!call.params.some((one) => ["latest", "pending"].includes(String(one)))) return undefined;
  const params = call.params.map((one) => (["latest", "pending"].includes(String(one)) ? seen : one));
  return { status: 200, body: JSON.stringify(await truth({ ...call, params })) };
}
