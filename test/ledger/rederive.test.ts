import { expect } from "chai";
import { toHex } from "#src/core/bytes.ts";
import { RecordDamagedError } from "#src/ledger/ports/ledgers.ts";
import { rederiveHead } from "#src/ledger/rederive.ts";
import { behind, type Sql } from "#test/run/record-of.ts";
import { deltasOf, type OpenRecord, openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";

/** Deltas of the ledger that is damaged. */
const COUNT = 9;

/** What an intruder does with a plain SQL client. */
type Change = (sql: Sql) => Promise<unknown>;

const set =
  (assignment: string, sequence: number, ...values: unknown[]): Change =>
  (sql) =>
    sql.change(`UPDATE deltas SET ${assignment} WHERE ledger = 1 AND sequence = ?`, ...values, sequence);

const swap =
  (columns: string, a: number, b: number): Change =>
  async (sql) => {
    const names = columns.split(", ");
    const read = (sequence: number) =>
      sql.all<Record<string, unknown>>(`SELECT ${columns} FROM deltas WHERE ledger = 1 AND sequence = ?`, sequence);
    const [[first], [second]] = [await read(a), await read(b)];
    const assignment = names.map((name) => `${name} = ?`).join(", ");
    const valuesOf = (row: Record<string, unknown>) => names.map((name) => row[name]);
    await set(assignment, a, ...valuesOf(second!))(sql);
    await set(assignment, b, ...valuesOf(first!))(sql);
  };

const statement =
  (text: string, ...values: unknown[]): Change =>
  (sql) =>
    sql.change(text, ...values);

const [HASH, SEALED] = [Buffer.alloc(32), Buffer.alloc(60)];

/** What an intruder does, the first sequence that is wrong then, and how it is told. */
const EDITS: readonly (readonly [what: string, change: Change, sequence: number, told: string])[] = [
  ["another amount", set("amount = '2'", 4), 4, "does not add up"],
  ["an amount that is none", set("amount = 'NaN'", 4), 4, "the stored amount is no amount"],
  ["another balance", set("balance = '40'", 5), 5, "does not add up"],
  ["amount and balance that agree", set("amount = '2', balance = '5'", 4), 4, "commitment"],
  ["an earlier time", set("recorded_at = recorded_at - 1", 6), 6, "before its predecessor"],
  ["a later time", set("recorded_at = recorded_at + 1", COUNT), COUNT, "fingerprint"],
  ["another commitment", set("commitment = ?", 3, HASH), 3, "commitment"],
  ["another fingerprint", set("fingerprint = ?", 3, HASH), 3, "fingerprint"],
  ["another tree node", set("nodes = ?", 2, HASH), 2, "tree nodes"],
  ["another tree node that is no peak", set("nodes = ?", 6, HASH), 6, "tree nodes"],
  ["no tree nodes", set("nodes = ?", 8, Buffer.alloc(0)), 8, "tree nodes"],
  ["tree nodes where none belong", set("nodes = ?", 7, HASH), 7, "tree nodes"],
  ["other sealed bytes", set("sealed = ?", 7, SEALED), 7, "does not open"],
  ["sealed bytes that are cut short", set("sealed = ?", 7, Buffer.alloc(1)), 7, "does not open"],
  ["a key that there never was", set("generation = 2", 7), 7, "key"],
  [
    "a key that was changed",
    statement("UPDATE ledger_keys SET wrapped = ? WHERE ledger = 1", SEALED),
    1,
    "does not open",
  ],
  ["a key that was deleted", statement("DELETE FROM ledger_keys WHERE ledger = 1"), 1, "key"],
  ["a deleted row", statement("DELETE FROM deltas WHERE ledger = 1 AND sequence = 4"), 4, "missing"],
  ["two deleted rows", statement("DELETE FROM deltas WHERE ledger = 1 AND sequence IN (1, 2)"), 1, "missing"],
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
  afterEach(async () => {
    await record.close();
    folder.remove();
  });

  async function afterwards(change: Change): Promise<void> {
    await record.close();
    await behind(folder.dir, change);
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
    await afterwards(set("nodes = ?", 4, Buffer.alloc(64)));
    expect((await damage(previous)).message).to.contain("no longer gives the root that was anchored");
    await afterwards(statement("DELETE FROM deltas WHERE ledger = 1 AND sequence = 6"));
    expect(await damage(previous)).to.have.property("sequence", 6);
  });

  it("finds that deltas which were anchored are gone from the end", async () => {
    const previous = await headAfter(8);
    await afterwards(statement("DELETE FROM deltas WHERE ledger = 1 AND sequence >= 6"));
    expect(await damage(previous)).to.have.property("sequence", 6);
  });

  /** What a round of anchoring says when it looks what has moved, and re-derives that. */
  async function round(through: number): Promise<void> {
    const { ledgers } = await record.anchors.moved(through);
    for (const { ledgerId, last } of ledgers) {
      const ledger = await record.anchors.ledger(ledgerId);
      const previous = await record.anchors.lastHead(ledgerId);
      await rederiveHead({ store: record.anchors, contents: record.contents }, ledger, previous, last);
    }
  }

  it("finds that a ledger's only delta is gone, and that all are: it is known how many there were", async () => {
    await round(0);
    await afterwards(statement("DELETE FROM deltas WHERE ledger = 2"));
    expect(await round(0).catch((error: unknown) => error)).to.be.instanceOf(RecordDamagedError);
    await afterwards(statement("DELETE FROM deltas"));
    expect(await round(3).catch((error: unknown) => error)).to.be.instanceOf(RecordDamagedError);
  });

  it("goes on without the contents that were erased on purpose", async () => {
    const whole = await head();
    await afterwards(statement("UPDATE ledger_keys SET wrapped = NULL, sealed_customer_id = NULL WHERE ledger = 1"));
    expect(await head()).to.deep.equal(whole);
    const [next] = deltasOf(await record.store.record([request(record.tenant, "broken")], false));
    expect([next!.sequence, next!.generation]).to.deep.equal([COUNT + 1, 2]);
    expect((await record.contents.contentOf(next!))?.customerId).to.equal("broken");
    expect((await head()).count).to.equal(COUNT + 1);
  });
});
