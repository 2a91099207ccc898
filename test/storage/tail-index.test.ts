import { expect } from "chai";
import { databaseFile, openDatabase, type Sqlite } from "#src/storage/sqlite/database.ts";
import { openTailIndex, type TailIndex } from "#src/storage/sqlite/tail-index.ts";
import { openRecordFile, request, temporaryFolder } from "./record-folder.ts";

const BATCH = 8;

describe("the index over the newest deltas", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let db: Sqlite;
  const fingerprints: Buffer[] = [];
  before(async () => {
    folder = temporaryFolder();
    const record = await openRecordFile(folder.dir);
    await record.store.record(
      Array.from({ length: 3 * BATCH + 2 }, (_, i) => request(record.tenant, `c${i % 3}`)),
      false,
    );
    await record.close();
    db = openDatabase(databaseFile(folder.dir));
    fingerprints.push(...db.prepare<[], Buffer>("SELECT fingerprint FROM deltas ORDER BY id").pluck().all());
  });
  after(() => {
    db.close();
    folder.remove();
  });
  beforeEach(() =>
    db.exec("DELETE FROM fingerprint_index; DELETE FROM facts WHERE name = 'fingerprint_index.through'"),
  );

  const open = () => openTailIndex(db, "fingerprint_index", "fingerprint", BATCH);
  const write = (index: TailIndex, most: number) => {
    db.transaction(() => index.write(most))();
    index.written(true);
  };
  const stored = () => db.prepare<[], number>("SELECT delta FROM fingerprint_index ORDER BY delta").pluck().all();
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const expectAllFound = (index: TailIndex) => {
    for (const [i, fingerprint] of fingerprints.entries()) expect(index.find(fingerprint)).to.include(i + 1);
    expect(index.find(Buffer.alloc(32))).to.deep.equal([]);
  };

  it("finds every delta, before, between and after the writing of its batches", () => {
    const index = open();
    expectAllFound(index);
    for (let slices = 0; slices < 12; slices++) {
      write(index, 3);
      expectAllFound(index);
    }
    // The last batch is not full yet.
    expect(stored()).to.deep.equal(numbers(1, 3 * BATCH));
  });

  it("writes no more than it is told to, and each key once", () => {
    const index = open();
    write(index, 3);
    expect(stored()).to.have.length(3);
    write(index, 100);
    expect(stored()).to.deep.equal(numbers(1, BATCH));
  });

  it("writes again what was rolled back", () => {
    const index = open();
    write(index, 3);
    expect(() =>
      db.transaction(() => {
        index.write(100);
        throw new Error("the disk is full");
      })(),
    ).to.throw("the disk is full");
    index.written(false);
    expect(stored()).to.have.length(3);
    expectAllFound(index);
    write(index, 100);
    expect(stored()).to.deep.equal(numbers(1, BATCH));
    expectAllFound(index);
  });

  it("takes up after a restart where whole batches are written, and finds the rest in the rows", () => {
    const index = open();
    write(index, 100);
    write(index, 3);
    const again = open();
    expectAllFound(again);
    write(again, 100);
    expect(stored()).to.deep.equal(numbers(1, 2 * BATCH));
  });

  it("forgets what another connection has written, and finds it in the table", () => {
    const [writer, other] = [open(), open()];
    write(writer, 100);
    other.forgetWritten();
    db.exec("DELETE FROM fingerprint_index");
    expect(other.find(fingerprints[0]!), "of the first batch").to.deep.equal([]);
    expect(other.find(fingerprints[BATCH]!), "of the second").to.deep.equal([BATCH + 1]);
  });
});
