import { expect } from "chai";
import { toHex } from "#src/core/bytes.ts";
import { RecordDamagedError } from "#src/ledger/ports/ledgers.ts";
import { rederiveHead } from "#src/ledger/rederive.ts";
import type { Sqlite } from "#src/storage/sqlite/database.ts";
import {
  deltasOf,
  type OpenRecord,
  openRecord,
  request,
  tamper,
  temporaryFolder,
} from "#test/storage/record-folder.ts";

/** Deltas of the ledger that is damaged. */
const COUNT = 9;

const set = (assignment: string, sequence: number) => (db: Sqlite) =>
  void db.prepare(`UPDATE deltas SET ${assignment} WHERE ledger = 1 AND sequence = ?`).run(sequence);

const swap = (columns: string, a: number, b: number) => (db: Sqlite) => {
  const names = columns.split(", ");
  const read = db.prepare<[number], Record<string, unknown>>(
    `SELECT ${columns} FROM deltas WHERE ledger = 1 AND sequence = ?`,
  );
  const rows = [read.get(a)!, read.get(b)!];
  const write = db.prepare(
    `UPDATE deltas SET ${names.map((name) => `${name} = ?`).join(", ")} WHERE ledger = 1 AND sequence = ?`,
  );
  write.run(...names.map((name) => rows[1]![name]), a);
  write.run(...names.map((name) => rows[0]![name]), b);
};

/** What an intruder does, the first sequence that is wrong then, and how it is told. */
const EDITS: readonly (readonly [what: string, change: (db: Sqlite) => void, sequence: number, told: string])[] = [
  ["another amount", set("amount = '2'", 4), 4, "does not add up"],
  ["an amount that is none", set("amount = 'two'", 4), 4, "the stored amount is no amount"],
  ["another balance", set("balance = '40'", 5), 5, "does not add up"],
  ["amount and balance that agree", set("amount = '2', balance = '5'", 4), 4, "commitment"],
  ["an earlier time", set("recorded_at = recorded_at - 1", 6), 6, "before its predecessor"],
  ["a later time", set("recorded_at = recorded_at + 1", COUNT), COUNT, "fingerprint"],
  ["another commitment", set("commitment = zeroblob(32)", 3), 3, "commitment"],
  ["another fingerprint", set("fingerprint = zeroblob(32)", 3), 3, "fingerprint"],
  ["another tree node", set("nodes = zeroblob(32)", 2), 2, "tree nodes"],
  ["another tree node that is no peak", set("nodes = zeroblob(32)", 6), 6, "tree nodes"],
  ["no tree nodes", set("nodes = x''", 8), 8, "tree nodes"],
  ["tree nodes where none belong", set("nodes = zeroblob(32)", 7), 7, "tree nodes"],
  ["other sealed bytes", set("sealed = zeroblob(60)", 7), 7, "does not open"],
  ["sealed bytes that are cut short", set("sealed = x'00'", 7), 7, "does not open"],
  ["a key that there never was", set("generation = 2", 7), 7, "key"],
  [
    "a key that was changed",
    (db) => void db.exec("UPDATE ledger_keys SET wrapped = zeroblob(60) WHERE ledger = 1"),
    1,
    "does not open",
  ],
  ["a key that was deleted", (db) => void db.exec("DELETE FROM ledger_keys WHERE ledger = 1"), 1, "key"],
  ["a deleted row", (db) => void db.exec("DELETE FROM deltas WHERE ledger = 1 AND sequence = 4"), 4, "missing"],
  [
    "two deleted rows",
    (db) => void db.exec("DELETE FROM deltas WHERE ledger = 1 AND sequence IN (1, 2)"),
    1,
    "missing",
  ],
  ["swapped rows", swap("amount, balance, recorded_at, commitment, fingerprint, nodes, sealed", 3, 5), 3, "does not"],
  ["swapped contents", swap("sealed", 3, 5), 3, "does not open"],
  ["swapped contents and commitments", swap("sealed, commitment, fingerprint", 3, 5), 3, "does not open"],
];

