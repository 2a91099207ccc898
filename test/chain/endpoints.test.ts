import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { openEndpointSet, quorumOf } from "#src/chain/endpoint-set.ts";
import type { EstablishedPlace } from "#src/chain/establish.ts";
import { expectNetwork } from "#src/chain/network-check.ts";
import { toHex } from "#src/core/bytes.ts";
import { TallyrootError } from "#src/core/errors.ts";
import { AnchoringHaltedError, anchorRound } from "#src/ledger/anchor.ts";
import { openDoubts } from "#src/ledger/doubts.ts";
import { type ForeignNetwork, startForeignNetwork } from "#test/chain/foreign-network.ts";
import { AWAY, freshPlace, logOver, waitOf } from "#test/chain/log-over-endpoints.ts";
import { deltasOf, type OpenRecord, openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";
import { about, type Lie, type LyingEndpoint, startLyingEndpoint } from "#test/witness/lying-endpoint.ts";

const TRUTH: Lie = () => undefined;
const OTHER_CHAIN: Lie = about("eth_chainId", () => "0x1");
const ROOT = `0x${"ee".repeat(32)}`;

describe("several endpoints", () => {
  let network: ForeignNetwork;
  let place: EstablishedPlace;
  let endpoints: LyingEndpoint[];
  before(async () => {
    network = await startForeignNetwork(7103);
    endpoints = await Promise.all([1, 2, 3].map(() => startLyingEndpoint(network.rpcUrl)));
  });
  beforeEach(async () => {
    place = await freshPlace(network);
  });
  afterEach(async () => {
    for (const endpoint of endpoints) {
      endpoint.lie = TRUTH;
      endpoint.asked.length = 0;
    }
    await network.client.setAutomine(true);
  });
  after(async () => {
    for (const endpoint of endpoints) endpoint.stop();
    await network.stop();
  });

  /** As providers have them: with a key in the path. */
  const urls = (count: number) => endpoints.slice(0, count).map(({ url }) => `${url}/v3/the-secret-key`);
  const log = (count: number) => logOver(urls(count), place);
  const append = () => ({ index: 1, root: new Uint8Array(randomBytes(32)), size: 1 });
  /** An anchor on the chain, appended past every lie. */
  async function appended(anchor = append()) {
    const straight = logOver(network.rpcUrl, place);
    const signed = await straight.sign(anchor);
    await straight.send(signed.raw);
    return { ...signed, ...anchor };
  }

  describe("that are away", () => {
    it("are passed over: everything is asked of the next, and sent to all that are there", async () => {
      endpoints[0]!.lie = AWAY;
      const over = log(3);
      const anchor = append();
      const { raw, hash } = await over.sign(anchor);
      await over.send(raw);
      for (const endpoint of endpoints.slice(1)) expect(endpoint.asked).to.include("eth_sendRawTransaction");
      expect(await over.mined(hash)).to.include({ succeeded: true, final: true });
      expect(await over.anchoredRoot(1)).to.deep.equal(anchor.root);
      expect(await over.anchoredCount()).to.equal(1);
      expect(await over.publisher()).to.deep.equal(over.account);
      const states = over.watch.publisher.endpoints.reports();
      expect(states.map(({ state }) => state)).to.deep.equal(["down", "up", "up"]);
    });

    it("are left alone for a while that grows, and asked again then", async () => {
      let now = 1_000_000;
      const set = openEndpointSet(urls(2), { clock: () => now });
      const asked = () => endpoints[0]!.asked.length;
      const head = () => set.any(({ blockNumber }) => blockNumber());
      for (const refusal of [
        AWAY,
        (() => ({ status: 429, body: "slow down" })) as Lie,
        (() => ({ status: 429, body: '{"error":{"code":1,"message":"slow down"}}' })) as Lie,
        (() => ({ error: { code: -32005, message: "limit exceeded" } })) as Lie,
      ]) {
        endpoints[0]!.lie = refusal;
        await head();
        const before = asked();
        await head();
        now += 900;
        await head();
        expect(asked(), "passed over").to.equal(before);
        now += 200;
        await head();
        expect(asked(), "asked again").to.be.greaterThan(before);
        const again = asked();
        now += 1_100;
        await head();
        expect(asked(), "left alone for longer").to.equal(again);
        endpoints[0]!.lie = TRUTH;
        now += 1_000;
        await head();
        expect(set.reports()[0]).to.include({ state: "up" });
      }
    });

    it("are two of three too many: nothing is final by the word of one", async () => {
      const { hash } = await appended();
      for (const endpoint of endpoints.slice(1)) endpoint.lie = AWAY;
      const { code, message } = await waitOf(log(3).mined(hash));
      expect(code).to.equal("ENDPOINTS_AWAY");
      expect(message).to.match(/^1 of 3 endpoints answer, and 2 are needed: endpoint 2 at .*500; endpoint 3 at .*500$/);
      expect(message).not.to.contain("secret");
    });

    it("leave one of two that is believed", async () => {
      const { hash, root } = await appended();
      endpoints[0]!.lie = AWAY;
      const over = log(2);
      expect((await over.mined(hash))?.final).to.equal(true);
      expect(await over.anchoredRoot(1)).to.deep.equal(root);
      expect([1, 2, 3, 4, 5, 6, 8].map(quorumOf)).to.deep.equal([1, 1, 2, 2, 3, 4, 5]);
    });
  });

  describe("that contradict one another", () => {
    it("make nothing final: another block, another outcome, another root or none; and are named without their keys", async () => {
      const { hash } = await appended();
      const lies: readonly Lie[] = [
        (call, { result }) => {
          // A whole world of its own: its receipt and its block fit together.
          const blockHash = `0x${"bb".repeat(32)}`;
          if (call.method === "eth_getTransactionReceipt") return { result: { ...(result as object), blockHash } };
          return call.method === "eth_getBlockByNumber"
            ? { result: { ...(result as object), hash: blockHash } }
            : undefined;
        },
        about("eth_getTransactionReceipt", (truth: object) => ({ ...truth, status: "0x0" })),
        about("eth_getTransactionReceipt", () => null),
        about("eth_call", () => ROOT),
        about("eth_call", () => `0x${"00".repeat(32)}`),
      ];
      for (const [i, lie] of lies.entries()) {
        endpoints[1]!.lie = lie;
        const over = log(3);
        expect((await over.mined(hash))?.final, `lie ${i}`).to.equal(false);
        expect(over.watch.dispute(), `lie ${i}`).to.match(
          /^endpoints disagree about transaction 0x.*endpoint 2 at http/,
        );
        expect(over.watch.dispute()).not.to.contain("secret");
        endpoints[1]!.lie = TRUTH;
        expect((await over.mined(hash))?.final, `truth after lie ${i}`).to.equal(true);
        expect(over.watch.dispute()).to.equal(undefined);
      }
    });

    it("wait for each other where they are two, whichever of them lies", async () => {
      const { hash } = await appended();
      for (const liar of endpoints.slice(0, 2)) {
        liar.lie = about("eth_getTransactionReceipt", (truth: object) => ({ ...truth, status: "0x0" }));
        expect((await waitOf(log(2).mined(hash))).code).to.equal("ENDPOINTS_DISAGREE");
        liar.lie = about("eth_call", () => ROOT);
        expect((await waitOf(log(2).anchoredRoot(1))).code).to.equal("ENDPOINTS_DISAGREE");
        liar.lie = about("eth_getTransactionReceipt", () => null);
        expect((await log(2).mined(hash))?.final).to.equal(false);
        liar.lie = TRUTH;
      }
    });

    it("make nothing of a transaction that one of them has invented a block for, far ahead of the others", async () => {
      await network.client.setAutomine(false);
      const over = log(2);
      const { hash, raw } = await over.sign(append());
      await over.send(raw);
      const blockHash = `0x${"bb".repeat(32)}`;
      endpoints[0]!.lie = ({ method }) => {
        if (method === "eth_blockNumber") return { result: "0xffffff" };
        if (method === "eth_getBlockByNumber")
          return { result: { number: "0xfffff0", hash: blockHash, timestamp: "0x1" } };
        if (method === "eth_call") return { result: ROOT };
        return method === "eth_getTransactionReceipt"
          ? { result: { blockNumber: "0xfffff0", blockHash, gasUsed: "0x1", status: "0x1", logs: [] } }
          : undefined;
      };
      expect((await over.mined(hash))?.final).to.equal(false);
    });

    it("are outvoted about nonce and count: one alone changes neither", async () => {
      endpoints[0]!.lie = (call) => {
        if (call.method === "eth_getTransactionCount") return { result: "0x270f" };
        return call.method === "eth_call" ? { result: `0x${"7".padStart(64, "0")}` } : undefined;
      };
      const truth = await logOver(network.rpcUrl, place).nextNonce();
      expect(await log(3).nextNonce()).to.equal(truth);
      expect(await log(3).anchoredCount()).to.equal(0);
      expect((await log(3).sign(append())).nonce).to.equal(truth);
    });
  });

  it("that are behind do not keep two others from making an anchor final", async () => {
    const [height, nonce] = [await network.client.getBlockNumber(), await log(3).nextNonce()];
    const { hash, root } = await appended();
    await network.client.mine({ blocks: 20 });
    endpoints[0]!.lie = ({ method }) => {
      if (method === "eth_blockNumber") return { result: `0x${height.toString(16)}` };
      if (method === "eth_getTransactionCount") return { result: `0x${nonce.toString(16)}` };
      if (method === "eth_getTransactionReceipt") return { result: null };
      return method === "eth_call" ? { result: `0x${"00".repeat(32)}` } : undefined;
    };
    const over = log(3);
    expect((await over.mined(hash))?.final).to.equal(true);
    expect(await over.anchoredRoot(1)).to.deep.equal(root);
    await over.watch.publisher.endpoints.look();
    expect(over.watch.publisher.endpoints.reports().map(({ state }) => state)).to.deep.equal(["behind", "up", "up"]);
  });

  describe("of another chain", () => {
    it("are refused at the start, by name", async () => {
      endpoints[1]!.lie = OTHER_CHAIN;
      const outcome = await expectNetwork(urls(3), 1).catch((error: unknown) => error);
      expect(outcome).to.be.instanceOf(TallyrootError);
      expect((outcome as Error).message).to.match(
        /^TALLYROOT_RPC_URL names two chains: endpoint 1 at \S+ is of chain 7103, endpoint 2 at \S+ is of chain 1$/,
      );
      endpoints[1]!.lie = AWAY;
      await expectNetwork(urls(3), 1);
    });

    it("are believed in nothing from when they say so, and named; without another one, anchoring waits", async () => {
      const { hash, root } = await appended();
      endpoints[0]!.lie = (call, truth) =>
        OTHER_CHAIN(call, truth) ?? (call.method === "eth_call" ? { result: ROOT } : undefined);
      const over = log(3);
      expect((await over.mined(hash))?.final).to.equal(true);
      expect(await over.anchoredRoot(1)).to.deep.equal(root);
      const [first] = over.watch.publisher.endpoints.reports();
      expect(first).to.include({ state: "other chain" });
      expect(first!.detail).to.match(/^endpoint 1 at \S+ is of chain 1, not of chain 7103$/);
      const alone = log(1);
      expect((await waitOf(alone.anchoredRoot(1))).code).to.equal("OTHER_CHAIN");
      endpoints[0]!.lie = TRUTH;
      expect(await alone.anchoredRoot(1)).to.deep.equal(root);
    });
  });

  describe("under a whole record", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let record: OpenRecord;
    beforeEach(async () => {
      folder = temporaryFolder();
      record = await openRecord(folder.dir);
      deltasOf(await record.store.record([request(record.tenant, "a")], false));
    });
    afterEach(() => {
      record.close();
      folder.remove();
    });
    const round = (haltAfterMs: number, count: number) => {
      const clock = Date.now;
      const { store: _, anchors: store, contents } = record;
      const signal = AbortSignal.timeout(15_000);
      const doubts = openDoubts({ clock, haltAfterMs });
      return async () =>
        anchorRound({ store, contents, chain: log(count), doubts, clock, replaceAfterMs: 30_000, signal });
    };

    it("that one endpoint contradicts, nothing is halted and nothing is final; it goes on when the others are alone", async () => {
      endpoints[2]!.lie = (call, { result }) =>
        call.method === "eth_call" && result !== undefined ? { result: ROOT } : undefined;
      const again = round(0, 3);
      for (let i = 0; i < 8; i++) expect((await waitOf(again())).code).to.equal("ENDPOINTS_DISAGREE");
      expect((await record.store.progress()).confirmedIndex).to.equal(0);
      endpoints[2]!.lie = AWAY;
      expect((await again()).confirmed.map(({ index }) => index)).to.deep.equal([1]);
    });

    it("that the chain contradicts, by the word of all, anchoring is halted", async () => {
      const other = await appended();
      const again = round(0, 3);
      let outcome: unknown;
      for (let i = 0; i < 8 && !(outcome instanceof AnchoringHaltedError); i++)
        outcome = await again().catch((error: unknown) => error);
      expect(outcome).to.be.instanceOf(AnchoringHaltedError).with.property("code", "OTHER_ROOT");
      expect((outcome as Error).message).to.contain(toHex(other.root));
    });
  });
}).timeout(30_000);
