import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { parseTransaction, type TransactionSerializedEIP1559 } from "viem";
import { toHex } from "#src/core/bytes.ts";
import { ChainUnavailableError } from "#src/core/errors.ts";
import { AnchoringHaltedError, anchorRound } from "#src/ledger/anchor.ts";
import type { AnchorTransaction } from "#src/ledger/ports/anchoring.ts";
import { RecordDamagedError } from "#src/ledger/ports/ledgers.ts";
import { standings } from "#src/ledger/status.ts";
import {
  deltasOf,
  type OpenRecord,
  openRecord,
  request,
  tamper,
  temporaryFolder,
} from "#test/storage/record-folder.ts";
import {
  anchor,
  announced,
  freshLog,
  type Ground,
  type Log,
  PUBLISHER,
  partsOf,
  startGround,
} from "./anchoring-ground.ts";

/** The steps that leave something behind, in the store and on the chain. */
const EFFECTS = [
  "dropLeavesFrom",
  "addLeaves",
  "prepare",
  "addTransaction",
  "markSent",
  "send",
  "markConfirmed",
] as const;
type Effect = (typeof EFFECTS)[number];

class CutOff extends Error {}

/** The same store or chain, with a say before and after each of its effects. */
function watched<T extends object>(
  target: T,
  at: (effect: Effect, act: () => Promise<unknown>) => Promise<unknown>,
): T {
  return new Proxy(target, {
    get(_, name) {
      const member = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      if (!EFFECTS.includes(name as Effect)) return member;
      return (...args: unknown[]) => at(name as Effect, () => member.apply(target, args));
    },
  });
}