describe("re-deriving a head from the rows", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let record: OpenRecord;
  beforeEach(async () => {
    folder = temporaryFolder();
    record = await openRecord(folder.dir);
    const one = (customer: string) => request(record.tenant, customer);
    // In one ledger all amounts are alike, so that swapping rows keeps every sum.
    await record.store.record(
      [one("broken"), one("sound"), ...Array.from({ length: COUNT - 1 }, () => one("broken"))],
      false,
    );
  });
  afterEach(() => {
    record.close();
    folder.remove();
  });

  async function afterwards(change: (db: Sqlite) => void): Promise<void> {
    record.close();
    tamper(folder.dir, change);
    record = await openRecord(folder.dir);
  }

  /** The head over the rows as they are now; `from` deltas are in an anchored head already. */
  async function head(previous?: Parameters<typeof rederiveHead>[2]) {
    const ledger = await record.store.ledgerById(1);
    const last = (await record.store.lastDelta(ledger))!.sequence;
    return rederiveHead({ store: record.anchors, contents: record.contents }, ledger, previous, last);
  }

  async function damage(previous?: Parameters<typeof rederiveHead>[2]): Promise<RecordDamagedError> {
    const outcome = await head(previous).catch((error: unknown) => error);
    if (!(outcome instanceof RecordDamagedError)) throw new Error("it was not found", { cause: outcome });
    return outcome;
  }

  /** The head that would have been anchored after so many deltas. */
  async function headAfter(count: number) {
    const ledger = await record.store.ledgerById(1);
    const { root, balance } = await rederiveHead(
      { store: record.anchors, contents: record.contents },
      ledger,
      undefined,
      count,
    );
    return { anchorIndex: 1, position: 0, ledgerId: 1, count, balance, root };
  }

  it("gives one head, whatever part of it was anchored before", async () => {
    const whole = await head();
    expect([whole.count, whole.balance]).to.deep.equal([COUNT, BigInt(COUNT) * 10n ** 18n]);
    for (let before = 1; before < COUNT; before++) expect(await head(await headAfter(before))).to.deep.equal(whole);
  });

  for (const [what, change, sequence, told] of EDITS) {
    it(`finds ${what} and names sequence ${sequence}`, async () => {
      const ledger = toHex((await record.store.ledgerById(1)).address);
      await afterwards(change);
      const found = await damage();
      expect([found.ledger, found.sequence]).to.deep.equal([ledger, sequence]);
      expect(found.message).to.contain(told);
    });
  }

  it("finds an anchored part that was changed behind a head", async () => {
    const previous = await headAfter(6);
    await afterwards(set("nodes = zeroblob(64)", 4));
    expect((await damage(previous)).message).to.contain("no longer gives the root that was anchored");
    await afterwards((db) => void db.exec("DELETE FROM deltas WHERE ledger = 1 AND sequence = 6"));
    expect(await damage(previous)).to.have.property("sequence", 6);
  });

  it("finds that deltas which were anchored are gone from the end", async () => {
    const previous = await headAfter(8);
    await afterwards((db) => void db.exec("DELETE FROM deltas WHERE ledger = 1 AND sequence >= 6"));
    expect(await damage(previous)).to.have.property("sequence", 6);
  });

  it("finds that a ledger's only delta is gone: arrivals are numbered without holes", async () => {
    await afterwards((db) => void db.exec("DELETE FROM deltas WHERE ledger = 2"));
    const outcome = await record.anchors.moved(0).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(RecordDamagedError).with.property("message").that.contains("1 of the deltas");
    await afterwards((db) => void db.exec("DELETE FROM deltas"));
    expect(await record.anchors.moved(3).catch((error: unknown) => error)).to.be.instanceOf(RecordDamagedError);
  });

  it("goes on without the contents that were erased on purpose", async () => {
    const whole = await head();
    await afterwards(
      (db) => void db.exec("UPDATE ledger_keys SET wrapped = NULL, sealed_customer_id = NULL WHERE ledger = 1"),
    );
    expect(await head()).to.deep.equal(whole);
    const [next] = deltasOf(await record.store.record([request(record.tenant, "broken")], false));
    expect([next!.sequence, next!.generation]).to.deep.equal([COUNT + 1, 2]);
    expect((await record.contents.contentOf(next!))?.customerId).to.equal("broken");
    expect((await head()).count).to.equal(COUNT + 1);
  });
});
