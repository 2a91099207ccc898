import { expect } from "chai";
import { openWitness as serversWitness } from "#src/chain/witness.ts";
import { ChainUnavailableError } from "#src/core/errors.ts";
import { decodePolicy, type Policy } from "#src/core/policy.ts";
import type { AnchorReference } from "#src/core/receipt.ts";
import { verifyFile } from "#src/core/verify-file.ts";
import type { Step } from "#src/core/verify-receipt.ts";
import { TallyrootConnectionError } from "#src/sdk/errors.ts";
import { openWitness } from "#src/sdk/verifying/witness.ts";
import { about, type LyingEndpoint, startLyingEndpoint } from "#test/chain/lying-endpoint.ts";
import { type Ground, startGround } from "./ground.ts";

const word = (value: number) => `0x${value.toString(16).padStart(64, "0")}`;
type Transaction = { logs: { topics: string[] }[] };

/** Lies of an endpoint to `eth_call`, by the call's place: 0 asks for the root, 1 for the mark, 2 since when. */
const toCall = (place: number, answer: unknown): LyingEndpoint["lie"] => {
  let calls = 0;
  return ({ method }) => (method === "eth_call" && calls++ === place ? { result: answer } : undefined);
};
const both =
  (...lies: LyingEndpoint["lie"][]): LyingEndpoint["lie"] =>
  (call, truth) =>
    lies.map((lie) => lie(call, truth)).find((answer) => answer !== undefined);

/** What the endpoint says, and what that means: the client and the server must both say so. */
const LIES: readonly (readonly [what: string, lie: () => LyingEndpoint["lie"], verdict: string])[] = [
  ["the truth", () => () => undefined, "passed"],
  ["another chain id", () => about("eth_chainId", () => "0x1"), "CHAIN_MISMATCH"],
  ["a chain id that is no number", () => about("eth_chainId", () => 1), "unjudged"],
  ["no contract", () => about("eth_getCode", () => "0x"), "CODE_MISMATCH"],
  ["other code", () => about("eth_getCode", (code) => `${code}00`), "CODE_MISMATCH"],
  ["code that is no hex", () => about("eth_getCode", () => "0x0"), "unjudged"],
  ["no anchor there", () => toCall(0, word(0)), "LOG_UNKNOWN"],
  ["another root", () => toCall(0, word(5)), "ROOT_MISMATCH"],
  ["a root of 31 bytes", () => toCall(0, word(5).slice(0, -2)), "unjudged"],
  [
    "that the call reverts",
    () =>
      ({ method }) =>
        method === "eth_call" ? { error: { code: 3, message: "execution reverted" } } : undefined,
    "unjudged",
  ],
  ["a marked log", () => both(toCall(1, word(1)), toCall(2, `${word(7)}${word(8).slice(2)}`)), "LOG_MARKED"],
  ["a mark that is neither yes nor no", () => toCall(1, word(2)), "CODE_MISMATCH"],
  ["no such transaction", () => about("eth_getTransactionReceipt", () => null), "NOT_CONFIRMED"],
  [
    "the transaction in another block",
    () => about("eth_getTransactionReceipt", (r: object) => ({ ...r, blockNumber: "0x1" })),
    "NOT_CONFIRMED",
  ],
  [
    "the transaction under another block hash",
    () => about("eth_getTransactionReceipt", (r: object) => ({ ...r, blockHash: word(7) })),
    "NOT_CONFIRMED",
  ],
  [
    "the transaction without its event",
    () => about("eth_getTransactionReceipt", (r: object) => ({ ...r, logs: [] })),
    "NOT_CONFIRMED",
  ],
  [
    "the event of another contract",
    () =>
      about("eth_getTransactionReceipt", (r: Transaction) => ({
        ...r,
        logs: r.logs.map((e) => ({ ...e, address: `0x${"11".repeat(20)}` })),
      })),
    "NOT_CONFIRMED",
  ],
  [
    "the event of another index",
    () =>
      about("eth_getTransactionReceipt", (r: Transaction) => ({
        ...r,
        logs: r.logs.map((e) => ({ ...e, topics: e.topics.map((t, i) => (i === 2 ? word(99) : t)) })),
      })),
    "NOT_CONFIRMED",
  ],
  [
    "the event with one topic more",
    () =>
      about("eth_getTransactionReceipt", (r: Transaction) => ({
        ...r,
        logs: r.logs.map((e) => ({ ...e, topics: [...e.topics, word(1)] })),
      })),
    "NOT_CONFIRMED",
  ],
  [
    "another number of leaves",
    () =>
      about("eth_getTransactionReceipt", (r: Transaction) => ({
        ...r,
        logs: r.logs.map((e) => ({ ...e, data: word(77) })),
      })),
    "NOT_CONFIRMED",
  ],
  [
    "another block at that height",
    () => about("eth_getBlockByNumber", (b: object) => ({ ...b, hash: word(7) })),
    "NOT_CONFIRMED",
  ],
  [
    "another time of the block",
    () => about("eth_getBlockByNumber", (b: object) => ({ ...b, timestamp: "0x1" })),
    "NOT_CONFIRMED",
  ],
  ["a chain that is not as high", () => about("eth_getBlockByNumber", () => null), "NOT_CONFIRMED"],
  ["a height before the block", () => about("eth_blockNumber", () => "0x0"), "NOT_CONFIRMED"],
  ["an error", () => () => ({ error: { code: -32000, message: "no" } }), "unjudged"],
  ["a page", () => () => ({ status: 200, body: "<html>" }), "unjudged"],
  ["JSON that is no JSON-RPC", () => () => ({ status: 200, body: "[]" }), "unjudged"],
  ["HTTP status 404", () => () => ({ status: 404, body: "" }), "unjudged"],
];

