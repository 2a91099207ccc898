import { expect } from "chai";
import { RecordDamagedError } from "#src/ledger/ports/ledgers.ts";
import { SealBrokenError } from "#src/ledger/seal.ts";
import { ENGINE } from "#test/run/engine.ts";
import { behind, changeBehind } from "#test/run/record-of.ts";
import { deltasOf, openRecord, request, temporaryFolder } from "./record-folder.ts";

/** Where a ledger's balance is read by whoever records in it. */
const STANDINGS = { sqlite: "deltas", postgres: "ledger_heads" }[ENGINE];

describe("the record in either engine", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  it("opens sealed content at its own place only", async () => {
    const record = await openRecord(folder.dir);
    const reasons = ["one", "two"].map((reason) => request(record.tenant, "c", { reason }));
    await record.store.record([...reasons, request(record.tenant, "d", { reason: "three" })], false);
    await record.close();
    await behind(folder.dir, async (sql) => {
      const rows = await sql.all<{ sealed: Buffer }>("SELECT sealed FROM deltas ORDER BY ledger, sequence");
      const [first, second] = rows.map(({ sealed }) => sealed);
      const put = "UPDATE deltas SET sealed = ? WHERE ledger = ? AND sequence = ?";
      await sql.change(put, second, 1, 1);
      await sql.change(put, first, 1, 2);
      await sql.change(put, first, 2, 1);
    });
    const again = await openRecord(folder.dir);
    for (const [id, sequence] of [
      [1, 1],
      [1, 2],
      [2, 1],
    ] as const) {
      const delta = (await again.store.delta(await again.store.ledgerById(id), sequence))!;
      const outcome = await again.contents.contentOf(delta).catch((error: unknown) => error);
      expect(outcome, `ledger ${id}, sequence ${sequence}`).to.be.instanceOf(SealBrokenError);
    }
    await again.close();
  });

  it("harms nobody else when the rows of one ledger cannot be read", async () => {
    const record = await openRecord(folder.dir);
    await record.store.record([request(record.tenant, "broken"), request(record.tenant, "sound")], false);
    await record.close();
    await changeBehind(folder.dir, `UPDATE ${STANDINGS} SET balance = 'NaN' WHERE ledger = 1`);
    const again = await openRecord(folder.dir);
    const [broken, sound] = await Promise.allSettled([
      again.store.record([request(again.tenant, "broken")], false),
      again.store.record([request(again.tenant, "sound")], false),
    ]);
    expect(broken.status === "rejected" && broken.reason).to.be.instanceOf(RecordDamagedError);
    expect(broken.status === "rejected" && String(broken.reason)).to.contain(
      "sequence 1: the stored balance is no amount",
    );
    expect(sound.status === "fulfilled" && deltasOf(sound.value)[0]!.sequence).to.equal(2);
    await again.close();
  });

  it("closes with thousands of deltas waiting, and has all of them", async () => {
    const record = await openRecord(folder.dir);
    const unit = Array.from({ length: 8_000 }, () => request(record.tenant, "c"));
    const calls = Array.from({ length: 4 }, () => record.store.record(unit, false));
    const closed = record.close();
    const settled = await Promise.all(calls);
    await closed;
    // What the writer had planned for the next turn of the event loop finds everything closed.
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled.flat()).to.have.length(32_000);
    expect(record.reported).to.deep.equal([]);
    const again = await openRecord(folder.dir);
    const { ledger, fingerprint } = deltasOf(settled[0]!)[0]!;
    expect((await again.store.deltaByFingerprint(fingerprint))?.sequence).to.equal(1);
    expect((await again.store.lastDelta(ledger))?.sequence).to.equal(32_000);
    await again.close();
  }).timeout(60_000);
});
