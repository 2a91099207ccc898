import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { installKeccak } from "#src/core/keccak.ts";
import { fastKeccak } from "#src/fast-keccak.ts";
import { emptyWal, openDatabase } from "#src/storage/sqlite/database.ts";
import { type OpenRecordFile, openRecordFile, request, temporaryFolder } from "./record-folder.ts";

/** Longer than one moment lasts. */
const AFTERWARDS_MS = 60;
/** More than any of these calls takes. */
const MICROTASKS = 50;

describe("the moments that the anchoring side reads", () => {
  const folder = temporaryFolder();
  let record: OpenRecordFile;
  const add = () => record.store.record([request(record.tenant, "alpha")], false);
  const last = async () => (await record.anchors.moved(0)).ledgers[0]!.last;
  before(async () => {
    installKeccak(await fastKeccak());
    record = await openRecordFile(folder.dir);
    await add();
  });
  after(async () => {
    await record.close();
    folder.remove();
  });

  it("show nothing of what is recorded meanwhile, and all of it once they are over", async () => {
    const moments = record.anchors.moments();
    await moments.look();
    expect(await last()).to.equal(1);
    await add();
    expect(await last()).to.equal(1);
    await sleep(AFTERWARDS_MS);
    await moments.look();
    expect(await last()).to.equal(2);
    moments.end();
  });

  it("leave gaps in which old pages can be overwritten, and nothing behind them", async () => {
    const other = openDatabase(record.db.name);
    const moments = record.anchors.moments();
    await moments.look();
    expect(await last()).to.equal(2);
    await add();
    expect(emptyWal(other)).to.equal(false);
    await sleep(AFTERWARDS_MS);
    const next = moments.look().then(() => last());
    // All that does not wait for anything has been done after these.
    for (let turn = 0; turn < MICROTASKS; turn++) await Promise.resolve();
    expect(emptyWal(other)).to.equal(true);
    await next;
    moments.end();
    expect(record.db.inTransaction).to.equal(false);
    other.close();
  });
});
