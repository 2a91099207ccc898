import { expect } from "chai";
import { encodeAbiParameters, type Hex, keccak256, parseEventLogs, zeroAddress } from "viem";
import { anchorLogAbi } from "#src/chain/anchor-log-abi.ts";
import { type Deployment, deployment, openLog, refusal } from "./deployment.ts";
import { zeroHash } from "./evidence.ts";

const word = (byte: string): Hex => `0x${byte.repeat(32)}`;

describe("a log", () => {
  let d: Deployment;
  let log: Hex;
  beforeEach(async () => {
    d = await deployment();
    log = await openLog(d);
  });
  afterEach(() => d.close());

  const append = (index: bigint, root = word("aa"), size = 1n, account = d.publisher) =>
    d.contract.simulate.append([log, index, root, size], { account });
  const appended = (index: bigint, root: Hex, size: bigint, account = d.publisher) =>
    d.mined(d.contract.write.append([log, index, root, size], { account }));

  it("has an id made of chain, contract, opener and salt", async () => {
    const types = [{ type: "uint256" }, { type: "address" }, { type: "address" }, { type: "bytes32" }] as const;
    const id = keccak256(encodeAbiParameters(types, [31337n, d.address, d.publisher, word("5a")]));
    expect(log).to.equal(id);
    expect(await d.contract.read.publisher([id])).to.equal(d.publisher);
  });

  it("has another id in another contract, for another opener and under another salt", async () => {
    const elsewhere = d.contract.read.logId([d.stranger, word("5a")]);
    const resalted = d.contract.read.logId([d.publisher, word("5b")]);
    const address = await d.deploy("AnchorLog");
    const args = [d.publisher, word("5a")] as const;
    const redeployed = d.client.readContract({ abi: anchorLogAbi, address, functionName: "logId", args });
    expect(new Set([log, ...(await Promise.all([elsewhere, resalted, redeployed]))]).size).to.equal(4);
  });

  it("opens once", async () => {
    const again = d.contract.simulate.openLog([word("5a")], { account: d.publisher });
    expect(await refusal(again)).to.equal("LogAlreadyOpen");
  });

  it("announces who opened it with which salt", async () => {
    const receipt = await d.mined(d.contract.write.openLog([word("01")], { account: d.stranger }));
    const [event] = parseEventLogs({ abi: anchorLogAbi, eventName: "LogOpened", logs: receipt.logs });
    const opened = await d.contract.read.logId([d.stranger, word("01")]);
    expect(event?.args).to.deep.equal({ log: opened, publisher: d.stranger, salt: word("01") });
  });

  it("starts empty", async () => {
    expect(await d.contract.read.count([log])).to.equal(0n);
    expect(await d.contract.read.latest([log])).to.deep.equal([0n, zeroHash]);
    expect(await d.contract.read.marked([log])).to.equal(false);
    expect(await d.contract.read.markedSince([log])).to.deep.equal([0n, 0n]);
  });

  it("takes index 1, 2, 3 and answers each root", async () => {
    for (const [index, byte] of [...["a1", "a2", "a3"].entries()]) await appended(BigInt(index + 1), word(byte), 1n);
    expect(await d.contract.read.count([log])).to.equal(3n);
    expect(await d.contract.read.latest([log])).to.deep.equal([3n, word("a3")]);
    const roots = [0n, 1n, 2n, 3n, 4n].map((index) => d.contract.read.root([log, index]));
    expect(await Promise.all(roots)).to.deep.equal([zeroHash, word("a1"), word("a2"), word("a3"), zeroHash]);
  });

  it("announces each anchor with log, index and root as topics", async () => {
    const receipt = await appended(1n, word("aa"), 7n);
    expect(receipt.logs).to.have.length(1);
    expect(receipt.logs[0]!.topics.slice(1)).to.deep.equal([log, `0x${"0".repeat(63)}1`, word("aa")]);
    const [event] = parseEventLogs({ abi: anchorLogAbi, eventName: "Anchored", logs: receipt.logs });
    expect(event?.args).to.deep.equal({ log, index: 1n, root: word("aa"), size: 7n });
  });

  it("refuses index 0, a skipped, a repeated and a rewound index", async () => {
    expect(await refusal(append(0n))).to.equal("UnexpectedIndex");
    expect(await refusal(append(2n))).to.equal("UnexpectedIndex");
    await appended(1n, word("aa"), 1n);
    await appended(2n, word("ab"), 1n);
    for (const index of [0n, 1n, 2n, 4n, 2n ** 64n - 1n]) {
      expect(await refusal(append(index))).to.equal("UnexpectedIndex");
    }
    await append(3n);
  });

  it("refuses an empty root and an anchor of no leaves", async () => {
    expect(await refusal(append(1n, zeroHash))).to.equal("EmptyRoot");
    expect(await refusal(append(1n, word("aa"), 0n))).to.equal("EmptyAnchor");
  });

  it("is appended to by nobody but its publisher", async () => {
    expect(await refusal(append(1n, word("aa"), 1n, d.stranger))).to.equal("NotPublisher");
    await append(1n, word("aa"), 1n, d.publisher);
  });

  it("that was never opened is appended to by nobody", async () => {
    const unopened = await d.contract.read.logId([d.publisher, word("77")]);
    const call = d.contract.simulate.append([unopened, 1n, word("aa"), 1n], { account: d.publisher });
    expect(await refusal(call)).to.equal("NotPublisher");
    const accept = d.contract.simulate.acceptPublisher([unopened], { account: d.publisher });
    expect(await refusal(accept)).to.equal("NotOffered");
  });

  it("keeps apart from every other log", async () => {
    await d.mined(d.contract.write.openLog([word("01")], { account: d.stranger }));
    const other = await d.contract.read.logId([d.stranger, word("01")]);
    await appended(1n, word("aa"), 1n);
    expect(await d.contract.read.count([other])).to.equal(0n);
    expect(await d.contract.read.root([other, 1n])).to.equal(zeroHash);
  });

  it("takes no ether", async () => {
    const call = d.client.call({ account: d.stranger, to: d.address, value: 1n });
    const failed = await call.then(
      () => false,
      () => true,
    );
    expect(failed).to.equal(true);
  });

  describe("handed over", () => {
    const offer = (to: Hex) => d.mined(d.contract.write.offerPublisher([log, to], { account: d.publisher }));
    const accept = (account: Hex) => d.contract.simulate.acceptPublisher([log], { account });

    it("keeps its publisher until the successor accepts", async () => {
      await offer(d.successor);
      expect(await d.contract.read.pendingPublisher([log])).to.equal(d.successor);
      expect(await d.contract.read.publisher([log])).to.equal(d.publisher);
      expect(await refusal(append(1n, word("aa"), 1n, d.successor))).to.equal("NotPublisher");
      await appended(1n, word("aa"), 1n);
    });

    it("goes on at the next index under the successor alone", async () => {
      await appended(1n, word("aa"), 1n);
      await offer(d.successor);
      const receipt = await d.mined(d.contract.write.acceptPublisher([log], { account: d.successor }));
      const [event] = parseEventLogs({ abi: anchorLogAbi, eventName: "PublisherChanged", logs: receipt.logs });
      expect(event?.args).to.deep.equal({ log, previous: d.publisher, next: d.successor });
      expect(await d.contract.read.pendingPublisher([log])).to.equal(zeroAddress);
      expect(await refusal(append(2n))).to.equal("NotPublisher");
      await appended(2n, word("ab"), 1n, d.successor);
      expect(await d.contract.read.root([log, 1n])).to.equal(word("aa"));
    });

    it("can be accepted once, and by the successor only", async () => {
      await offer(d.successor);
      expect(await refusal(accept(d.stranger))).to.equal("NotOffered");
      await d.mined(d.contract.write.acceptPublisher([log], { account: d.successor }));
      expect(await refusal(accept(d.successor))).to.equal("NotOffered");
    });

    it("can not be accepted after the offer was withdrawn or replaced", async () => {
      await offer(d.successor);
      await offer(zeroAddress);
      expect(await refusal(accept(d.successor))).to.equal("NotOffered");
      await offer(d.successor);
      await offer(d.stranger);
      expect(await refusal(accept(d.successor))).to.equal("NotOffered");
      await accept(d.stranger);
    });

    it("is offered by nobody but its publisher", async () => {
      const call = d.contract.simulate.offerPublisher([log, d.stranger], { account: d.stranger });
      expect(await refusal(call)).to.equal("NotPublisher");
    });
  });
});
