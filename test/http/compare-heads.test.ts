import { expect } from "chai";
import { searchDivergence } from "#src/core/bisect.ts";
import { toHex } from "#src/core/bytes.ts";
import { leafOf } from "#src/core/fingerprint.ts";
import { installKeccak } from "#src/core/keccak.ts";
import { appendLeaf, EMPTY_FRONTIER, peakPositions, rootOf } from "#src/core/tree.ts";
import { fastKeccak } from "#src/fast-keccak.ts";
import { RUNS } from "#test/core/property.ts";
import { openStoreOf } from "#test/run/record-of.ts";
import { dataOf, type Members, send } from "./call.ts";
import { type Seed, seedDirectory } from "./seed.ts";
import { removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

/** A million where there is time for it. */
const COUNT = RUNS >= 10_000 ? 1_000_000 : 50_000;
const BATCH = 2_000;
/** The first delta that the party has otherwise. */
const DIFFERENT = Math.floor(COUNT * 0.777) + 1;

/** What a party keeps of its receipts: the nodes of its own tree, by level, and its own balances. */
type Kept = { levels: Uint8Array[][]; balances: bigint[] };

function keep(receiptIds: Iterable<Uint8Array>): Uint8Array[][] {
  const levels: Uint8Array[][] = [];
  let tree = EMPTY_FRONTIER;
  for (const receiptId of receiptIds) {
    const leaf = leafOf(receiptId);
    const { frontier, completed } = appendLeaf(tree, leaf);
    tree = frontier;
    for (const [level, node] of [leaf, ...completed].entries()) {
      levels[level] ??= [];
      levels[level].push(node);
    }
  }
  return levels;
}

function rootAfter({ levels }: Kept, count: number): string {
  const peaks = peakPositions(count).map(({ level, index }) => levels[level]![index]!);
  return toHex(rootOf({ count, peaks }));
}

describe(`the first divergence among ${COUNT} deltas`, () => {
  const dir = temporaryDirectory();
  let server: Server;
  let seed: Seed;
  let kept: Kept;

  before(async function () {
    this.timeout(600_000);
    installKeccak(await fastKeccak());
    seed = await seedDirectory(dir);
    const store = await openStoreOf(dir);
    const tenant = (await store.tenantByName("default"))!;
    const receiptIds: Uint8Array[] = [];
    const balances: bigint[] = [];
    let balance = 0n;
    for (let at = 0; at < COUNT; at += BATCH) {
      const requests = Array.from({ length: BATCH }, (_, i) => ({
        tenant,
        customerId: "many",
        amount: BigInt(((at + i) % 9) + 1),
        reason: "use",
      }));
      for (const outcome of await store.record(requests, true)) {
        if (outcome.kind !== "recorded") throw new Error("not recorded");
        const { sequence, fingerprint, amount } = outcome.delta;
        // The party has this one delta otherwise: it counts 3 units more, so it has another receipt, and other balances from there on.
        const isDifferent = sequence === DIFFERENT;
        receiptIds.push(isDifferent ? leafOf(fingerprint) : fingerprint);
        balance += isDifferent ? amount + 3n : amount;
        balances.push(balance);
      }
    }
    await store.close();
    kept = { levels: keep(receiptIds), balances };
    server = await startServer(dir);
  });
  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const ask = async (heads: Members[]): Promise<Members> => {
    const reply = await send(server.url, {
      path: "/api/v1/balance/compare/heads",
      key: seed.keys.read,
      body: { customerId: "many", heads },
    });
    expect(reply.status, reply.text).to.equal(201);
    return dataOf(reply);
  };

  for (const [what, perRound, rounds, values, headOf] of [
    ["roots, one at a time", 1, 21, 21, (sequence: number) => ({ sequence, root: rootAfter(kept, sequence) })],
    ["roots, nine at a time", 9, 7, 55, (sequence: number) => ({ sequence, root: rootAfter(kept, sequence) })],
    ["balances", 1, 21, 21, (sequence: number) => ({ sequence, balance: `${kept.balances[sequence - 1]}e-18` })],
  ] as const) {
    it(`is found by ${what}: at most ${values} values in ${rounds} rounds, and nothing else is sent`, async () => {
      const search = searchDivergence(COUNT, perRound);
      let [asked, exchanged, roundsUsed] = [0, 0, 0];
      let round = search.next();
      while (!round.done) {
        const heads: Members[] = round.value.map((sequence) => headOf(sequence));
        const answer = await ask(heads);
        asked += heads.length;
        exchanged += heads.length + answer.heads.length;
        roundsUsed += 1;
        round = search.next(answer.heads.map(({ agrees }: Members) => agrees));
      }
      expect(round.value).to.equal(DIFFERENT);
      expect(asked).to.be.at.most(values);
      expect(roundsUsed).to.be.at.most(rounds);
      if (perRound === 1) expect(exchanged).to.be.at.most(45);
    });
  }

  it("shows on either side of it what the record has", async () => {
    const heads = [DIFFERENT - 1, DIFFERENT].map((sequence) => ({
      sequence,
      balance: `${kept.balances[sequence - 1]}e-18`,
      root: rootAfter(kept, sequence),
    }));
    const [before, at] = (await ask(heads)).heads;
    expect(before).to.deep.include({
      agrees: true,
      onRecord: true,
      balanceAgrees: true,
      rootAgrees: true,
      root: heads[0]!.root,
    });
    expect(at).to.deep.include({ agrees: false, onRecord: true, balanceAgrees: false, rootAgrees: false });
    expect(at.root)
      .to.match(/^0x[0-9a-f]{64}$/)
      .and.not.to.equal(heads[1]!.root);
    expect(at.balanceExact).to.not.equal(before.balanceExact);
  });

  it("is none where the record has no such delta yet, or where one of two values differs", async () => {
    const root = rootAfter(kept, 7);
    const { heads, deltasCount } = await ask([
      { sequence: COUNT + 1, root },
      { sequence: 7, root, balance: 1 },
      { sequence: 7 },
      { sequence: 8, root },
    ]);
    expect(deltasCount).to.equal(COUNT);
    expect(heads[0]).to.deep.equal({
      sequence: COUNT + 1,
      agrees: false,
      onRecord: false,
      balanceAgrees: null,
      rootAgrees: false,
      balance: null,
      balanceExact: null,
      root: null,
    });
    expect(heads[1]).to.include({ agrees: false, balanceAgrees: false, rootAgrees: true });
    expect(heads[2]).to.include({ agrees: true, balanceAgrees: null, rootAgrees: null, root });
    expect(heads[3]).to.include({ agrees: false, rootAgrees: false });
  });

  it("takes 1,000 heads at once", async () => {
    const heads = Array.from({ length: 1_000 }, (_, i) => ({ sequence: (i + 1) * (COUNT / 1_000) })).map(
      ({ sequence }) => ({ sequence, root: rootAfter(kept, sequence) }),
    );
    const answer = await ask(heads);
    const agreed = answer.heads.filter(({ agrees }: Members) => agrees);
    expect(agreed.length).to.equal(heads.filter(({ sequence }) => sequence < DIFFERENT).length);
  });
});
