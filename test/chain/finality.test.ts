import { randomBytes } from "node:crypto";
import { expect } from "chai";
import type { EstablishedPlace } from "#src/chain/establish.ts";
import { expectNetwork } from "#src/chain/network-check.ts";
import { ChainUnavailableError, TallyrootError } from "#src/core/errors.ts";
import { openWitness } from "#src/witness/witness.ts";
import { type ForeignNetwork, startForeignNetwork } from "#test/chain/foreign-network.ts";
import { freshPlace, logOver } from "#test/chain/log-over-endpoints.ts";
import { type Answer, type LyingEndpoint, startLyingEndpoint } from "#test/witness/lying-endpoint.ts";

const TAGS = ["finalized", "safe"] as const;

describe("an anchor that is final by the chain's own word", () => {
  let network: ForeignNetwork;
  let endpoint: LyingEndpoint;
  let place: EstablishedPlace;
  /** What the endpoint answers to the question for the block of a tag. */
  let answer: Answer;
  let root: Uint8Array;
  let hash: Uint8Array;
  let blockNumber: number;

  before(async () => {
    network = await startForeignNetwork(7102);
    endpoint = await startLyingEndpoint(network.rpcUrl);
    place = await freshPlace(network);
    root = new Uint8Array(randomBytes(32));
    const log = logOver(network.rpcUrl, place);
    const signed = await log.sign({ index: 1, root, size: 1 });
    await log.send(signed.raw);
    ({ hash } = signed);
    ({ blockNumber } = (await log.mined(hash))!);
    await network.client.mine({ blocks: 70 });
    endpoint.lie = ({ method, params: [tag] }) =>
      method === "eth_getBlockByNumber" && TAGS.includes(tag as "safe") ? answer : undefined;
  });
  after(async () => {
    endpoint.stop();
    await network.stop();
  });
  const upTo = (number: number): Answer => ({ result: { number: `0x${number.toString(16)}` } });

  for (const tag of TAGS) {
    it(`waits for the ${tag} block to come as far, however many blocks there are`, async () => {
      const log = logOver(endpoint.url, place, { confirmations: tag });
      answer = upTo(blockNumber - 1);
      expect((await log.mined(hash))?.final).to.equal(false);
      answer = upTo(blockNumber);
      expect((await log.mined(hash))?.final).to.equal(true);
    });

    it(`waits while the chain has no ${tag} block yet, as it says in either way`, async () => {
      const log = logOver(endpoint.url, place, { confirmations: tag });
      for (const none of [{ result: null }, { error: { code: -39001, message: `${tag} block not found` } }]) {
        answer = none;
        expect((await log.mined(hash))?.final).to.equal(false);
        await expectNetwork([endpoint.url], tag);
      }
    });

    it(`is not called VERIFIED by a check against the chain before it is ${tag}`, async () => {
      const { blockHash, blockTime } = (await logOver(network.rpcUrl, place).mined(hash))!;
      const anchor = {
        ...{ chainId: BigInt(place.chainId), contract: place.contract, log: place.log },
        ...{ index: 1n, root, size: 1n, transactionHash: hash },
        ...{ blockNumber: BigInt(blockNumber), blockHash, blockTime: BigInt(blockTime) },
      };
      const witness = openWitness({ endpoints: [endpoint.url], confirmations: tag });
      answer = upTo(blockNumber - 1);
      const early = await witness.check(anchor);
      expect(early).to.include({ outcome: "failed", failure: "NOT_CONFIRMED" });
      expect(early.detail).to.equal(`block ${blockNumber} is not ${tag} yet`);
      answer = upTo(blockNumber);
      const late = await witness.check(anchor);
      expect(late.outcome, late.detail).to.equal("passed");
      expect(late.detail).to.contain(`(${tag})`);
    });
  }

  it("is refused at the start by a network that does not know the tag, in a sentence that says what to set", async () => {
    answer = { error: { code: -32602, message: "invalid block tag" } };
    const outcome = await expectNetwork([endpoint.url], "finalized").catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(TallyrootError);
    expect((outcome as Error).message).to.match(
      /does not know the block tag finalized: invalid block tag\. Set TALLYROOT_CONFIRMATIONS to a number/,
    );
    await expectNetwork([endpoint.url], 3);
    const log = logOver(endpoint.url, place, { confirmations: "finalized" });
    expect(await log.mined(hash).catch((error: unknown) => error)).to.be.instanceOf(ChainUnavailableError);
  });
});
