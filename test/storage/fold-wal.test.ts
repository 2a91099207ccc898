import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { databaseFile, isStorageTrouble, openDatabase, openSqlite, type Sqlite } from "#src/storage/sqlite/database.ts";
import { hasRoom, makeRoomInWal, startFoldingWal } from "#src/storage/sqlite/fold-wal.ts";
import { temporaryFolder } from "./record-folder.ts";

const MB = 1024 * 1024;
/** Pages of 4 KB that are written in all: more than three times what the WAL may hold. */
const PAGES = 32_000;
const PAGES_PER_COMMIT = 250;

describe("the WAL", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let db: Sqlite;
  beforeEach(() => {
    folder = temporaryFolder();
    db = openDatabase(databaseFile(folder.dir));
  });
  afterEach(() => {
    db.close();
    folder.remove();
  });

  const walBytes = () => statSync(`${databaseFile(folder.dir)}-wal`).size;

  it("gets room that leaves nothing in the database", () => {
    const names = () => db.prepare<[], string>("SELECT name FROM sqlite_master ORDER BY name").pluck().all();
    const [before, pages] = [names(), db.pragma("page_count", { simple: true })];
    expect(makeRoomInWal(db)).to.equal(true);
    expect(walBytes()).to.be.above(32 * MB);
    expect(names()).to.deep.equal(before);
    expect(db.pragma("page_count", { simple: true })).to.equal(pages);
    expect(db.pragma("cache_size", { simple: true }), "the cache is what it was").to.equal(-16 * 1024);
  });

  it("goes without room on a disk that is full, or while somebody else writes", () => {
    const pages = db.pragma("page_count", { simple: true });
    db.pragma(`max_page_count = ${pages}`);
    expect(makeRoomInWal(db)).to.equal(false);
    db.pragma("max_page_count = 1073741823");
    const other = openDatabase(databaseFile(folder.dir));
    other.exec("BEGIN IMMEDIATE");
    db.pragma("busy_timeout = 0");
    expect(makeRoomInWal(db)).to.equal(false);
    other.exec("ROLLBACK");
    other.close();
    expect(db.inTransaction).to.equal(false);
    expect(db.pragma("cache_size", { simple: true })).to.equal(-16 * 1024);
    expect(makeRoomInWal(db)).to.equal(true);
  });

  it("takes no room that a small disk needs for everything else", () => {
    // What is free is asked of the file system: a stand-in with the disk of a small machine.
    const small = { bavail: 38_000, bsize: 4_096 };
    const large = { bavail: 60_000, bsize: 4_096 };
    expect(hasRoom(small)).to.equal(false);
    expect(hasRoom(large)).to.equal(true);
  });

  it("is folded back without keeping those who write waiting for somebody who reads", async () => {
    db.pragma("wal_autocheckpoint = 0");
    db.exec("CREATE TABLE filler (page BLOB)");
    const fill = db.prepare("INSERT INTO filler (page) VALUES (randomblob(4000))");
    const reading = openDatabase(databaseFile(folder.dir));
    reading.exec("BEGIN");
    reading.prepare("SELECT count(*) FROM filler").get();
    db.transaction(() => {
      for (let page = 0; page < 10_000; page++) fill.run();
    })();
    const folding = openDatabase(databaseFile(folder.dir));
    folding.pragma("busy_timeout = 60000");
    const stop = startFoldingWal(folding, () => {});
    await sleep(300);
    fill.run();
    stop();
    expect(folding.pragma("busy_timeout", { simple: true }), "for its own writes").to.equal(60_000);
    for (const other of [reading, folding]) other.close();
    expect(db.prepare("SELECT count(*) FROM filler").pluck().get()).to.equal(10_001);
  }).timeout(20_000);

  it("says that it cannot be folded back, and goes on trying", async () => {
    db.pragma("wal_autocheckpoint = 0");
    db.exec("CREATE TABLE filler (page BLOB)");
    const fill = db.prepare("INSERT INTO filler (page) VALUES (randomblob(4000))");
    db.transaction(() => {
      for (let page = 0; page < 5_000; page++) fill.run();
    })();
    const cannotWrite = openSqlite(databaseFile(folder.dir), { readonly: true });
    const troubles: Error[] = [];
    const stop = startFoldingWal(cannotWrite, (error) => troubles.push(error));
    while (troubles.length < 2) await sleep(10);
    stop();
    cannotWrite.close();
    expect(troubles.every(isStorageTrouble)).to.equal(true);
  });

  it("is folded back by another connection while it is written to, and begins anew", async () => {
    const folding = openDatabase(databaseFile(folder.dir));
    const troubles: Error[] = [];
    const stop = startFoldingWal(folding, (error) => troubles.push(error));
    try {
      db.pragma("wal_autocheckpoint = 0");
      db.exec("CREATE TABLE filler (page BLOB)");
      const fill = db.prepare("INSERT INTO filler (page) VALUES (randomblob(4000))");
      for (let written = 0; written < PAGES; written += PAGES_PER_COMMIT) {
        db.transaction(() => {
          for (let page = 0; page < PAGES_PER_COMMIT; page++) fill.run();
        })();
        await sleep(10);
      }
      expect(walBytes()).to.be.below(100 * MB);
      expect(db.prepare("SELECT count(*) FROM filler").pluck().get()).to.equal(PAGES);
      expect(troubles).to.deep.equal([]);
    } finally {
      stop();
      folding.close();
    }
  }).timeout(60_000);
});
