import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { parseTransaction } from "viem";
import type { EstablishedPlace } from "#src/chain/establish.ts";
import { feesFor, replacementFor } from "#src/chain/fees.ts";
import { toHex } from "#src/core/bytes.ts";
import { ChainUnavailableError } from "#src/core/errors.ts";
import { type ForeignNetwork, startForeignNetwork } from "#test/chain/foreign-network.ts";
import { baseFee, freshPlace, GWEI, logOver, waitOf } from "#test/chain/log-over-endpoints.ts";
import { about, type LyingEndpoint, startLyingEndpoint } from "#test/witness/lying-endpoint.ts";

describe("what is offered for a transaction", () => {
  const asked = { baseFee: 100n, tip: 10n };

  it("leaves room for a base fee that rises by a fifth", () => {
    expect(feesFor(asked, undefined)).to.deep.equal({ maxFeePerGas: 130n, maxPriorityFeePerGas: 10n });
  });

  it("is cut at the ceiling, as long as that covers the fee of now", async () => {
    expect(feesFor(asked, 115n)).to.deep.equal({ maxFeePerGas: 115n, maxPriorityFeePerGas: 10n });
    expect(feesFor(asked, 110n).maxFeePerGas).to.equal(110n);
    expect(() => feesFor(asked, 109n))
      .to.throw(ChainUnavailableError)
      .with.property("code", "FEE_ABOVE_CEILING");
  });

  it("is an eighth above what it replaces, in both of its parts, and at least one wei", () => {
    const replaced = { maxFeePerGas: 801n, maxPriorityFeePerGas: 0n };
    expect(replacementFor(replaced, { baseFee: 800n, tip: 0n }, undefined)).to.deep.equal({
      maxFeePerGas: 960n,
      maxPriorityFeePerGas: 1n,
    });
    expect(
      replacementFor({ maxFeePerGas: 960n, maxPriorityFeePerGas: 9n }, { baseFee: 500n, tip: 9n }, undefined),
    ).to.deep.equal({ maxFeePerGas: 1080n, maxPriorityFeePerGas: 11n });
  });

  it("for a replacement does not go above the ceiling by a wei", () => {
    const replaced = { maxFeePerGas: 800n, maxPriorityFeePerGas: 8n };
    expect(replacementFor(replaced, { baseFee: 800n, tip: 9n }, 900n).maxFeePerGas).to.equal(900n);
    expect(() => replacementFor(replaced, { baseFee: 800n, tip: 9n }, 899n)).to.throw("above TALLYROOT_MAX_FEE_GWEI");
  });

  it("stops to rise where a transaction offers four times what the network asks, whatever the time that passes", () => {
    let fees = feesFor(asked, undefined);
    let replacements = 0;
    const raise = () => {
      for (; replacements < 1000; replacements++) fees = replacementFor(fees, asked, undefined);
    };
    expect(raise).to.throw("no block takes it");
    expect(replacements).to.be.within(5, 15);
    expect(fees.maxFeePerGas <= 4n * 131n).to.equal(true);
  });

  it("is one price on a network from before EIP-1559", () => {
    const legacy = { baseFee: undefined, tip: 7n };
    expect(feesFor(legacy, 7n)).to.deep.equal({ maxFeePerGas: 7n, maxPriorityFeePerGas: 7n, legacy: true });
    expect(() => feesFor(legacy, 6n)).to.throw(ChainUnavailableError);
  });
});

