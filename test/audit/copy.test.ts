import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { auditRecord } from "#src/audit/audit.ts";
import { exportBundle } from "#src/bundle/export.ts";
import { logIdOf, readAppend } from "#src/chain/read-append.ts";
import { withCopy } from "#src/cli/audit/source.ts";
import { toHex } from "#src/core/bytes.ts";
import { eraseContent } from "#src/ledger/erase.ts";
import { databaseFile, lockDirectory } from "#src/storage/sqlite/database.ts";
import { MASTER, openRecordFile, temporaryFolder } from "#test/storage/record-folder.ts";
import { recordSome, START } from "./audited-record.ts";

function audit(path: string) {
  return withCopy(path, async ({ store, origin }) => {
    const readers = { read: readAppend, logOf: logIdOf };
    const report = await auditRecord({ store, master: MASTER, readAppend: readers, clock: () => performance.now() });
    return { origin, ...report };
  });
}

function contentsOf(dir: string): Record<string, string> {
  const hash = (name: string) =>
    createHash("sha256")
      .update(readFileSync(join(dir, name)))
      .digest("hex");
  return Object.fromEntries(readdirSync(dir).map((name) => [name, hash(name)]));
}

describe("the copy that an audit works on", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  it("changes no byte of a data directory that no server runs on, also where a WAL was left behind", async () => {
    const record = await openRecordFile(folder.dir, { now: START });
    await recordSome(record, record.tenant, ["alpha", "beta"], 3);
    // What a killed server leaves: a database whose latest rows are in the WAL only.
    const left = temporaryFolder();
    for (const suffix of ["", "-wal"])
      writeFileSync(`${databaseFile(left.dir)}${suffix}`, readFileSync(`${databaseFile(folder.dir)}${suffix}`));
    record.close();
    const before = contentsOf(left.dir);
    const report = await audit(left.dir);
    expect(report.findings).to.deep.equal([]);
    expect([report.origin, report.checked.deltas]).to.deep.equal(["file", 6]);
    expect(contentsOf(left.dir)).to.deep.equal(before);
    left.remove();
  });

  it("is taken while a server records and erases, and hinders neither", async () => {
    const lock = lockDirectory(folder.dir);
    const record = await openRecordFile(folder.dir, { now: START });
    await recordSome(record, record.tenant, ["alpha", "beta"], 30);
    let going = true;
    let recorded = 60;
    const recording = (async () => {
      while (going) {
        recorded += (await recordSome(record, record.tenant, ["alpha", "gamma"], 1)).length;
        await new Promise((done) => setImmediate(done));
      }
    })();
    const parts = { store: record.store, contents: record.contents, forgetElsewhere: () => {} };
    for (const customer of ["alpha", "beta"]) {
      const [report] = await Promise.all([
        audit(folder.dir),
        eraseContent({ ...parts, clock: () => record.clock.now }, record.tenant, customer),
      ]);
      expect(report.findings).to.deep.equal([]);
      expect(report.origin).to.equal("live");
      expect(report.checked.deltas).to.be.at.least(60);
    }
    going = false;
    await recording;
    expect((await audit(folder.dir)).checked.deltas).to.equal(recorded);
    record.close();
    lock.release();
  });

  it("is removed afterwards, also when the audit fails", async () => {
    const record = await openRecordFile(folder.dir, { now: START });
    await recordSome(record, record.tenant, ["alpha"], 1);
    record.close();
    // A place of its own for copies: other tests make some at the same time.
    const place = temporaryFolder();
    const usual = process.env.TMPDIR;
    process.env.TMPDIR = place.dir;
    await audit(databaseFile(folder.dir));
    let during: string[] = [];
    const failure = await withCopy(folder.dir, async () => {
      during = readdirSync(place.dir);
      throw new Error("in the middle");
    }).catch((error: Error) => error.message);
    expect(failure).to.equal("in the middle");
    expect([during.length, readdirSync(place.dir).length]).to.deep.equal([1, 0]);
    if (usual === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = usual;
    place.remove();
  });

  it("is made of a bundle too", async () => {
    const record = await openRecordFile(folder.dir, { now: START });
    await recordSome(record, record.tenant, ["alpha", "beta"], 3);
    record.close();
    writeFileSync(join(folder.dir, "master-key"), `${toHex(Buffer.alloc(32, 7))}\n`);
    const bundle = join(folder.dir, "bundle");
    exportBundle({ dataDir: folder.dir, bundle, keys: false });
    const report = await audit(bundle);
    expect(report.findings).to.deep.equal([]);
    expect([report.origin, report.checked.deltas]).to.deep.equal(["bundle", 6]);
  });

  it("is refused of what is no record", async () => {
    const failure = await audit(join(folder.dir, "nowhere")).catch((error: Error) => error);
    expect(failure).to.have.property("name", "StorageRefusedError");
    const text = join(folder.dir, "text.db");
    writeFileSync(text, "no database at all, but long enough for a header".repeat(40));
    expect(await audit(text).catch((error: Error) => error)).to.have.property("name", "StorageRefusedError");
    expect(existsSync(`${text}-wal`)).to.equal(false);
  });
});
