import { expect } from "chai";
import { TallyrootConnectionError } from "#src/sdk/errors.ts";
import { type ReceiptInput, type VerifyReceiptOptions, verifyReceipt } from "#src/sdk/verify.ts";
import { about, type LyingEndpoint, startLyingEndpoint } from "#test/witness/lying-endpoint.ts";
import { type Ground, rejection, startGround } from "./ground.ts";

const NAMES = ["shape", "content", "fingerprint", "ledger", "anchor", "chain"];

describe("verifyReceipt", () => {
  let ground: Ground;
  let liar: LyingEndpoint;
  let file: Uint8Array;

  before(async () => {
    ground = await startGround();
    liar = await startLyingEndpoint(ground.server.rpcUrl);
    const pac = ground.client();
    const { receiptId } = await pac.balance.emitAndWait({ customerId: "a", delta: 1, reason: "r" });
    file = await pac.balance.receipts.file(receiptId);
  });
  beforeEach(() => {
    liar.lie = () => undefined;
  });
  after(async () => {
    liar.stop();
    await ground.stop();
  });

  const verify = (options: Partial<VerifyReceiptOptions> = {}, receipt: ReceiptInput = file) =>
    verifyReceipt(receipt, { policy: ground.policy, ...options });

  it("tells what came of each of the six steps", async () => {
    const { steps } = await verify();
    expect(steps.map(({ step }) => step)).to.deep.equal([1, 2, 3, 4, 5, 6]);
    expect(steps.map(({ name }) => name)).to.deep.equal(NAMES);
    expect(steps.map(({ outcome }) => outcome)).to.deep.equal(Array(6).fill("passed"));
    expect(steps.every(({ detail }) => detail.length > 0)).to.equal(true);
    expect(steps[5]!.detail).to.contain("has the expected code").and.not.contain("own word");
  });

  it("ends with the step that failed, and its reason", async () => {
    const receipt = JSON.parse(new TextDecoder().decode(file));
    receipt.content.reason = "other";
    const { steps, ...verdict } = await verify({}, receipt);
    expect(verdict).to.include({ verified: false, step: 2, failure: "COMMITMENT_MISMATCH" });
    expect(steps.map(({ outcome }) => outcome)).to.deep.equal(["passed", "failed"]);
    expect(steps[1]).to.include({ failure: "COMMITMENT_MISMATCH", detail: verdict.detail });
  });

  it("skips the sixth step where there is nobody to ask, and has compared the policy before", async () => {
    const { verified, failure, steps } = await verify({ rpc: [] });
    expect({ verified, failure }).to.deep.equal({ verified: false, failure: null });
    expect(steps.map(({ outcome }) => outcome)).to.deep.equal([...Array(5).fill("passed"), "skipped"]);
    const policies = [
      [{ chainId: "5" }, "CHAIN_MISMATCH"],
      [{ contract: "0x0000000000000000000000000000000000000000" }, "CONTRACT_NOT_EXPECTED"],
      [{ log: `0x${"07".repeat(32)}` }, "LOG_NOT_EXPECTED"],
    ] as const;
    for (const [change, code] of policies)
      expect(await verify({ rpc: [], policy: { ...ground.policy, ...change } })).to.include({ step: 6, failure: code });
  });

  it("asks whom it was told to, all of them, with the policy's code and confirmations", async () => {
    const rpc = [ground.server.rpcUrl, liar.url];
    expect((await verify({ rpc })).detail).to.contain("2 endpoints say the same");
    liar.lie = about("eth_blockNumber", () => "0x0");
    expect(await verify({ rpc })).to.include({ failure: "ENDPOINTS_DISAGREE" });
    liar.lie = () => undefined;
    const codeHash = `0x${"07".repeat(32)}`;
    expect(await verify({ policy: { ...ground.policy, codeHash } })).to.include({ failure: "CODE_MISMATCH" });
    const confirmations = "1000000";
    expect(await verify({ policy: { ...ground.policy, confirmations } })).to.include({ failure: "NOT_CONFIRMED" });
    const nine = Array.from({ length: 9 }, (_, i) => `http://127.0.0.1:${i + 1}`);
    expect(await rejection(verify({ rpc: nine }))).to.be.instanceOf(RangeError);
  });

  it("asks with the fetch that it is given", async () => {
    const asked: string[] = [];
    const counting: typeof fetch = (...request) => {
      asked.push(String(request[0]));
      return fetch(...request);
    };
    expect(await verify({ fetch: counting, rpc: liar.url })).to.include({ verified: true });
    expect(new Set(asked)).to.deep.equal(new Set([`${liar.url}/`]));
  });

  it("throws TallyrootConnectionError, and judges nothing, by endpoints that do not answer or answer nonsense", async () => {
    liar.lie = () => ({ status: 200, body: "<html>" });
    const dead = "http://user:secret@127.0.0.1:9/key-of-mine";
    const error = await rejection(verify({ rpc: [ground.server.rpcUrl, dead, liar.url] }));
    expect(error).to.be.instanceOf(TallyrootConnectionError);
    expect(error).to.include({ name: "TallyrootConnectionError", code: "NO_ANSWER", retryable: true });
    expect(error.message)
      .to.match(
        /^endpoint 2 at http:\/\/127\.0\.0\.1:9 does not answer: .*; endpoint 3 at \S+ answers eth_chainId with/,
      )
      .and.not.match(/secret|user|key-of-mine/);
  });
});
