import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import { StorageRefusedError } from "#src/storage/refused.ts";
import { databaseFile, openDatabase } from "#src/storage/sqlite/database.ts";
import { damagedAt, expectWholeWal } from "#src/storage/sqlite/wal-damage.ts";
import { temporaryFolder } from "./record-folder.ts";

const HEADER = 32;
const FRAME = 24 + 4_096;
const COMMITS = 8;

describe("a write-ahead log", () => {
  const folder = temporaryFolder();
  const file = databaseFile(folder.dir);
  const wal = `${file}-wal`;
  let whole: Buffer;
  /** Frames of all commits but the last two. */
  let checked: number;

  /** Appends commits of so many rows to what is in the files, and answers the log as a kill would leave it. */
  function commitAll(...sizes: number[]): Buffer {
    const db = openDatabase(file);
    const insert = db.prepare("INSERT INTO filler (page) VALUES (randomblob(4000))");
    for (const size of sizes) db.transaction(() => Array.from({ length: size }, () => insert.run()))();
    const bytes = readFileSync(wal);
    const kept = readFileSync(file);
    db.close();
    // Closing has folded it back.
    writeFileSync(file, kept);
    writeFileSync(wal, bytes);
    return bytes;
  }

  const framesOf = (bytes: Buffer) => (bytes.length - HEADER) / FRAME;
  const flipped = (at: number, bit = 0x10) => {
    const bytes = Buffer.from(whole);
    bytes[at] = bytes[at]! ^ bit;
    return bytes;
  };

  before(() => {
    const db = openDatabase(file);
    db.exec("CREATE TABLE filler (page BLOB)");
    db.close();
    const most = commitAll(...Array.from({ length: COMMITS - 2 }, () => 2));
    checked = framesOf(most);
    whole = commitAll(2, 2);
  });
  after(folder.remove);

  it("is taken as it is when it is whole, empty, or not there", () => {
    expect(framesOf(whole)).to.be.above(checked);
    expect(damagedAt(whole)).to.equal(undefined);
    expect(damagedAt(Buffer.alloc(0))).to.equal(undefined);
    expectWholeWal(`${folder.dir}/nothing`);
  });

  it("is refused wherever a bit is flipped before its last two commits, naming the byte to cut it at", () => {
    for (let frame = 0; frame < checked; frame++) {
      const at = HEADER + frame * FRAME;
      // Page number, size of the database, salts, checksum, page.
      for (const byte of [0, 4, 9, 17, 24, 3_000, FRAME - 1])
        expect(damagedAt(flipped(at + byte)), `frame ${frame}, byte ${byte}`).to.equal(at);
    }
    for (let byte = 0; byte < HEADER; byte++) {
      expect(damagedAt(flipped(byte)), `header, byte ${byte}`).to.equal(0);
      expect(damagedAt(flipped(byte, 1)), `header, last bit of byte ${byte}`).to.equal(0);
    }
  });

  it("says so before SQLite opens it", () => {
    writeFileSync(wal, flipped(HEADER + FRAME + 100));
    expect(() => expectWholeWal(file))
      .to.throw(StorageRefusedError)
      .with.property("message")
      .that.includes(`truncate -s ${HEADER + FRAME} ${wal}`);
    writeFileSync(wal, whole);
    expectWholeWal(file);
  });

  it("is taken where its end is missing or blank, as a crash leaves it", () => {
    for (let end = HEADER; end <= whole.length; end += 1_500) {
      expect(damagedAt(whole.subarray(0, end)), `cut at ${end}`).to.equal(undefined);
      expect(damagedAt(Buffer.from(whole).fill(0, end)), `blank from ${end}`).to.equal(undefined);
    }
  });

  it("is taken with what writes have left that failed, however many", () => {
    const ground = [file, wal].map((name) => [name, `${name}.kept`] as const);
    for (const [name, kept] of ground) copyFileSync(name, kept);
    const afterwards = (size: number) => {
      for (const [name, kept] of ground) copyFileSync(kept, name);
      return commitAll(size);
    };
    // Each failed write began where the one before it did, and so did the one that went through at last.
    const tries = [9, 6, 4, 1].map(afterwards);
    const left = tries.reduce((under, over) => Buffer.concat([over, under.subarray(over.length)]));
    expect(framesOf(left)).to.be.above(framesOf(whole) + 8);
    expect(damagedAt(left)).to.equal(undefined);
  });
});
