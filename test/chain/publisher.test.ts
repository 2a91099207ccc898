import { expect } from "chai";
import { parseTransaction, type TransactionSerializedEIP1559 } from "viem";
import { openPublisher } from "#src/chain/publisher.ts";
import { fromHex, toHex } from "#src/core/bytes.ts";
import { ChainUnavailableError } from "#src/core/errors.ts";
import { type Ground, PUBLISHER, PUBLISHER_KEY, startGround } from "#test/ledger/anchoring-ground.ts";
import { about, type LyingEndpoint, startLyingEndpoint } from "#test/witness/lying-endpoint.ts";

/** Code that returns nothing, and code that reverts, each as the contract that a transaction makes. */
const STOPS = "0x6001600c60003960016000f300";
const REVERTS = "0x60006000fd";

describe("the publisher's account", () => {
  let ground: Ground;
  let endpoint: LyingEndpoint;
  before(async () => {
    ground = await startGround();
    endpoint = await startLyingEndpoint(ground.chain.rpcUrl);
  });
  after(async () => {
    endpoint.stop();
    await ground.stop();
  });
  afterEach(() => {
    endpoint.lie = () => undefined;
  });

  const publisher = () => openPublisher(endpoint.url, PUBLISHER_KEY);
  const signed = async (data: `0x${string}`, gas = 200_000n) => {
    const [nonce, fees] = [await publisher().nonce("pending"), await publisher().fees()];
    return publisher().sign({ data, gas, nonce, fees, chainId: ground.chain.chainId });
  };
  const refusalOf = async (work: Promise<unknown>) => {
    const error = await work.catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ChainUnavailableError);
    return (error as Error).message;
  };

  it("signs what the chain takes from its address, under the hash that the chain gives it", async () => {
    const { raw, hash } = await signed(STOPS);
    expect(parseTransaction(toHex(raw) as TransactionSerializedEIP1559).data).to.equal(STOPS);
    await publisher().send(raw);
    const receipt = await publisher().waitFor(hash);
    const mined = await ground.client.getTransaction({ hash: toHex(hash) });
    expect(mined.from).to.equal(PUBLISHER.address.toLowerCase());
    expect(toHex(receipt.blockHash)).to.equal(mined.blockHash);
    expect(await publisher().reader.code(toHex(receipt.contract!))).to.deep.equal(fromHex("0x00"));
    const { timestamp } = await ground.client.getBlock({ blockHash: mined.blockHash! });
    expect(await publisher().timeOf(receipt.blockHash)).to.equal(timestamp);
  });

  it("pays what the client library would", async () => {
    const { maxFeePerGas, maxPriorityFeePerGas } = await ground.client.estimateFeesPerGas();
    expect(await publisher().fees()).to.deep.equal({ maxFeePerGas, maxPriorityFeePerGas });
  });

  it("takes the tip out of the price where the chain has no word for it", async () => {
    const { baseFeePerGas } = await ground.client.getBlock();
    endpoint.lie = ({ method }) => {
      if (method === "eth_maxPriorityFeePerGas") return { error: { code: -32601, message: "no such method" } };
      return method === "eth_gasPrice" ? { result: `0x${(baseFeePerGas! + 7n).toString(16)}` } : undefined;
    };
    expect((await publisher().fees()).maxPriorityFeePerGas).to.equal(7n);
    endpoint.lie = ({ method }) => {
      if (method === "eth_maxPriorityFeePerGas") return { error: { code: -32601, message: "no such method" } };
      return method === "eth_gasPrice" ? { result: "0x0" } : undefined;
    };
    expect((await publisher().fees()).maxPriorityFeePerGas).to.equal(0n);
  });

  it("says so when its transaction reverted", async () => {
    const { raw, hash } = await signed(REVERTS);
    await publisher().send(raw);
    expect(await refusalOf(publisher().waitFor(hash))).to.equal(`transaction ${toHex(hash)} reverted`);
  });

  it("has no receipt before there is a block", async () => {
    const { raw, hash } = await signed(STOPS);
    expect(await publisher().receipt(hash)).to.equal(undefined);
    await publisher().send(raw);
    endpoint.lie = about("eth_getTransactionReceipt", (truth: object) => ({ ...truth, blockNumber: null }));
    expect(await publisher().receipt(hash)).to.equal(undefined);
  });

  it("takes nonsense for no answer", async () => {
    const { raw, hash } = await signed(STOPS);
    await publisher().send(raw);
    endpoint.lie = about("eth_getTransactionReceipt", (truth: object) => ({ ...truth, blockHash: "0x12" }));
    expect(await refusalOf(publisher().receipt(hash))).to.match(/eth_getTransactionReceipt .* not 32 bytes/);
    endpoint.lie = about("eth_getTransactionReceipt", (truth: object) => ({ ...truth, gasUsed: undefined }));
    expect(await refusalOf(publisher().receipt(hash))).to.match(/eth_getTransactionReceipt .* no number/);
    endpoint.lie = about("eth_getTransactionReceipt", (truth: object) => ({ ...truth, gasUsed: "0x20000000000000" }));
    expect(await refusalOf(publisher().receipt(hash))).to.match(/eth_getTransactionReceipt .* beyond 2\^53/);
    endpoint.lie = about("eth_getTransactionCount", () => "many");
    expect(await refusalOf(publisher().nonce("latest"))).to.match(/eth_getTransactionCount .* no number/);
    endpoint.lie = about("eth_getBlockByNumber", () => null);
    expect(await refusalOf(publisher().fees())).to.match(/eth_getBlockByNumber .* no block/);
    endpoint.lie = about("eth_getBlockByNumber", () => []);
    expect(await refusalOf(publisher().fees())).to.match(/eth_getBlockByNumber .* no object/);
  });
});
