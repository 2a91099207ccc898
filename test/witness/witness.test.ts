import { expect } from "chai";
import { fromHex, toHex } from "#src/core/bytes.ts";
import { ChainUnavailableError } from "#src/core/errors.ts";
import type { AnchorReference } from "#src/core/receipt.ts";
import type { Step } from "#src/core/verify-receipt.ts";
import { receiptOf } from "#src/ledger/receipts.ts";
import { openWitness, type WitnessPins } from "#src/witness/witness.ts";
import { anchorOf, deltaEvidence, headOf, history } from "#test/contract/evidence.ts";
import { anchor, freshLog, type Ground, type Log, PUBLISHER, startGround } from "#test/ledger/anchoring-ground.ts";
import { deltasOf, type OpenRecord, openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";

describe("the witness: step 6 against the real chain", () => {
  let ground: Ground;
  let log: Log;
  let folder: ReturnType<typeof temporaryFolder>;
  let record: OpenRecord;
  let pins: WitnessPins;
  const nothing = fromHex(`0x${"00".repeat(31)}77`);
  /** Two anchors that were made in this order. */
  let earlier: AnchorReference;
  let later: AnchorReference;

  before(async () => {
    ground = await startGround();
    log = await freshLog(ground);
    folder = temporaryFolder();
    record = await openRecord(folder.dir);
    [earlier, later] = [await anchored(), await anchored()];
    pins = { codeHash: log.place.codeHash };
  });
  after(async () => {
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

  type More = { pins?: WitnessPins; confirmations?: number; endpoints?: string[] };

  function ask(reference: AnchorReference, more: More = {}): Promise<Step> {
    return openWitness({ endpoints: [ground.chain.rpcUrl], pins, confirmations: 1, ...more }).check(reference);
  }

  /** The failure's name, or `passed`. */
  async function check(reference: AnchorReference, more: More = {}): Promise<string> {
    const step = await ask(reference, more);
    return step.outcome === "failed" ? step.failure : step.outcome;
  }

  it("passes what is there, and says what of it was not pinned", async () => {
    expect(await check(earlier)).to.equal("passed");
    expect(await check(later)).to.equal("passed");
    const { chainId, contract, log: id } = later;
    expect((await ask(later)).detail)
      .to.contain("has the expected code")
      .and.match(/not pinned, so the file's own word: chain, contract, log$/);
    expect((await ask(later, { pins: {} })).detail).to.match(/own word: chain, contract, log, code$/);
    expect((await ask(later, { pins: { ...pins, chainId, contract, log: id } })).detail).not.to.contain("own word");
  });

  it("names a pin that the anchor contradicts without asking anybody, in the order chain, contract, log", async () => {
    const other = { chainId: 5n, contract: Buffer.alloc(20, 9), log: nothing };
    const right = { chainId: later.chainId, contract: later.contract, log: later.log };
    for (const endpoints of [[], ["http://127.0.0.1:9"]]) {
      expect(await check(later, { endpoints, pins: other })).to.equal("CHAIN_MISMATCH");
      expect(await check(later, { endpoints, pins: { ...right, contract: other.contract, log: nothing } })).to.equal(
        "CONTRACT_NOT_EXPECTED",
      );
      expect(await check(later, { endpoints, pins: { ...right, log: nothing } })).to.equal("LOG_NOT_EXPECTED");
    }
    expect(await check(later, { endpoints: [], pins: right })).to.equal("skipped");
  });

  const cases: readonly (readonly [what: string, change: () => Partial<AnchorReference>, failure: string])[] = [
    ["a receipt of another chain", () => ({ chainId: 1n }), "CHAIN_MISMATCH"],
    ["an address without code", () => ({ contract: Buffer.alloc(20, 9) }), "CODE_MISMATCH"],
    ["a log that nobody opened", () => ({ log: nothing }), "LOG_UNKNOWN"],
    ["an index that is not anchored yet", () => ({ index: 3n }), "LOG_UNKNOWN"],
    ["another root", () => ({ root: nothing }), "ROOT_MISMATCH"],
    ["another index of the same log", () => ({ index: 1n }), "ROOT_MISMATCH"],
    ["a block hash that there is not", () => ({ blockHash: nothing }), "NOT_CONFIRMED"],
    ["a block that is still to come", () => ({ blockNumber: 1_000_000n }), "NOT_CONFIRMED"],
    ["the number of an earlier block", () => ({ blockNumber: earlier.blockNumber }), "NOT_CONFIRMED"],
    ["a transaction that there is not", () => ({ transactionHash: nothing }), "NOT_CONFIRMED"],
    ["another time than the block's", () => ({ blockTime: later.blockTime - 1n }), "NOT_CONFIRMED"],
    ["another number of leaves", () => ({ size: 2n }), "NOT_CONFIRMED"],
    [
      "the earlier block of another anchor, which would backdate it",
      () => ({ blockNumber: earlier.blockNumber, blockHash: earlier.blockHash, blockTime: earlier.blockTime }),
      "NOT_CONFIRMED",
    ],
    [
      "the earlier block with its own transaction",
      () => ({ ...earlier, index: later.index, root: later.root }),
      "NOT_CONFIRMED",
    ],
  ];
  for (const [what, change, failure] of cases) {
    it(`names ${failure} for ${what}`, async () => {
      expect(await check({ ...later, ...change() })).to.equal(failure);
    });
  }

  it("names CODE_MISMATCH for a contract with other code, also where no code is pinned", async () => {
    // Runtime code that answers every call with one word of zeros less than it should: nothing.
    const hash = await ground.wallet.sendTransaction({ data: "0x6001600c60003960016000f300" });
    const { contractAddress } = await ground.client.waitForTransactionReceipt({ hash });
    const contract = fromHex(contractAddress!.toLowerCase(), 20);
    expect(await check({ ...later, contract })).to.equal("CODE_MISMATCH");
    expect(await check({ ...later, contract }, { pins: {} })).to.equal("CODE_MISMATCH");
    expect(await check(later, { pins: { codeHash: Buffer.alloc(32, 0x12) } })).to.equal("CODE_MISMATCH");
  });

  it("names CODE_MISMATCH for a contract that fails when it is asked for a root", async () => {
    // Runtime code that reverts every call.
    const hash = await ground.wallet.sendTransaction({ data: "0x6005600c60003960056000f360006000fd" });
    const { contractAddress } = await ground.client.waitForTransactionReceipt({ hash });
    const contract = fromHex(contractAddress!.toLowerCase(), 20);
    expect(await check({ ...later, contract }, { pins: {} })).to.equal("CODE_MISMATCH");
  });

  it("names NOT_CONFIRMED until the block has as many successors as are asked for", async () => {
    const last = await anchored();
    expect(await check(last, { confirmations: 1 })).to.equal("passed");
    expect(await check(last, { confirmations: 2 })).to.equal("NOT_CONFIRMED");
    const hash = await ground.wallet.sendTransaction({ to: PUBLISHER.address, value: 1n });
    await ground.client.waitForTransactionReceipt({ hash });
    expect(await check(last, { confirmations: 2 })).to.equal("passed");
    expect(await check(last, { confirmations: 3 })).to.equal("NOT_CONFIRMED");
  });

  it("names LOG_MARKED once a contradiction in the log was proven, and since when", async () => {
    const lying = await freshLog(ground);
    const id = toHex(lying.place.log);
    const from = { account: PUBLISHER, chain: null };
    const deltas = history(`0x${"11".repeat(20)}`, [5n]).map((delta) => ({ ...delta, balance: 6n }));
    const statement = headOf(deltas);
    const { root, size, ...rest } = anchorOf(1n, [statement]);
    const hash = await lying.contract.write.append([id, 1n, root, size], from);
    const mined = await ground.client.waitForTransactionReceipt({ hash });
    const block = await ground.client.getBlock({ blockHash: mined.blockHash });
    const reference: AnchorReference = {
      ...later,
      log: lying.place.log,
      index: 1n,
      root: fromHex(root),
      size,
      transactionHash: fromHex(hash),
      blockNumber: mined.blockNumber,
      blockHash: fromHex(mined.blockHash),
      blockTime: block.timestamp,
    };
    expect(await check(reference)).to.equal("passed");
    const proof = deltaEvidence({ root, size, ...rest }, statement, deltas[0]!);
    const marking = await ground.client.waitForTransactionReceipt({
      hash: await lying.contract.write.proveFirstImbalance([id, proof], from),
    });
    expect(await check(reference)).to.equal("LOG_MARKED");
    const { timestamp } = await ground.client.getBlock({ blockHash: marking.blockHash });
    expect((await ask(reference)).detail).to.match(
      new RegExp(`since block ${marking.blockNumber}, ${new Date(Number(timestamp) * 1000).toISOString()}$`),
    );
    expect(await check(later)).to.equal("passed");
  });

  it("judges nothing while the chain does not answer", async () => {
    ground.wire.state = "dead";
    const outcome = await check(later, { endpoints: [ground.wire.rpcUrl] }).catch((error: unknown) => error);
    ground.wire.state = "whole";
    expect(outcome).to.be.instanceOf(ChainUnavailableError);
    expect(await check(later, { endpoints: [ground.wire.rpcUrl] })).to.equal("passed");
  });
});
