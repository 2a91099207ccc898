import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { type Hex, parseTransaction, type TransactionSerializedEIP1559 } from "viem";
import { deployPlainly } from "#src/chain/deployment.ts";
import { deterministicAddress } from "#src/chain/deterministic-address.ts";
import { establishPlace, type PlaceFacts } from "#src/chain/establish.ts";
import { openPayer } from "#src/chain/payer.ts";
import { checksumAddress } from "#src/core/address.ts";
import { toHex } from "#src/core/bytes.ts";
import { ChainUnavailableError, TallyrootError } from "#src/core/errors.ts";
import { freshFacts, freshLog, type Ground, PUBLISHER_KEY, startGround } from "#test/ledger/anchoring-ground.ts";

describe("the place of the anchors", () => {
  let ground: Ground;
  before(async () => {
    ground = await startGround();
  });
  after(() => ground.stop());

  const establish = (facts: PlaceFacts, more: { contract?: Hex; publisherKey?: Hex; rpcUrl?: string } = {}) =>
    establishPlace({
      rpcUrl: ground.chain.rpcUrl,
      publisherKey: PUBLISHER_KEY,
      contract: undefined,
      facts,
      freshSalt: () => randomBytes(32),
      ...more,
    });
  const refused = async (work: Promise<unknown>) => {
    const outcome = await work.catch((error: unknown) => error);
    if (!(outcome instanceof TallyrootError)) throw new Error("not refused", { cause: outcome });
    return outcome;
  };

  it("is made once: contract and log are found again, with the code and the publisher that are there", async () => {
    const facts = freshFacts();
    const place = await establish(facts);
    expect(place.origin).to.equal("deployed");
    const height = await ground.client.getBlockNumber();
    expect(await establish(facts)).to.deep.equal({ ...place, origin: "remembered" });
    expect(await ground.client.getBlockNumber({ cacheTime: 0 })).to.equal(height);
    expect(facts.all.get("chain.contract")?.toLowerCase()).to.equal(toHex(place.contract));
  });

  it("is at the deterministic address, which a second data directory finds, with a log of its own", async () => {
    const place = await establish(freshFacts());
    expect(toHex(place.contract)).to.equal(toHex(deterministicAddress()));
    const facts = freshFacts();
    const other = await establish(facts);
    expect(other).to.include({ chainId: place.chainId, origin: "found" });
    expect(other.contract).to.deep.equal(place.contract);
    expect(toHex(other.log)).not.to.equal(toHex(place.log));
    expect(facts.all.get("chain.contract")).to.equal(checksumAddress(place.contract));
  });

  it("stays the contract that a data directory remembers, wherever that was deployed", async () => {
    const { contract } = await deployPlainly(await openPayer(ground.chain.rpcUrl, PUBLISHER_KEY));
    const facts = freshFacts();
    facts.set("chain.contract", checksumAddress(contract));
    const place = await establish(facts);
    expect(place).to.deep.include({ contract, origin: "remembered" });
  });

  it("may share a contract that is there: two data directories have two logs in it", async () => {
    const place = await establish(freshFacts());
    for (const contract of [checksumAddress(place.contract), toHex(place.contract)]) {
      const other = await establish(freshFacts(), { contract });
      expect(other.contract).to.deep.equal(place.contract);
      expect(toHex(other.log)).not.to.equal(toHex(place.log));
    }
  });

  it("is refused where there is no AnchorLog, and a wrong address leaves nothing behind", async () => {
    const facts = freshFacts();
    const empty = await refused(establish(facts, { contract: `0x${"ab".repeat(20)}` }));
    expect(empty.code).to.equal("CONTRACT_NOT_DEPLOYED");
    // Code that answers every call with nothing.
    const hash = await ground.wallet.sendTransaction({ data: "0x6001600c60003960016000f300" });
    const { contractAddress } = await ground.client.waitForTransactionReceipt({ hash });
    const other = await refused(establish(facts, { contract: contractAddress! }));
    expect(other.code).to.equal("CONTRACT_NOT_DEPLOYED");
    expect(other.message).to.contain("no AnchorLog");
    expect([...facts.all]).to.deep.equal([]);
    const place = await establish(facts);
    expect(facts.all.get("chain.log")).to.equal(toHex(place.log));
  });

  it("never changes: another contract, publisher or chain is refused by name", async () => {
    const facts = freshFacts();
    await establish(facts);
    const before = [...facts.all];
    const elsewhere = await deployPlainly(await openPayer(ground.chain.rpcUrl, PUBLISHER_KEY));
    const contract = await refused(establish(facts, { contract: checksumAddress(elsewhere.contract) }));
    expect(contract.facts).to.have.property("name", "chain.contract");
    const publisher = await refused(establish(facts, { publisherKey: `0x${"18".repeat(32)}` }));
    expect(publisher.facts).to.have.property("name", "chain.log");
    const moved: PlaceFacts = { ...facts, get: (name) => (name === "chain.id" ? "1" : facts.get(name)) };
    expect((await refused(establish(moved))).facts).to.have.property("name", "chain.id");
    expect([...facts.all]).to.deep.equal(before);
  });

  it("waits for a chain that does not answer, and leaves nothing behind", async () => {
    const facts = freshFacts();
    ground.wire.state = "dead";
    const outcome = await establish(facts, { rpcUrl: ground.wire.rpcUrl }).catch((error: unknown) => error);
    ground.wire.state = "whole";
    expect(outcome).to.be.instanceOf(ChainUnavailableError);
    expect([...facts.all]).to.deep.equal([]);
  });

  it("gets transactions that replace each other: the same nonce, an eighth more, even when the network asks for less", async () => {
    const { chain } = await freshLog(ground);
    const root = Buffer.alloc(32, 1);
    const fieldsOf = (raw: Uint8Array) => parseTransaction(toHex(raw) as TransactionSerializedEIP1559);
    const first = await chain.sign({ index: 1, root, size: 1 });
    // Each empty block takes an eighth off the base fee.
    await ground.client.request({ method: "hardhat_mine" as never, params: ["0x20"] as never });
    const second = await chain.sign({ index: 1, root, size: 1, replaces: first.raw });
    const third = await chain.sign({ index: 1, root, size: 1, replaces: second.raw });
    for (const [before, after] of [
      [first, second],
      [second, third],
    ] as const) {
      const [old, now] = [fieldsOf(before.raw), fieldsOf(after.raw)];
      expect(after.nonce).to.equal(before.nonce);
      expect(now.maxFeePerGas! * 8n >= old.maxFeePerGas! * 9n).to.equal(true);
      expect((now.maxPriorityFeePerGas ?? 0n) * 8n >= (old.maxPriorityFeePerGas ?? 0n) * 9n).to.equal(true);
    }
    await chain.send(third.raw);
    expect(await chain.anchoredCount()).to.equal(1);
    // Sent again, or replaced too late: the nonce is spent, and that is no failure.
    await chain.send(third.raw);
    await chain.send(first.raw);
    expect(await chain.nextNonce()).to.equal(first.nonce + 1);
    expect((await chain.mined(third.hash))?.succeeded).to.equal(true);
    expect(await chain.mined(first.hash)).to.equal(undefined);
  });
});
