import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type Hex, parseTransaction, type TransactionSerializedEIP1559 } from "viem";
import { openAnchorLog } from "#src/chain/anchor-log.ts";
import { fromHex, toHex } from "#src/core/bytes.ts";
import { ChainUnavailableError } from "#src/core/errors.ts";
import { AnchoringHaltedError, anchorRound } from "#src/ledger/anchor.ts";
import type { AnchorChain, AnchorTransaction } from "#src/ledger/ports/anchoring.ts";
import { RecordDamagedError } from "#src/ledger/ports/ledgers.ts";
import { standings } from "#src/ledger/status.ts";
import { changeBehind } from "#test/run/record-of.ts";
import { deltasOf, type OpenRecord, openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";
import {
  anchor,
  announced,
  freshLog,
  type Ground,
  HALT_AFTER_MS,
  type Log,
  PUBLISHER,
  PUBLISHER_KEY,
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

type Append = Parameters<AnchorChain["sign"]>[0];

/** What a node answers that does not know. */
const nothing = async () => undefined;

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
  afterEach(async () => {
    ground.wire.state = "whole";
    ground.wire.dropped = [];
    await record.close();
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
    const round = () => anchorRound({ ...partsOf(record, log.chain), store });
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
        await record.close();
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
    record.clock.now += 31_000;
    expect(await round).to.deep.equal([1]);
    const [first, second] = (await record.anchors.transactions(1)).map(nonceOf);
    expect(second!.nonce).to.equal(first!.nonce! + 1);
  });

  it("goes on under the next nonce when its transaction waits behind others that are never sent", async () => {
    await add("a");
    const nonce = await log.chain.nextNonce();
    // As if the node had counted three too many.
    const fees = { gas: 80_000n, maxFeePerGas: 1n, maxPriorityFeePerGas: 1n };
    const far = fromHex(
      await PUBLISHER.signTransaction({ type: "eip1559", chainId: 31337, nonce: nonce + 3, ...fees }),
    );
    const miscounted = { ...log.chain, sign: (append: Append) => log.chain.sign({ ...append, replaces: far }) };
    const outcome = await anchor(record, miscounted).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(ChainUnavailableError);
    record.clock.now += 31_000;
    expect(await anchor(record, log.chain)).to.deep.equal([1]);
    const nonces = (await record.anchors.transactions(1)).map((transaction) => transaction.nonce);
    expect(nonces).to.deep.equal([nonce + 3, nonce]);
  });

  it("is final by the transaction that anchored, also when a later one of its own was refused", async () => {
    await add("a");
    // A node that counts transactions before it knows what came of them.
    const late = { ...log.chain, mined: nothing, anchoredRoot: nothing, anchoredCount: async () => 0 };
    const stop = new AbortController();
    const round = anchorRound(partsOf(record, late, stop.signal)).catch((error: Error) => error.name);
    const own = await log.chain.nextNonce();
    while ((await log.chain.nextNonce()) === own) await sleep(10);
    record.clock.now += 31_000;
    while ((await log.chain.nextNonce()) === own + 1) await sleep(10);
    stop.abort();
    expect(await round).to.equal("AbortError");
    expect(await anchor(record, log.chain)).to.deep.equal([1]);
    const [first, ...later] = await record.anchors.transactions(1);
    expect(later).to.have.length(1);
    expect((await record.store.anchor(1))?.transactionHash).to.deep.equal(first!.hash);
  });

  /** Rounds of one job, with a third of its patience between two, until it halts. */
  async function halted(chain = log.chain): Promise<AnchoringHaltedError> {
    const parts = partsOf(record, chain);
    const began = record.clock.now;
    for (let round = 0; round < 20; round++) {
      const outcome = await anchorRound(parts).catch((error: unknown) => error);
      if (outcome instanceof AnchoringHaltedError) {
        expect(record.clock.now - began, "not before its patience has run out").to.be.at.least(HALT_AFTER_MS);
        return outcome;
      }
      expect(outcome).to.be.instanceOf(ChainUnavailableError);
      record.clock.now += HALT_AFTER_MS / 3;
    }
    throw new Error("it did not halt");
  }

  const sendOther = (root: Hex, size = 1n) =>
    log.contract.write.append([toHex(log.place.log), 1n, root, size], { account: PUBLISHER, chain: null });

  it("halts when its log was handed over, by the new publisher's name, and pays for no transaction", async () => {
    await add("a");
    const successor = await ground.someoneElse();
    const id = toHex(log.place.log);
    await log.contract.write.offerPublisher([id, successor], { account: PUBLISHER, chain: null });
    await log.contract.write.acceptPublisher([id], { account: successor, chain: null });
    const halt = await halted();
    expect(halt).to.have.property("code", "PUBLISHER_CHANGED");
    expect(halt.message.toLowerCase()).to.contain(`its publisher is ${successor.toLowerCase()} now`);
    expect(await record.anchors.transactions(1)).to.deep.equal([]);
  });

  it("halts when its log is not in the contract, and when there is no such contract", async () => {
    await add("a");
    const gone = { ...log.chain, publisher: nothing };
    expect(await halted(gone)).to.have.property("code", "LOG_GONE");
    const place = { ...log.place, contract: new Uint8Array(20).fill(9) };
    const away = openAnchorLog({ rpcUrl: ground.chain.rpcUrl, publisherKey: PUBLISHER_KEY, place, confirmations: 1 });
    expect(await halted(away)).to.have.property("code", "LOG_GONE");
  });

  it("halts when the contract refuses it again and again, and tries again after a start", async () => {
    await add("a");
    await sendOther(`0x${"ee".repeat(32)}`);
    // A node that does not see what the contract has.
    const blind = { ...log.chain, anchoredCount: async () => 0, anchoredRoot: nothing };
    expect(await halted(blind)).to.have.property("code", "APPEND_REFUSED");
    const nonces = async () => new Set((await record.anchors.transactions(1)).map(({ nonce }) => nonce)).size;
    expect(await nonces()).to.equal(5);
    // Somebody has looked, and has started it again.
    expect(await halted(blind)).to.have.property("code", "APPEND_REFUSED");
    expect(await nonces()).to.equal(10);
  });

  it("halts when somebody else's root is at its index, and sends nothing", async () => {
    await add("a");
    await sendOther(`0x${"ee".repeat(32)}`);
    const halt = await halted();
    expect(halt).to.have.property("code", "OTHER_ROOT");
    expect(halt.message).to.contain("at index 1");
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
    await sendOther(toHex(root), BigInt(size));
    const halt = await halted();
    expect(halt).to.have.property("code", "UNKNOWN_TRANSACTION");
    expect(halt.message).to.contain("another copy");
  });

  it("halts when its own root was anchored by another transaction than the one that it sent", async () => {
    await add("a");
    ground.wire.state = "drops";
    const round = anchor(record, log.chain).catch((error: unknown) => error);
    await until(() => ground.wire.dropped.length > 0);
    const { root, size } = (await record.anchors.anchor(1))!;
    await sendOther(toHex(root), BigInt(size));
    ground.wire.state = "whole";
    expect(await round).to.be.instanceOf(ChainUnavailableError);
    expect(await halted()).to.have.property("code", "UNKNOWN_TRANSACTION");
  });

  it("does not halt over what the chain said for a while: each finding has to stand at every look", async () => {
    await add("a");
    const parts = partsOf(record, log.chain);
    const lies: Partial<AnchorChain>[] = [
      { anchoredRoot: async () => new Uint8Array(32).fill(7) },
      { anchoredRoot: async () => new Uint8Array(32).fill(8) },
      { publisher: nothing },
      { publisher: async () => new Uint8Array(20).fill(1) },
    ];
    for (const lie of [...lies, ...lies, ...lies]) {
      const outcome = await anchorRound({ ...parts, chain: { ...log.chain, ...lie } }).catch((error: unknown) => error);
      expect(outcome).to.be.instanceOf(ChainUnavailableError);
      record.clock.now += HALT_AFTER_MS;
    }
    for (let round = 0; round < 3; round++) {
      await anchorRound({ ...parts, chain: { ...log.chain, publisher: nothing } }).catch((error: unknown) =>
        expect(error).to.be.instanceOf(ChainUnavailableError),
      );
      record.clock.now += HALT_AFTER_MS;
    }
    expect((await anchorRound(parts)).confirmed.map(({ index }) => index)).to.deep.equal([1]);
    // What was found before does not count any more, whether there was something to anchor meanwhile or not.
    for (let round = 0; round < 3; round++) {
      for (let looks = 0; looks < 3; looks++) {
        const lying = anchorRound({ ...parts, chain: { ...log.chain, publisher: nothing } });
        expect(await lying.catch((error: unknown) => error)).to.be.instanceOf(ChainUnavailableError);
        record.clock.now += HALT_AFTER_MS;
      }
      expect(await anchorRound(parts)).to.deep.equal({ confirmed: [] });
    }
  });

  it("concludes nothing from another chain, however long it is asked", async () => {
    await add("a");
    await anchor(record, log.chain);
    await add("a");
    const chainId = async () => 5;
    const anotherChain = [
      { chainId, publisher: nothing },
      { chainId, anchoredRoot: async () => new Uint8Array(32).fill(7) },
      { chainId, blockHash: async () => new Uint8Array(32).fill(7) },
    ];
    for (const lie of anotherChain) {
      const parts = partsOf(record, { ...log.chain, ...lie });
      for (let round = 0; round < 6; round++) {
        const outcome = await anchorRound(parts).catch((error: unknown) => error);
        expect(outcome).to.be.instanceOf(ChainUnavailableError).with.property("message").that.contains("chain 5");
        record.clock.now += HALT_AFTER_MS;
      }
    }
    expect((await record.store.anchor(1))?.state).to.equal("confirmed");
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
    await record.close();
    await changeBehind(folder.dir, "UPDATE deltas SET amount = '2' WHERE ledger = 2 AND sequence = 2");
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
    const elsewhere = "UPDATE anchor_progress SET block_hash = ?, block_number = 1";
    await changeBehind(folder.dir, elsewhere, Buffer.alloc(32));
    expect(await anchor(record, log.chain)).to.deep.equal([1]);
    expect(await record.store.anchor(1)).to.deep.equal({ ...before, confirmedAt: record.clock.now });
    expect(await announced(ground, log)).to.have.length(1);
  });

  it("takes nothing back because a node has dropped its receipts, is behind, or says two things about a block", async () => {
    await add("a");
    await anchor(record, log.chain);
    const before = await record.store.anchor(1);
    expect((await anchorRound(partsOf(record, { ...log.chain, mined: nothing }))).confirmed).to.deep.equal([]);
    const lies: [Partial<AnchorChain>, string][] = [
      [{ blockHash: nothing }, "the endpoint is behind"],
      [{ blockHash: async () => new Uint8Array(32).fill(7) }, "two things about block"],
    ];
    for (const [lie, why] of lies) {
      const outcome = await anchorRound(partsOf(record, { ...log.chain, ...lie })).catch((error: unknown) => error);
      expect(outcome).to.be.instanceOf(ChainUnavailableError).with.property("message").that.contains(why);
    }
    expect(await record.store.anchor(1)).to.deep.equal(before);
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