describe("anchoring", () => {
  let ground: Ground;
  let log: Log;
  let folder: ReturnType<typeof temporaryFolder>;
  let record: OpenRecord;
  before(async () => {
    ground = await startGround();
  });
  after(() => ground.stop());
  beforeEach(async () => {
    folder = temporaryFolder();
    record = await openRecord(folder.dir);
    log = await freshLog(ground);
  });
  afterEach(() => {
    ground.wire.state = "whole";
    ground.wire.dropped = [];
    record.close();
    folder.remove();
  });

  const add = async (...customers: string[]) =>
    deltasOf(
      await record.store.record(
        customers.map((customer) => request(record.tenant, customer)),
        false,
      ),
    );
  const statusesOf = async (delta: Awaited<ReturnType<typeof add>>[number], last: number) =>
    (await standings(record.store, delta.ledger, 1, last)).map(({ status }) => status);
  const nonceOf = ({ raw }: AnchorTransaction) => parseTransaction(toHex(raw) as TransactionSerializedEIP1559);
  const until = async (holds: () => boolean) => {
    while (!holds()) await sleep(10);
  };

  it("puts every ledger that moved into one anchor per round, and nothing when nothing moved", async () => {
    expect(await anchor(record, log.chain)).to.deep.equal([]);
    const [a] = await add("a", "b", "c", "a");
    expect(await statusesOf(a!, 2)).to.deep.equal(["QUEUED", "QUEUED"]);
    expect(await anchor(record, log.chain)).to.deep.equal([1]);
    await add("a", "d");
    expect(await anchor(record, log.chain)).to.deep.equal([2]);
    expect(await anchor(record, log.chain)).to.deep.equal([]);
    await add("a");
    expect(await statusesOf(a!, 4)).to.deep.equal(["VERIFIED", "VERIFIED", "VERIFIED", "QUEUED"]);
    const stored = (await record.store.anchors({ offset: 0, limit: 10 })).anchors.toReversed();
    expect(await announced(ground, log)).to.deep.equal(
      stored.map(({ index, root, size }) => ({ index, root: toHex(root), size })),
    );
    expect(stored.map(({ size }) => size)).to.deep.equal([3, 2]);
  });

  it("takes in what had arrived when a round began, and the rest of it with the next", async () => {
    const [a] = await add("a");
    let late: ReturnType<typeof add> | undefined;
    // Something arrives after the round has looked what there is, and before it looks at the ledger.
    const store = {
      ...record.anchors,
      moved: async (through: number) => {
        const found = await record.anchors.moved(through);
        late ??= add("a", "a");
        await late;
        return found;
      },
    };
    const { contents, clock } = record;
    const round = () =>
      anchorRound({ store, chain: log.chain, contents, clock: () => clock.now, signal: new AbortController().signal });
    await round();
    expect((await record.store.headsFrom(a!.ledger.id, 1, 10)).map(({ count }) => count)).to.deep.equal([1]);
    await round();
    expect((await record.store.headsFrom(a!.ledger.id, 1, 10)).map(({ count }) => count)).to.deep.equal([1, 3]);
    const { recorded, anchored } = await record.store.progress();
    expect(anchored, "nothing is said to wait that does not").to.equal(recorded);
  });

  it("is taken up wherever it was cut off: one anchor per index, everything confirmed, nothing twice", async () => {
    let rounds = 0;
    for (const effect of EFFECTS) {
      for (const when of ["before", "after"] as const) {
        await add("steady", `new-${effect}-${when}`);
        const at = async (name: Effect, act: () => Promise<unknown>) => {
          if (name === effect && when === "before") throw new CutOff();
          const answer = await act();
          if (name === effect) throw new CutOff();
          return answer;
        };
        const parts = partsOf(record, watched(log.chain, at));
        const cut = anchorRound({ ...parts, store: watched(parts.store, at) });
        expect(await cut.catch((error: unknown) => error), `${when} ${effect}`).to.be.instanceOf(CutOff);
        record.close();
        record = await openRecord(folder.dir, record.clock);
        rounds += 1;
        // Only the very last step leaves nothing to do.
        const expected = effect === "markConfirmed" && when === "after" ? [] : [rounds];
        expect(await anchor(record, log.chain), `${when} ${effect}`).to.deep.equal(expected);
      }
    }
    const { anchors } = await record.store.anchors({ offset: 0, limit: 100 });
    expect(anchors.map(({ state }) => state)).to.deep.equal(Array(rounds).fill("confirmed"));
    expect((await announced(ground, log)).map(({ index }) => index)).to.deep.equal(
      Array.from({ length: rounds }, (_, i) => i + 1),
    );
    for (const { index } of anchors)
      expect(await record.anchors.transactions(index), `anchor ${index}`).to.have.length(1);
    const ledger = await record.store.ledgerById(1);
    const all = await standings(record.store, ledger, 1, rounds);
    expect(all.map(({ anchor }) => anchor?.index)).to.deep.equal(Array.from({ length: rounds }, (_, i) => i + 1));
  });

  it("stores what it signed before it sends it", async () => {
    await add("a");
    const stored: { hashes: number; state: string | undefined }[] = [];
    const chain = watched(log.chain, async (_, act) => {
      const hashes = (await record.anchors.transactions(1)).length;
      stored.push({ hashes, state: (await record.anchors.anchor(1))?.state });
      return act();
    });
    await anchor(record, chain);
    expect(stored).to.deep.equal([{ hashes: 1, state: "sent" }]);
  });

  it("stops between two steps when it is asked to, and is resumed", async () => {
    await add("a");
    ground.wire.state = "drops";
    const stop = new AbortController();
    const round = anchorRound(partsOf(record, log.chain, stop.signal)).catch((error: Error) => error.name);
    await until(() => ground.wire.dropped.length > 0);
    stop.abort();
    expect(await round).to.equal("AbortError");
    ground.wire.state = "whole";
    expect(await anchor(record, log.chain)).to.deep.equal([1]);
    expect(await record.anchors.transactions(1)).to.have.length(1);
  });

  it("replaces a transaction that got lost by one that pays more under the same nonce", async () => {
    await add("a");
    ground.wire.state = "drops";
    const round = anchor(record, log.chain);
    await until(() => ground.wire.dropped.length > 0);
    record.clock.now += 31_000;
    await until(() => new Set(ground.wire.dropped).size > 1);
    ground.wire.state = "whole";
    expect(await round).to.deep.equal([1]);
    const [first, second, ...more] = (await record.anchors.transactions(1)).map(nonceOf);
    expect(more).to.deep.equal([]);
    expect(second!.nonce).to.equal(first!.nonce);
    expect(second!.maxFeePerGas! * 8n >= first!.maxFeePerGas! * 9n).to.equal(true);
  });

  it("takes a new nonce when another transaction of the publisher has used up the one that got lost", async () => {
    await add("a");
    ground.wire.state = "drops";
    const round = anchor(record, log.chain);
    await until(() => ground.wire.dropped.length > 0);
    const other = await ground.wallet.sendTransaction({ to: PUBLISHER.address, value: 1n });
    await ground.client.waitForTransactionReceipt({ hash: other });
    ground.wire.state = "whole";
    expect(await round).to.deep.equal([1]);
    const [first, second] = (await record.anchors.transactions(1)).map(nonceOf);
    expect(second!.nonce).to.equal(first!.nonce! + 1);
  });

  it("halts when the contract refuses it under one nonce after the other", async () => {
    await add("a");
    const successor = await ground.someoneElse();
    const id = toHex(log.place.log);
    await log.contract.write.offerPublisher([id, successor], { account: PUBLISHER, chain: null });
    await log.contract.write.acceptPublisher([id], { account: successor, chain: null });
    const outcome = await anchor(record, log.chain).catch((error: unknown) => error);
    expect(outcome)
      .to.be.instanceOf(AnchoringHaltedError)
      .with.property("message")
      .that.contains("still the log's publisher");
    const nonces = (await record.anchors.transactions(1)).map((transaction) => transaction.nonce);
    expect(new Set(nonces).size).to.equal(5);
  });

  it("halts when somebody else's root is at its index, and sends nothing", async () => {
    await add("a");
    await log.contract.write.append([toHex(log.place.log), 1n, `0x${"ee".repeat(32)}`, 1n], {
      account: PUBLISHER,
      chain: null,
    });
    const outcome = await anchor(record, log.chain).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(AnchoringHaltedError).with.property("message").that.contains("at index 1");
    expect(await record.anchors.transactions(1)).to.deep.equal([]);
  });

  it("halts when its own root was anchored by a transaction that it does not know", async () => {
    await add("a");
    const at = async (effect: Effect, act: () => Promise<unknown>) => {
      if (effect === "addTransaction") throw new CutOff();
      return act();
    };
    const parts = partsOf(record, log.chain);
    await anchorRound({ ...parts, store: watched(parts.store, at) }).catch((error: unknown) =>
      expect(error).to.be.instanceOf(CutOff),
    );
    const { root, size } = (await record.anchors.anchor(1))!;
    await log.contract.write.append([toHex(log.place.log), 1n, toHex(root), BigInt(size)], {
      account: PUBLISHER,
      chain: null,
    });
    const outcome = await anchor(record, log.chain).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(AnchoringHaltedError).with.property("message").that.contains("another copy");
  });

  it("halts when its own root was anchored by another transaction than the one that it sent", async () => {
    await add("a");
    ground.wire.state = "drops";
    const round = anchor(record, log.chain).catch((error: unknown) => error);
    await until(() => ground.wire.dropped.length > 0);
    const { root, size } = (await record.anchors.anchor(1))!;
    await log.contract.write.append([toHex(log.place.log), 1n, toHex(root), BigInt(size)], {
      account: PUBLISHER,
      chain: null,
    });
    ground.wire.state = "whole";
    expect(await round)
      .to.be.instanceOf(AnchoringHaltedError)
      .with.property("message")
      .that.contains("another copy");
  });

  it("waits while the chain is away, and goes on when it is back", async () => {
    await add("a");
    ground.wire.state = "dead";
    const outcome = await anchor(record, log.chain).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(ChainUnavailableError);
    ground.wire.state = "whole";
    await add("b");
    const [delta] = await add("a");
    while (await record.anchors.firstOpen()) await anchor(record, log.chain);
    await anchor(record, log.chain);
    expect(await statusesOf(delta!, 2)).to.deep.equal(["VERIFIED", "VERIFIED"]);
  });

  it("lets nothing of a damaged record reach the chain", async () => {
    await add("sound", "broken", "broken");
    record.close();
    tamper(folder.dir, (db) => db.exec("UPDATE deltas SET amount = '2' WHERE ledger = 2 AND sequence = 2"));
    record = await openRecord(folder.dir);
    const outcome = await anchor(record, log.chain).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(RecordDamagedError).with.property("sequence", 2);
    expect(await announced(ground, log)).to.deep.equal([]);
    expect((await record.store.anchors({ offset: 0, limit: 1 })).total).to.equal(0);
  });

  it("puts back on its way what a reorganisation took, with the block in which it is now", async () => {
    await add("a");
    await anchor(record, log.chain);
    const before = await record.store.anchor(1);
    record.db.exec("UPDATE anchor_progress SET block_hash = zeroblob(32), block_number = 1");
    expect(await anchor(record, log.chain)).to.deep.equal([1]);
    expect(await record.store.anchor(1)).to.deep.equal({ ...before, confirmedAt: record.clock.now });
    expect(await announced(ground, log)).to.have.length(1);
  });

  it("keeps the gas that an anchor's transaction used, as its receipt says, and loses it with its block", async () => {
    await add("a", "b", "c");
    await anchor(record, log.chain);
    await add(...Array.from({ length: 300 }, (_, i) => `customer-${i}`));
    await anchor(record, log.chain);
    for (const index of [1, 2]) {
      const { transactionHash, gasUsed } = (await record.store.anchor(index))!;
      const receipt = await ground.client.getTransactionReceipt({ hash: toHex(transactionHash!) });
      expect(gasUsed, `anchor ${index}`).to.equal(Number(receipt.gasUsed));
      expect(gasUsed, `anchor ${index}`).to.be.within(21_000, 55_000);
    }
    await record.anchors.markUnconfirmed(2);
    expect((await record.store.anchor(2))?.gasUsed).to.equal(null);
  });

  it("spreads a ledger that grew by more than one head takes in over several anchors", async () => {
    const deltas = await add(...Array<string>(10).fill("a"), "b");
    const sizes: number[] = [];
    for (let round = 0; round < 4; round++) {
      const { confirmed } = await anchorRound({ ...partsOf(record, log.chain), mostPerHead: 4 });
      sizes.push(...confirmed.map(({ size }) => size));
    }
    expect(sizes).to.deep.equal([2, 1, 1]);
    const all = await standings(record.store, deltas[0]!.ledger, 1, 10);
    expect(all.map((standing) => standing.head?.count)).to.deep.equal([4, 4, 4, 4, 8, 8, 8, 8, 10, 10]);
    expect(all.every(({ status }) => status === "VERIFIED")).to.equal(true);
  });
}).timeout(20_000);