describe("step 6 of the client", () => {
  let ground: Ground;
  let liar: LyingEndpoint;
  let policy: Policy;
  let anchor: AnchorReference;

  before(async () => {
    ground = await startGround();
    liar = await startLyingEndpoint(ground.server.rpcUrl);
    policy = decodePolicy(ground.policy);
    const pac = ground.client();
    const { receiptId } = await pac.balance.emitAndWait({ customerId: "a", delta: 1, reason: "r" });
    anchor = verifyFile(await pac.balance.receipts.file(receiptId)).anchors[0]!;
  });
  after(async () => {
    liar.stop();
    await ground.stop();
  });

  async function verdictOf(step: Promise<Step>): Promise<string> {
    try {
      const outcome = await step;
      return outcome.outcome === "failed" ? outcome.failure : outcome.outcome;
    } catch (error) {
      if (error instanceof ChainUnavailableError || error instanceof TallyrootConnectionError) return "unjudged";
      throw error;
    }
  }

  /** The verdicts of the client's witness and of the server's. */
  async function verdicts(endpoints: string[], lie: () => LyingEndpoint["lie"], about = anchor): Promise<string[]> {
    liar.lie = lie();
    const client = await verdictOf(openWitness(policy, endpoints, fetch)([about]));
    liar.lie = lie();
    const { confirmations } = policy;
    return [client, await verdictOf(serversWitness({ endpoints, pins: policy, confirmations }).check(about))];
  }

  for (const [what, lie, verdict] of LIES) {
    it(`is ${verdict} when an endpoint says ${what}, as on the server`, async () => {
      expect(await verdicts([liar.url], lie)).to.deep.equal([verdict, verdict]);
    });

    if (verdict === "passed" || verdict === "unjudged") continue;
    it(`is ENDPOINTS_DISAGREE when it says so beside an honest one (${what})`, async () => {
      const disagree = "ENDPOINTS_DISAGREE";
      expect(await verdicts([ground.server.rpcUrl, liar.url], lie)).to.deep.equal([disagree, disagree]);
    });
  }

  const hash = new Uint8Array(32).fill(7);
  const anchors: readonly (readonly [Partial<AnchorReference>, string])[] = [
    [{ chainId: 5n }, "CHAIN_MISMATCH"],
    [{ contract: new Uint8Array(20) }, "CONTRACT_NOT_EXPECTED"],
    [{ log: hash }, "LOG_NOT_EXPECTED"],
    [{ index: 999n }, "LOG_UNKNOWN"],
    [{ root: hash }, "ROOT_MISMATCH"],
    [{ transactionHash: hash }, "NOT_CONFIRMED"],
    [{ blockHash: hash }, "NOT_CONFIRMED"],
    [{ blockTime: 1n }, "NOT_CONFIRMED"],
    [{ size: 99n }, "NOT_CONFIRMED"],
  ];
  for (const [change, verdict] of anchors) {
    it(`is ${verdict} for an anchor with another ${Object.keys(change)[0]}, as on the server`, async () => {
      const changed = { ...anchor, ...change };
      expect(await verdicts([ground.server.rpcUrl], () => () => undefined, changed)).to.deep.equal([verdict, verdict]);
    });
  }

  it("is skipped without an endpoint, and refuses more than eight", async () => {
    expect(await verdicts([], () => () => undefined)).to.deep.equal(["skipped", "skipped"]);
    const nine = Array.from({ length: 9 }, (_, i) => `http://127.0.0.1:${i + 1}`);
    expect(() => openWitness(policy, nine, fetch)).to.throw(RangeError);
  });

  it("names an endpoint that is silent without what in its URL may be a key, and sends credentials where they belong", async () => {
    const dead = "http://user:secret@127.0.0.1:9/key-of-mine";
    const error = (await openWitness(policy, [dead], fetch)([anchor]).catch((error: Error) => error)) as Error;
    expect(error.message)
      .to.contain("endpoint at http://127.0.0.1:9 does not answer")
      .and.not.match(/secret|key-of-mine/);
    liar.lie = () => undefined;
    const step = openWitness(policy, [liar.url.replace("//", "//me:p%40ss@")], fetch)([anchor]);
    expect(await verdictOf(step)).to.equal("passed");
    expect(liar.headers.authorization).to.equal(`Basic ${Buffer.from("me:p@ss").toString("base64")}`);
  });
});
