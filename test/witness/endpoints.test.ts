import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { type Abi, encodeAbiParameters, encodeEventTopics, encodeFunctionData } from "viem";
import { anchorLogAbi } from "#src/chain/anchor-log-abi.ts";
import { fromHex, toHex } from "#src/core/bytes.ts";
import { ChainUnavailableError } from "#src/core/errors.ts";
import type { AnchorReference } from "#src/core/receipt.ts";
import type { Step } from "#src/core/verify-receipt.ts";
import { receiptOf } from "#src/ledger/receipts.ts";
import { isEndpointUrl } from "#src/witness/endpoint.ts";
import { anchoredEvent, markedCall, markedSinceCall, publisherCall, rootCall } from "#src/witness/log-calls.ts";
import { openWitness, type WitnessPins } from "#src/witness/witness.ts";
import { anchor, freshLog, type Ground, type Log, startGround } from "#test/ledger/anchoring-ground.ts";
import { deltasOf, type OpenRecord, openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";
import { about, type Lie, type LyingEndpoint, startLyingEndpoint } from "#test/witness/lying-endpoint.ts";

describe("step 6 over endpoints that are not to be trusted", () => {
  let ground: Ground;
  let log: Log;
  let folder: ReturnType<typeof temporaryFolder>;
  let record: OpenRecord;
  let liar: LyingEndpoint;
  let pins: WitnessPins;
  /** Two anchors of one log. */
  let first: AnchorReference;
  let reference: AnchorReference;

  before(async () => {
    ground = await startGround();
    log = await freshLog(ground);
    folder = temporaryFolder();
    record = await openRecord(folder.dir);
    liar = await startLyingEndpoint(ground.chain.rpcUrl);
    pins = { codeHash: log.place.codeHash };
    [first, reference] = [await anchored(), await anchored()];
  });
  beforeEach(() => {
    liar.lie = () => undefined;
    liar.asked.length = 0;
  });
  after(async () => {
    liar.stop();
    record.close();
    folder.remove();
    await ground.stop();
  });

  async function anchored(): Promise<AnchorReference> {
    const [delta] = deltasOf(await record.store.record([request(record.tenant, "c")], false));
    await anchor(record, log.chain);
    const receipt = await receiptOf({ store: record.store, place: log.place }, delta!);
    if ("notYet" in receipt) throw new Error(receipt.notYet);
    return receipt.anchor;
  }

  const alone = () => [liar.url];
  const besideHonest = () => [ground.chain.rpcUrl, liar.url];

  function ask(endpoints: string[], about = reference, confirmations = 1, pinned = pins): Promise<Step> {
    return openWitness({ endpoints, pins: pinned, confirmations }).check(about);
  }

  const codeOf = (step: Step) => (step.outcome === "failed" ? step.failure : step.outcome);

  it("passes when all say the same, and says how many they were", async () => {
    const step = await ask(besideHonest());
    expect(step.outcome).to.equal("passed");
    expect(step.detail).to.contain("2 endpoints say the same");
    expect((await ask(alone())).detail).not.to.contain("endpoints");
  });

  it("counts the same URL twice as one witness", async () => {
    expect((await ask([liar.url, `${liar.url}/`])).detail).not.to.contain("endpoints");
  });

  const word = (value: number) => `0x${value.toString(16).padStart(64, "0")}`;
  /** Answers of `eth_call` to one call of the contract. */
  const aboutCall =
    (data: () => string, answer: string): Lie =>
    ({ method, params }) =>
      method === "eth_call" && (params[0] as { data: string }).data === data() ? { result: answer } : undefined;

  /** The transaction with its events changed. */
  const aboutEvents = (change: (event: { topics: string[] }) => object): Lie =>
    about("eth_getTransactionReceipt", (receipt: { logs: { topics: string[] }[] }) => ({
      ...receipt,
      logs: receipt.logs.map((event) => ({ ...event, ...change(event) })),
    }));

  const lies: readonly (readonly [what: string, lie: () => Lie, alone: string])[] = [
    ["another chain id", () => about("eth_chainId", () => "0x1"), "CHAIN_MISMATCH"],
    ["no contract", () => about("eth_getCode", () => "0x"), "CODE_MISMATCH"],
    ["other code", () => about("eth_getCode", (code) => `${code}00`), "CODE_MISMATCH"],
    ["no anchor there", () => aboutCall(() => rootCall(reference.log, reference.index), word(0)), "LOG_UNKNOWN"],
    ["another root", () => aboutCall(() => rootCall(reference.log, reference.index), word(5)), "ROOT_MISMATCH"],
    ["a marked log", () => aboutCall(() => markedCall(reference.log), word(1)), "LOG_MARKED"],
    ["a mark that is neither yes nor no", () => aboutCall(() => markedCall(reference.log), word(2)), "CODE_MISMATCH"],
    ["no such transaction", () => about("eth_getTransactionReceipt", () => null), "NOT_CONFIRMED"],
    [
      "the transaction in another block",
      () => about("eth_getTransactionReceipt", (receipt: object) => ({ ...receipt, blockNumber: "0x1" })),
      "NOT_CONFIRMED",
    ],
    [
      "the transaction under another block hash",
      () => about("eth_getTransactionReceipt", (receipt: object) => ({ ...receipt, blockHash: word(7) })),
      "NOT_CONFIRMED",
    ],
    [
      "the transaction without its event",
      () => about("eth_getTransactionReceipt", (receipt: object) => ({ ...receipt, logs: [] })),
      "NOT_CONFIRMED",
    ],
    ["the event of another contract", () => aboutEvents(() => ({ address: `0x${"11".repeat(20)}` })), "NOT_CONFIRMED"],
    [
      "the event of another index",
      () => aboutEvents(({ topics }) => ({ topics: topics.map((topic, i) => (i === 2 ? word(99) : topic)) })),
      "NOT_CONFIRMED",
    ],
    [
      "the event with one topic more",
      () => aboutEvents(({ topics }) => ({ topics: [...topics, word(1)] })),
      "NOT_CONFIRMED",
    ],
    ["the event with another number of leaves", () => aboutEvents(() => ({ data: word(77) })), "NOT_CONFIRMED"],
    [
      "another block at that height, though the named one is still known by its hash",
      () => about("eth_getBlockByNumber", (block: object) => ({ ...block, hash: word(7) })),
      "NOT_CONFIRMED",
    ],
    ["a chain that is not as high", () => about("eth_getBlockByNumber", () => null), "NOT_CONFIRMED"],
    [
      "another time of the block",
      () => about("eth_getBlockByNumber", (block: object) => ({ ...block, timestamp: "0x7" })),
      "NOT_CONFIRMED",
    ],
    ["an old state of the chain", () => about("eth_blockNumber", () => "0x1"), "NOT_CONFIRMED"],
  ];
  for (const [what, lie, code] of lies) {
    it(`lets a lie of ${what} stand as ${code} alone, and exposes it beside an honest endpoint`, async () => {
      liar.lie = lie();
      expect(codeOf(await ask(alone()))).to.equal(code);
      const step = await ask(besideHonest());
      expect(codeOf(step)).to.equal("ENDPOINTS_DISAGREE");
      expect(step.detail).to.equal(
        `endpoint 1 at ${ground.chain.rpcUrl} says that it is so, endpoint 2 at ${liar.url} says ${code}`,
      );
    });
  }

  it("believes one endpoint that vouches for a forged receipt, and exposes it beside an honest one", async () => {
    const forged = { ...reference, blockTime: reference.blockTime - 86_400n };
    liar.lie = about("eth_getBlockByNumber", (block: object) => ({
      ...block,
      timestamp: `0x${forged.blockTime.toString(16)}`,
    }));
    expect(codeOf(await ask(alone(), forged))).to.equal("passed");
    expect(codeOf(await ask(besideHonest(), forged))).to.equal("ENDPOINTS_DISAGREE");
    expect(codeOf(await ask([ground.chain.rpcUrl], forged))).to.equal("NOT_CONFIRMED");
  });

  it("exposes an endpoint that hides a root that another has, whichever is asked first", async () => {
    const forged = { ...reference, root: fromHex(word(5)) };
    liar.lie = aboutCall(() => rootCall(reference.log, reference.index), word(5));
    for (const endpoints of [besideHonest(), besideHonest().reverse()])
      expect(codeOf(await ask(endpoints, forged))).to.equal("ENDPOINTS_DISAGREE");
  });

  const METHODS = [
    "eth_chainId",
    "eth_getCode",
    "eth_call",
    "eth_getTransactionReceipt",
    "eth_getBlockByNumber",
    "eth_blockNumber",
  ];
  const nonsense: readonly (readonly [what: string, answer: ReturnType<Lie>])[] = [
    ["a page of HTML", { status: 200, body: "<html><body>Welcome</body></html>" }],
    ["nothing", { status: 200, body: "" }],
    ["JSON that is no JSON-RPC", { status: 200, body: "[]" }],
    ["a list as an answer", { result: [] }],
    ["a text that is no hex", { result: "hello" }],
    ["hex of half a byte", { result: "0x123g" }],
    ["a number that is none", { result: 31337 }],
    ["an object without members", { result: {} }],
    ["more than a number holds", { result: `0x${"ff".repeat(100_000)}` }],
    ["an error", { error: { code: -32000, message: "not now" } }],
    [
      "an error that is no text and no number",
      { status: 200, body: '{"error":{"code":{"toString":1},"message":{"toString":1}}}' },
    ],
    ["an error that is no object of JSON-RPC", { status: 200, body: '{"error":true}' }],
    ["the HTTP status 500", { status: 500, body: "oops" }],
  ];
  for (const [what, answer] of nonsense) {
    it(`judges nothing by an endpoint that answers ${what}, whatever it was asked`, async () => {
      for (const method of METHODS) {
        // Other code is what a pinned hash is there for.
        if (method === "eth_getCode" && what.startsWith("more than")) continue;
        liar.lie = (call) => (call.method === method ? answer : undefined);
        for (const endpoints of [alone(), besideHonest()]) {
          const outcome = await ask(endpoints).catch((error: unknown) => error);
          expect(outcome, method).to.be.instanceOf(ChainUnavailableError);
          expect((outcome as Error).message, method).to.contain(liar.url);
        }
      }
    });
  }

  it("follows an endpoint nowhere: a question to one is answered by that one", async () => {
    liar.lie = () => ({ status: 307, body: "", headers: { location: ground.chain.rpcUrl } });
    const outcome = await ask(alone()).catch((error: unknown) => error);
    expect((outcome as Error).message).to.equal(`endpoint at ${liar.url} answers with HTTP status 307`);
  });

  it("takes what is wrong within a transaction or a block for nonsense too", async () => {
    const wrong: readonly (readonly [method: string, members: object])[] = [
      ["eth_getTransactionReceipt", { logs: "none" }],
      ["eth_getTransactionReceipt", { logs: [null] }],
      ["eth_getTransactionReceipt", { logs: [{ address: "0x12", topics: [], data: "0x" }] }],
      ["eth_getTransactionReceipt", { logs: [{ address: `0x${"11".repeat(20)}`, topics: ["0x"], data: "0x" }] }],
      ["eth_getTransactionReceipt", { blockHash: "0x12" }],
      ["eth_getBlockByNumber", { number: "0x1" }],
      ["eth_getBlockByNumber", { hash: null }],
      ["eth_getBlockByNumber", { timestamp: 5 }],
    ];
    for (const [method, members] of wrong) {
      liar.lie = about(method, (truth: object) => ({ ...truth, ...members }));
      const outcome = await ask(alone()).catch((error: unknown) => error);
      expect(outcome, JSON.stringify(members)).to.be.instanceOf(ChainUnavailableError);
    }
  });

  it("tells a contract that fails from an endpoint that does, where no code is pinned", async () => {
    const failing = (message: string, code = -32000) => {
      liar.lie = ({ method }) => (method === "eth_call" ? { error: { code, message } } : undefined);
      return ask(alone(), reference, 1, {}).then(codeOf, (error: unknown) => (error as Error).name);
    };
    expect(await failing("execution reverted")).to.equal("CODE_MISMATCH");
    expect(await failing("whatever", 3)).to.equal("CODE_MISMATCH");
    expect(await failing("invalid opcode: INVALID")).to.equal("CODE_MISMATCH");
    expect(await failing("rate limit exceeded", -32005)).to.equal("ChainUnavailableError");
    expect(await failing("header not found")).to.equal("ChainUnavailableError");
  });

  it("tries again what is refused for a moment, and gives up on what stays", async () => {
    let refusals = 2;
    liar.lie = () => (refusals-- > 0 ? { status: 429, body: "slow down" } : undefined);
    expect(codeOf(await ask(alone()))).to.equal("passed");
    liar.lie = () => ({ status: 429, body: "slow down" });
    const outcome = await ask(alone()).catch((error: unknown) => error);
    expect((outcome as Error).message).to.equal(`endpoint at ${liar.url} answers with HTTP status 429`);
  });

  it("tries again a connection that broke, or failed without a reason, and no other", async () => {
    const failing = (times: number, code?: string) => {
      let tries = 0;
      const cause = Object.assign(new Error("Failed to fetch"), code === undefined ? {} : { code });
      const flaky: typeof fetch = async (...request) => {
        tries += 1;
        if (tries <= times) throw new TypeError("fetch failed", { cause });
        return fetch(...request);
      };
      const witness = openWitness({ endpoints: alone(), pins, confirmations: 1, fetch: flaky });
      return witness.check(reference).then(codeOf, (error: Error) => error.message.replace(/.* does not/, "does not"));
    };
    expect(await failing(2)).to.equal("passed");
    expect(await failing(2, "ECONNRESET")).to.equal("passed");
    expect(await failing(1, "ECONNREFUSED")).to.equal("does not answer: ECONNREFUSED");
    expect(await failing(3)).to.equal("does not answer: Failed to fetch");
  });

  it("reads no more of an answer than any question needs", async () => {
    liar.lie = () => ({ status: 200, body: " ".repeat(8 * 1024 * 1024 + 1) });
    const outcome = await ask(alone()).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(ChainUnavailableError);
    expect((outcome as Error).message).to.equal(`endpoint at ${liar.url} does not answer: more than 8388608 bytes`);
    expect(liar.asked).to.have.lengthOf(1);
  });

  it("waits ten seconds for an answer, once", async () => {
    const waits: number[] = [];
    const { timeout } = AbortSignal;
    // The same clock, run faster.
    AbortSignal.timeout = (milliseconds) => {
      waits.push(milliseconds);
      return timeout.call(AbortSignal, milliseconds / 200);
    };
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const outcome = await ask([url]).catch((error: unknown) => error);
    AbortSignal.timeout = timeout;
    silent.closeAllConnections();
    silent.close();
    expect((outcome as Error).message).to.equal(`endpoint at ${url} does not answer: nothing within 10 s`);
    expect(waits).to.deep.equal([10_000]);
  });

  it("shows no key where a runtime's own words have the whole URL", async () => {
    const telling: typeof fetch = async (url) => {
      throw new TypeError(`error sending request for url (${url})`);
    };
    const witness = openWitness({ endpoints: ["http://a.test/key-of-mine"], confirmations: 1, fetch: telling });
    const outcome = await witness.check(reference).catch((error: unknown) => error);
    expect((outcome as Error).message).to.equal(
      "endpoint at http://a.test does not answer: error sending request for url (http://a.test)",
    );
  });

  it("names an endpoint that does not answer without what in its URL may be a key", async () => {
    const dead = "http://user:secret@127.0.0.1:9/v3/key-of-mine?token=other";
    const outcome = await ask([ground.chain.rpcUrl, dead]).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(ChainUnavailableError);
    expect((outcome as Error).message)
      .to.match(/^endpoint 2 at http:\/\/127\.0\.0\.1:9 does not answer: /)
      .and.not.match(/secret|user|key-of-mine|token/);
  });

  it("sends the credentials of a URL where they belong", async () => {
    expect(codeOf(await ask([liar.url.replace("//", "//me:p%40ss@")]))).to.equal("passed");
    expect(liar.headers.authorization).to.equal(`Basic ${Buffer.from("me:p@ss").toString("base64")}`);
  });

  it("asks for chain and code once per verification, and again in the next", async () => {
    const witness = openWitness({ endpoints: alone(), pins, confirmations: 1 });
    const times = (method: string) => liar.asked.filter((asked) => asked === method).length;
    const step = await witness.checkAll([first, reference]);
    expect(step.outcome).to.equal("passed");
    expect(step.detail).to.match(/index 1 .*; the contract holds the root at index 2/);
    expect([times("eth_chainId"), times("eth_getCode")]).to.deep.equal([1, 1]);
    await witness.check(reference);
    expect([times("eth_chainId"), times("eth_getCode")]).to.deep.equal([2, 2]);
  });

  it("names the first anchor that fails among several", async () => {
    const witness = openWitness({ endpoints: alone(), pins, confirmations: 1 });
    expect(codeOf(await witness.checkAll([first, { ...reference, index: 9n }]))).to.equal("LOG_UNKNOWN");
    expect(codeOf(await witness.checkAll([{ ...first, chainId: 2n }, reference]))).to.equal("CHAIN_MISMATCH");
  });

  it("asks at most eight", () => {
    const nine = Array.from({ length: 9 }, (_, i) => `http://127.0.0.1:${i + 1}`);
    expect(() => openWitness({ endpoints: nine, confirmations: 1 })).to.throw(RangeError);
    expect(["http://a", "https://b/c?d"].map(isEndpointUrl)).to.deep.equal([true, true]);
    expect(["ws://a", "a", "http://[", "file:///a"].map(isEndpointUrl)).to.deep.equal([false, false, false, false]);
  });

  it("encodes calls and event as the contract's ABI has them", () => {
    const id = toHex(reference.log);
    const encoded = (functionName: string, args: unknown[]) =>
      encodeFunctionData({ abi: anchorLogAbi as Abi, functionName, args });
    expect(rootCall(reference.log, 2n ** 63n)).to.equal(encoded("root", [id, 2n ** 63n]));
    expect(markedCall(reference.log)).to.equal(encoded("marked", [id]));
    expect(markedSinceCall(reference.log)).to.equal(encoded("markedSince", [id]));
    expect(publisherCall(reference.log)).to.equal(encoded("publisher", [id]));
    const { topics, data } = anchoredEvent(reference);
    const args = { log: id, index: reference.index, root: toHex(reference.root) };
    expect(topics.map(toHex)).to.deep.equal(encodeEventTopics({ abi: anchorLogAbi, eventName: "Anchored", args }));
    expect(toHex(data)).to.equal(encodeAbiParameters([{ type: "uint64" }], [reference.size]));
  });
});