describe("anchoring with a ceiling for fees", () => {
  let network: ForeignNetwork;
  let endpoint: LyingEndpoint;
  let place: EstablishedPlace;
  before(async () => {
    network = await startForeignNetwork(7101);
    endpoint = await startLyingEndpoint(network.rpcUrl);
  });
  beforeEach(async () => {
    await baseFee(network, GWEI);
    place = await freshPlace(network);
  });
  afterEach(async () => {
    endpoint.lie = () => undefined;
    await network.client.setAutomine(true);
  });
  after(async () => {
    endpoint.stop();
    await network.stop();
  });
  const append = () => ({ index: 1, root: new Uint8Array(randomBytes(32)), size: 1 });
  const termsOf = (raw: Uint8Array) => parseTransaction(toHex(raw));

  it("signs nothing while the network asks for more, says both figures, and signs once it has fallen", async () => {
    const log = logOver(network.rpcUrl, place, { maxFee: 20n * GWEI });
    await baseFee(network, 50n * GWEI);
    const { code, message } = await waitOf(log.sign(append()));
    expect(code).to.equal("FEE_ABOVE_CEILING");
    expect(message).to.match(/asks 5\d(\.\d+)? gwei per gas, and TALLYROOT_MAX_FEE_GWEI is 20:/);
    await baseFee(network, 5n * GWEI);
    const { raw, hash } = await log.sign(append());
    expect(termsOf(raw).maxFeePerGas! <= 20n * GWEI).to.equal(true);
    await log.send(raw);
    expect((await log.mined(hash))?.succeeded).to.equal(true);
  });

  it("makes no replacement above it: the old transaction stays, and nodes that lost it are told again", async () => {
    const log = logOver(network.rpcUrl, place, { maxFee: 20n * GWEI });
    await baseFee(network, 14n * GWEI);
    await network.client.setAutomine(false);
    const anchor = append();
    const first = await log.sign(anchor);
    await log.send(first.raw);
    await network.client.dropTransaction({ hash: toHex(first.hash) });
    expect(await network.client.getTransactionCount({ address: toHex(log.account), blockTag: "pending" })).to.equal(
      first.nonce,
    );
    const { code, message } = await waitOf(log.sign({ ...anchor, replaces: first.raw }));
    expect(code).to.equal("FEE_ABOVE_CEILING");
    expect(message).to.contain("it stays until it is taken");
    await network.client.mine({ blocks: 1 });
    expect((await log.mined(first.hash))?.succeeded).to.equal(true);
  });

  it("replaces a transaction that the ceiling leaves room for, under its nonce", async () => {
    const log = logOver(network.rpcUrl, place, { maxFee: 20n * GWEI });
    await network.client.setAutomine(false);
    const anchor = append();
    const first = await log.sign(anchor);
    await log.send(first.raw);
    await baseFee(network, 10n * GWEI);
    const second = await log.sign({ ...anchor, replaces: first.raw });
    expect(second.nonce).to.equal(first.nonce);
    await log.send(second.raw);
    await network.client.mine({ blocks: 1 });
    expect((await log.mined(second.hash))?.succeeded).to.equal(true);
    expect(await log.mined(first.hash)).to.equal(undefined);
  });

  it("pays in the old way where blocks have no base fee, and replaces in it", async () => {
    endpoint.lie = about("eth_getBlockByNumber", (block: Record<string, unknown>) => {
      const { baseFeePerGas: _, ...legacy } = block;
      return legacy;
    });
    const log = logOver(endpoint.url, place, { maxFee: 20n * GWEI });
    const anchor = append();
    const first = await log.sign(anchor);
    expect(termsOf(first.raw)).to.include({ type: "legacy", chainId: network.chainId });
    const second = await log.sign({ ...anchor, replaces: first.raw });
    expect(termsOf(second.raw).gasPrice! * 8n >= termsOf(first.raw).gasPrice! * 9n).to.equal(true);
    await log.send(second.raw);
    expect((await log.mined(second.hash))?.succeeded).to.equal(true);
    const low = logOver(endpoint.url, place, { maxFee: 1n });
    expect((await waitOf(low.sign(append()))).code).to.equal("FEE_ABOVE_CEILING");
  });

  it("takes the network's word for the gas, with room, up to a bound", async () => {
    const log = logOver(endpoint.url, place);
    const gasSigned = async () => termsOf((await log.sign(append())).raw).gas;
    expect(await gasSigned(), "as on Ethereum").to.equal(80_000n);
    endpoint.lie = about("eth_estimateGas", () => "0x61a80");
    expect(await gasSigned(), "a rollup").to.equal(500_000n);
    endpoint.lie = about("eth_estimateGas", () => "0x5f5e100");
    expect(await log.sign(append()).catch((error: Error) => error.message)).to.match(/would take 100000000 gas here/);
    endpoint.lie = ({ method }) =>
      method === "eth_estimateGas" ? { error: { code: 3, message: "execution reverted" } } : undefined;
    expect(await gasSigned(), "an append that would fail just now").to.equal(80_000n);
  });

  it("pays no tip that one endpoint among several makes up", async () => {
    const others = await Promise.all([1, 2].map(() => startLyingEndpoint(network.rpcUrl)));
    endpoint.lie = about("eth_maxPriorityFeePerGas", () => `0x${(10_000n * GWEI).toString(16)}`);
    const log = logOver([endpoint.url, ...others.map(({ url }) => url)], place);
    const { raw } = await log.sign(append());
    expect(endpoint.asked).to.include("eth_maxPriorityFeePerGas");
    expect(termsOf(raw).maxPriorityFeePerGas! < 10n * GWEI).to.equal(true);
    for (const other of others) other.stop();
  });
}).timeout(20_000);
