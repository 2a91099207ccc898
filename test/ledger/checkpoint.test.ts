import { expect } from "chai";
import { checksumAddress } from "#src/core/address.ts";
import { sameBytes, toHex } from "#src/core/bytes.ts";
import { checkpointContradiction, EMPTY_ROOT } from "#src/core/checkpoint.ts";
import { TallyrootError } from "#src/core/errors.ts";
import { checkpointFingerprint } from "#src/core/fingerprint.ts";
import { receiptText } from "#src/core/receipt.ts";
import { verifyReceipt } from "#src/core/verify-receipt.ts";
import { monthWindow, type Window } from "#src/ledger/calendar.ts";
import { checkpointAll, checkpointLedger, checkpointSelection, type Made } from "#src/ledger/checkpoint.ts";
import { checkpointReceiptOf, listedReceiptText } from "#src/ledger/checkpoint-receipt.ts";
import { closeLastMonth } from "#src/ledger/close-months.ts";
import type { Asked } from "#src/ledger/idempotent.ts";
import type { StoredCheckpoint } from "#src/ledger/ports/checkpoints.ts";
import { type Ledger, RecordDamagedError, type StoredDelta } from "#src/ledger/ports/ledgers.ts";
import { standingOfCheckpoint } from "#src/ledger/status.ts";
import { behind, changeBehind, rowsBehind } from "#test/run/record-of.ts";
import { overSqlite } from "#test/run/sqlite-only.ts";
import { deltasOf, type OpenRecord, openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";
import { readBank } from "../../scripts/demo/bank.ts";
import { anchor, freshLog, type Ground, type Log, startGround } from "./anchoring-ground.ts";

const NOVEMBER = monthWindow("2026-11");
const MIDDLE = Date.parse("2026-11-15T12:00:00Z");
const FIRST_PAGE = { offset: 0, limit: 1000 };

describe("checkpoints", () => {
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
    record = await openRecord(folder.dir, { now: MIDDLE });
    log = await freshLog(ground);
  });
  afterEach(async () => {
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
  const stored = async ({ statementId }: Made): Promise<StoredCheckpoint> =>
    (await record.store.checkpoint(record.tenant.id, statementId))!;
  const over = async (ledger: Ledger, window: Window, now = record.clock.now) =>
    stored(await checkpointLedger(record.store, ledger, window, { now }));
  const all = (window: Window, asked?: Asked) =>
    checkpointAll(record.store, record.tenant, window, { now: record.clock.now, ...(asked && { asked }) });
  const membersOf = async (made: Made) => {
    const batch = (await record.store.batch(record.tenant.id, made.statementId))!;
    return { batch, members: await record.store.batchCheckpoints(batch, FIRST_PAGE) };
  };
  const statusOf = async (id: number) => (await standingOfCheckpoint(record.store, { id })).status;
  const reopen = async (change?: string, ...values: unknown[]) => {
    await record.close();
    if (change !== undefined) await changeBehind(folder.dir, change, ...values);
    record = await openRecord(folder.dir, record.clock);
  };

  it("state the window, the balances around it, and the root over its deltas", async () => {
    record.clock.now = NOVEMBER.from - 1;
    await add("c", "c");
    record.clock.now = NOVEMBER.from;
    const deltas = await add("c", "c", "c");
    record.clock.now = NOVEMBER.to;
    await add("c");
    const checkpoint = await over(deltas[0]!.ledger, NOVEMBER);
    const fields = { ...checkpoint, ledger: checkpoint.ledger.address };
    expect(checkpoint).to.deep.include({ ...NOVEMBER, firstSequence: 3, count: 3, openingBalance: 2n * 10n ** 18n });
    const listed = deltas.map((delta) => ({ ...delta, ledger: delta.ledger.address }));
    expect(checkpointContradiction(fields, listed)).to.equal(undefined);
    expect(sameBytes(checkpointFingerprint(fields), checkpoint.fingerprint)).to.equal(true);
  });

  it("are the same for the same closed window, whatever is recorded afterwards", async () => {
    const [delta] = await add("c", "c");
    record.clock.now = NOVEMBER.to;
    const first = await over(delta!.ledger, NOVEMBER);
    await add("c");
    record.clock.now += 1;
    expect(await over(delta!.ledger, NOVEMBER)).to.deep.equal(first);
    await reopen();
    expect(await over(delta!.ledger, NOVEMBER)).to.deep.equal(first);
  });

  it("are the same for an open window while nothing is new, and another one once something is", async () => {
    const [delta] = await add("c");
    const first = await over(delta!.ledger, NOVEMBER);
    record.clock.now += 1;
    expect(await over(delta!.ledger, NOVEMBER)).to.deep.equal(first);
    await add("c");
    const second = await over(delta!.ledger, NOVEMBER);
    expect(second.statementId).not.to.equal(first.statementId);
    expect([first.count, second.count]).to.deep.equal([1, 2]);
    const latest = await record.store.latestOverWindow(delta!.ledger.id, NOVEMBER.from, NOVEMBER.to);
    expect(latest).to.deep.equal(second);
  });

  it("of an empty window have no root, equal balances, and the next free sequence", async () => {
    const [delta] = await add("c", "c");
    const before = await over(delta!.ledger, monthWindow("2026-10"));
    expect(before).to.deep.include({ count: 0, firstSequence: 1, openingBalance: 0n, closingBalance: 0n });
    record.clock.now = Date.parse("2026-12-24T00:00:00Z");
    const after = await over(delta!.ledger, monthWindow("2026-12"));
    expect(after).to.deep.include({ count: 0, firstSequence: 3, openingBalance: 2n * 10n ** 18n });
    expect(after.closingBalance).to.equal(after.openingBalance);
    expect([before.root, after.root].every((root) => sameBytes(root, EMPTY_ROOT))).to.equal(true);
    expect(await anchor(record, log.chain)).to.deep.equal([1]);
    expect(await statusOf(after.id)).to.equal("VERIFIED");
  });

  it("are refused for a window that has not begun, and taken from its first millisecond on", async () => {
    const [delta] = await add("c");
    const december = monthWindow("2026-12");
    const early = checkpointLedger(record.store, delta!.ledger, december, { now: december.from - 1 });
    expect(await codeOf(early)).to.equal("VALIDATION_ERROR");
    expect(await codeOf(all(december))).to.equal("VALIDATION_ERROR");
    expect((await over(delta!.ledger, december, december.from)).count).to.equal(0);
  });

  it("over chosen deltas are statements of their own kind, the same however often they are asked for", async () => {
    const deltas = await add("c", "c", "c", "c");
    const chosen = [deltas[0]!, deltas[3]!];
    const select = async (some: StoredDelta[]) => checkpointSelection(record.store, some, { now: record.clock.now });
    const first = await select(chosen);
    expect(await select(chosen)).to.deep.equal(first);
    expect(await select(deltas)).not.to.deep.equal(first);
    const checkpoint = await stored(first);
    expect(checkpoint).to.deep.include({
      kind: "selection",
      count: 2,
      openingBalance: 0n,
      closingBalance: 2n * 10n ** 18n,
    });
    expect(await record.store.selectionOf(checkpoint.id, FIRST_PAGE)).to.deep.equal([1, 4]);
    // One over all of the window's deltas has the window's root, and is not taken for it.
    const window = await over(deltas[0]!.ledger, NOVEMBER);
    const whole = await stored(await select(deltas));
    expect(whole.root).to.deep.equal(window.root);
    expect((await record.store.checkpointByRoot(window.ledger.id, window.root))!.id).to.equal(window.id);
    await anchor(record, log.chain);
    expect(await statusOf(checkpoint.id)).to.equal("VERIFIED");
  });

  it("of every customer of a bank go into one anchor together", async () => {
    const accounts = readBank(new URL("../../scripts/demo/bank-transactions.csv", import.meta.url));
    for (const { customerId, rows } of accounts) {
      const requests = rows.map(({ amount }) => request(record.tenant, customerId, { amount }));
      deltasOf(await record.store.record(requests, true));
    }
    const made = (await all(NOVEMBER))!;
    const { batch, members } = await membersOf(made);
    expect(batch.customers).to.equal(591);
    expect(await anchor(record, log.chain)).to.deep.equal([1]);
    const leaves = await Promise.all(members.map(({ id }) => record.store.checkpointLeaf(id)));
    expect(new Set(leaves.map((leaf) => leaf?.anchorIndex))).to.deep.equal(new Set([1]));
    expect((await record.store.anchor(1))!.size).to.equal(2 * 591);
    for (const [i, { rows }] of accounts.entries()) {
      const sum = rows.reduce((total, { amount }) => total + amount, 0n);
      expect(members[i]!.closingBalance, accounts[i]!.customerId).to.equal(sum);
    }
    const page = await record.store.batchCheckpoints(batch, { offset: 580, limit: 25 });
    expect(page).to.deep.equal(members.slice(580));
    expect(await all(NOVEMBER)).to.deep.equal(made);
  });

  it("of every customer leave out who was not active, and are the same again while nothing is new", async () => {
    await add("a", "b");
    record.clock.now = NOVEMBER.to;
    const [, c] = await add("b", "c");
    // An empty one that was asked for by itself is no part of the batch.
    await over(c!.ledger, NOVEMBER);
    const made = (await all(NOVEMBER))!;
    expect((await membersOf(made)).members.map(({ count }) => count)).to.deep.equal([1, 1]);
    expect(await all(NOVEMBER)).to.deep.equal(made);
    const december = (await all(monthWindow("2026-12")))!;
    await add("a");
    const again = (await all(monthWindow("2026-12")))!;
    expect(again.statementId).not.to.equal(december.statementId);
    expect((await membersOf(again)).batch.customers).to.equal(3);
    expect((await membersOf(december)).batch.customers).to.equal(2);
    expect(await all(monthWindow("2026-09"))).to.equal(undefined);
  });

  it("of two tenants do not meet", async () => {
    const other = await record.store.addTenant("other", record.clock.now);
    const [ours] = await add("c");
    const [theirs] = deltasOf(await record.store.record([request(other, "c")], false));
    const checkpoint = await over(ours!.ledger, NOVEMBER);
    expect(await record.store.checkpoint(other.id, checkpoint.statementId)).to.equal(undefined);
    const batch = (await checkpointAll(record.store, other, NOVEMBER, { now: record.clock.now }))!;
    expect(await record.store.batch(record.tenant.id, batch.statementId)).to.equal(undefined);
    const { checkpoints, total } = await record.store.checkpoints(other.id, {}, FIRST_PAGE);
    expect([checkpoints.map(({ ledger }) => ledger.id), total]).to.deep.equal([[theirs!.ledger.id], 1]);
  });

  it("that a crash left without their batch are in no anchor, and go into one with the rest of it", async () => {
    const customers = Array.from({ length: 250 }, (_, i) => `c${i}`);
    await add(...customers);
    await anchor(record, log.chain);
    await behind(folder.dir, (sql) => sql.refuse("checkpoint_batches", "crashed"));
    expect(await all(NOVEMBER).catch((error: Error) => error.message)).to.equal("crashed");
    const [left] = await rowsBehind<{ n: number }>(folder.dir, "SELECT count(*) AS n FROM checkpoints");
    expect(left!.n).to.be.lessThan(250);
    overSqlite("checkpoints-in-steps", () => expect(left!.n).to.be.greaterThan(0));
    await reopen();
    expect(await anchor(record, log.chain)).to.deep.equal([]);
    await behind(folder.dir, (sql) => sql.accept("checkpoint_batches"));
    const { members } = await membersOf((await all(NOVEMBER))!);
    expect(await anchor(record, log.chain)).to.deep.equal([2]);
    const leaves = await Promise.all(members.map(({ id }) => record.store.checkpointLeaf(id)));
    expect(leaves.map((leaf) => leaf?.anchorIndex)).to.deep.equal(Array(250).fill(2));
  });

  it("asked for twice at once by one request are made once, also where something was recorded in between", async () => {
    const [delta] = await add("c");
    const asked: Asked = { tenant: record.tenant, idempotencyKey: "close", route: "checkpoint", members: { a: 1 } };
    const ask = () => checkpointLedger(record.store, delta!.ledger, NOVEMBER, { now: record.clock.now, asked });
    const [first, second] = await Promise.all([ask(), ask()]);
    expect([first.replayed, second.replayed]).to.deep.equal([false, true]);
    expect(second.statementId).to.equal(first.statementId);
    await add("c");
    expect(await ask()).to.deep.equal({ statementId: first.statementId, replayed: true });
    const other = { now: record.clock.now, asked: { ...asked, members: { a: 2 } } };
    expect(await codeOf(checkpointLedger(record.store, delta!.ledger, NOVEMBER, other))).to.equal(
      "IDEMPOTENCY_CONFLICT",
    );
  });

  const OTHER = Buffer.alloc(32, 0xee);
  const TAMPERED: readonly (readonly [what: string, sql: string, says: RegExp, ...values: unknown[]])[] = [
    ["its closing balance", "UPDATE checkpoints SET closing_balance = '9'", /closing balance does not add up/],
    ["its opening balance", "UPDATE checkpoints SET opening_balance = '9'", /opening balance/],
    ["its root", "UPDATE checkpoints SET root = ?", /root is not that/, OTHER],
    ["its fingerprint", "UPDATE checkpoints SET fingerprint = ?", /fingerprint is not that/, OTHER],
    ["its count", "UPDATE checkpoints SET count = 1", /closing balance/],
    ["a count beyond the ledger", "UPDATE checkpoints SET count = 9", /9 deltas are stated, 3 are stored/],
    ["its first sequence", "UPDATE checkpoints SET first_sequence = 3, opening_balance = '2'", /left out/],
    ["its start", "UPDATE checkpoints SET from_time = from_time + 86400000 * 20", /outside of the window/],
    ["its end", "UPDATE checkpoints SET to_time = from_time + 1", /outside of the window/],
    ["its end by a millisecond", "UPDATE checkpoints SET to_time = to_time + 1", /fingerprint is not that/],
    ["a delta of it", "UPDATE deltas SET recorded_at = recorded_at + 1 WHERE sequence = 2", /fingerprint is not that/],
    ["a delta's amount", "UPDATE deltas SET amount = '7' WHERE sequence = 2", /balances do not add up/],
  ];
  for (const [what, sql, says, ...values] of TAMPERED) {
    it(`of which somebody changed ${what} stop anchoring by name`, async () => {
      const [delta] = await add("c", "c", "c");
      await anchor(record, log.chain);
      const { statementId } = await over(delta!.ledger, NOVEMBER);
      await reopen(sql, ...values);
      const outcome = await anchor(record, log.chain).catch((error: unknown) => error);
      expect(outcome).to.be.instanceOf(RecordDamagedError);
      expect((outcome as Error).message)
        .to.match(says)
        .and.to.include(statementId);
      expect((await record.store.anchors(FIRST_PAGE)).total).to.equal(1);
    });
  }

  it("over chosen deltas stop anchoring by name as well when somebody changes the choice", async () => {
    const deltas = await add("c", "c", "c");
    await checkpointSelection(record.store, [deltas[0]!, deltas[2]!], { now: record.clock.now });
    await reopen("UPDATE checkpoint_selections SET sequence = 2 WHERE sequence = 3");
    const outcome = await anchor(record, log.chain).catch((error: unknown) => error);
    expect(outcome)
      .to.be.instanceOf(RecordDamagedError)
      .with.property("message")
      .that.matches(/root is not that/);
  });

  describe("have receipts", () => {
    async function receiptOf(window: Window): Promise<{ checkpoint: StoredCheckpoint; text: string; blind: string }> {
      const [delta] = await add("c");
      const checkpoint = await over(delta!.ledger, window);
      const ask = () => checkpointReceiptOf({ store: record.store, place: log.place }, checkpoint);
      expect(await ask()).to.deep.equal({ notYet: "QUEUED" });
      await anchor(record, log.chain);
      const made = await ask();
      if ("notYet" in made) throw new Error(made.notYet);
      let text = "";
      for await (const piece of await listedReceiptText(record.store, checkpoint, made)) text += piece;
      return { checkpoint, text, blind: receiptText(made) };
    }

    it("that verify by the file and by the contract, with the window's deltas and without", async () => {
      record.clock.now = NOVEMBER.from - 1;
      await add("c", "d");
      record.clock.now = MIDDLE;
      await add(...Array<string>(250).fill("c"));
      const { checkpoint, text, blind } = await receiptOf(NOVEMBER);
      const outcomes = (file: string) => verifyReceipt(JSON.parse(file)).steps.map(({ outcome }) => outcome);
      expect(outcomes(blind)).to.deep.equal(["passed", "skipped", "passed", "skipped", "passed"]);
      expect(outcomes(text)).to.deep.equal(["passed", "skipped", "passed", "passed", "passed"]);
      const { receipt } = verifyReceipt(JSON.parse(text));
      expect(text).to.equal(receiptText(receipt!));
      expect(JSON.parse(text).deltas).to.have.length(251);
      for (const wrong of [0n, 1n]) {
        const says = await log.contract.read.verifyCheckpoint([
          toHex(log.place.log),
          receipt!.anchor.index,
          {
            ledger: checksumAddress(checkpoint.ledger.address),
            from: BigInt(checkpoint.from),
            to: BigInt(checkpoint.to),
            firstSequence: BigInt(checkpoint.firstSequence),
            count: BigInt(checkpoint.count),
            openingBalance: checkpoint.openingBalance,
            closingBalance: checkpoint.closingBalance + wrong,
            root: toHex(checkpoint.root),
          },
          receipt!.anchorProof.map(toHex),
        ]);
        expect(says).to.equal(wrong === 0n);
      }
    });

    it("of an empty window list nothing, and verify", async () => {
      const { text } = await receiptOf(monthWindow("2026-10"));
      const { steps, receipt } = verifyReceipt(JSON.parse(text));
      expect(steps.map(({ outcome }) => outcome)).to.deep.equal(["passed", "skipped", "passed", "passed", "passed"]);
      expect(text).to.equal(receiptText(receipt!));
      expect(JSON.parse(text).deltas).to.deep.equal([]);
    });

    it("that are not given away where a listed delta was changed after it was anchored", async () => {
      const { checkpoint } = await receiptOf(NOVEMBER);
      await reopen("UPDATE deltas SET recorded_at = recorded_at + 1");
      const made = await checkpointReceiptOf({ store: record.store, place: log.place }, checkpoint);
      if ("notYet" in made) throw new Error(made.notYet);
      const outcome = await listedReceiptText(record.store, checkpoint, made).catch((error: Error) => error.message);
      expect(outcome).to.match(/give its root/);
    });
  });

  describe("of months that are over", () => {
    it("are made five minutes after the end, for every tenant with something in it, and once", async () => {
      const other = await record.store.addTenant("other", record.clock.now);
      await record.store.addTenant("idle", record.clock.now);
      await add("a", "b");
      deltasOf(await record.store.record([request(other, "c")], false));
      const early = NOVEMBER.to + 5 * 60_000 - 1;
      expect(await closeLastMonth(record.store, early)).to.deep.equal({ period: "2026-10", tenants: 0 });
      const closed = { period: "2026-11", tenants: 2 };
      expect(await closeLastMonth(record.store, early + 1)).to.deep.equal(closed);
      const made = async () => (await record.store.checkpoints(record.tenant.id, {}, FIRST_PAGE)).checkpoints;
      const before = await made();
      expect(before.map(({ from, to, count }) => ({ from, to, count }))).to.deep.equal(
        Array(2).fill({ ...NOVEMBER, count: 1 }),
      );
      expect(await closeLastMonth(record.store, early + 1_000_000)).to.deep.equal(closed);
      expect(await made()).to.deep.equal(before);
    });
  });
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  const outcome = await work.catch((error: unknown) => error);
  expect(outcome).to.be.instanceOf(TallyrootError);
  return (outcome as TallyrootError).code;
}
