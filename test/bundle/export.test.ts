import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { importDirectory } from "#src/bundle/data-directory.ts";
import { exportBundle } from "#src/bundle/export.ts";
import { checkBundle, importBundle } from "#src/bundle/import.ts";
import { readManifest } from "#src/bundle/manifest.ts";
import { migrateTo, RECORD_TABLES } from "#src/storage/sqlite/bundle-tables.ts";
import { databaseFile, lockDirectory, openDatabase } from "#src/storage/sqlite/database.ts";
import { openDump } from "#src/storage/sqlite/dump.ts";
import { NEWEST_SCHEMA } from "#src/storage/sqlite/load.ts";
import { openRecordFile, request } from "#test/storage/record-folder.ts";
import { anchorOne, type BundleGround, contentOf, fill, openBundleGround, refusal } from "./ground.ts";

describe("a bundle", () => {
  let ground: BundleGround;

  before(async () => {
    ground = await openBundleGround();
  });

  after(() => ground.remove());

  it("has what is new in each segment, and an anchor once its first transaction is stored", () => {
    expect(
      readManifest(ground.second).segments.map(({ through: { delta, ledger, anchor } }) => [delta, ledger, anchor]),
    ).to.deep.equal([
      [9, 3, 1],
      [15, 3, 1],
    ]);
    const lines = readFileSync(join(ground.second, "000002.record.ndjson"), "utf8").split("\n");
    expect(lines.filter((line) => line.startsWith("["))).to.have.length(6);
  });

  it("has of the chain's journal the whole lines only", () => {
    const chain = (n: number) => readFileSync(join(ground.second, `00000${n}.chain.ndjson`), "utf8");
    expect([chain(1), chain(2)]).to.deep.equal(['{"a":1}\n{"b":2}\n', '{"torn":3}\n']);
  });

  it("of the same record has the same bytes", () => {
    const files = [ground.at("same-1"), ground.at("same-2")].map((bundle) => {
      exportBundle({ dataDir: ground.dataDir, bundle, keys: false });
      return readdirSync(bundle).map((name) => [name, readFileSync(join(bundle, name), "hex")]);
    });
    expect(files[0]).to.deep.equal(files[1]);
  });

  it("gets no segment when nothing is new", () => {
    const bundle = ground.copyOf(ground.second);
    expect(exportBundle({ dataDir: ground.dataDir, bundle, keys: false }).segment).to.equal(undefined);
    expect(readManifest(bundle)).to.deep.equal(readManifest(ground.second));
    expect(readdirSync(bundle)).to.deep.equal(readdirSync(ground.second));
  });

  it("that was cut off before its new manifest is the one before, and the next export makes it whole", () => {
    const bundle = ground.copyOf(ground.first);
    for (const name of ["000002.record.ndjson", "000002.chain.ndjson", "000002.state.ndjson"])
      writeFileSync(join(bundle, name), readFileSync(join(ground.second, name)).subarray(0, 100));
    writeFileSync(join(bundle, "manifest.json.draft"), "{");
    expect(checkBundle(bundle)).to.deep.equal(readManifest(ground.first));
    exportBundle({ dataDir: ground.dataDir, bundle, keys: false });
    expect(readManifest(bundle)).to.deep.equal(readManifest(ground.second));
    expect(readdirSync(bundle)).to.deep.equal(readdirSync(ground.second));
  });

  it("does not take another record, nor one that was set back", async () => {
    const other = ground.at("other");
    mkdirSync(other);
    const stranger = await openRecordFile(other);
    await fill(stranger, 8);
    await anchorOne(stranger, 1, true);
    cpSync(join(ground.dataDir, "chain.journal"), join(other, "chain.journal"));
    expect(refusal(() => exportBundle({ dataDir: other, bundle: ground.copyOf(ground.first), keys: false }))).to.equal(
      "OTHER_RECORD",
    );
    stranger.close();
    const back = ground.at("back");
    importDirectory({ bundle: ground.first, dataDir: back, given: {} });
    const exporting = () => exportBundle({ dataDir: back, bundle: ground.copyOf(ground.second), keys: false });
    expect(exporting).to.throw("the bundle has delta 15, the record ends with 9");
    expect(refusal(() => exportBundle({ dataDir: back, bundle: ground.copyOf(ground.second), keys: false }))).to.equal(
      "OTHER_RECORD",
    );
    const [chain, cut] = [ground.at("chain"), join(ground.at("chain"), "chain.journal")];
    importDirectory({ bundle: ground.second, dataDir: chain, given: {} });
    writeFileSync(cut, readFileSync(cut, "utf8").replace("a", "z"));
    expect(refusal(() => exportBundle({ dataDir: chain, bundle: ground.copyOf(ground.second), keys: false }))).to.equal(
      "OTHER_RECORD",
    );
  });

  it("is not made in a directory that has something else in it, nor while another export is at work there", () => {
    const bundle = ground.copyOf(ground.first);
    writeFileSync(join(bundle, "letters.txt"), "");
    const refused = () => refusal(() => exportBundle({ dataDir: ground.dataDir, bundle, keys: false }));
    expect(refused()).to.equal("TARGET_NOT_EMPTY");
    rmSync(join(bundle, "letters.txt"));
    const lock = lockDirectory(bundle);
    expect(refused()).to.equal("IN_USE");
    lock.release();
    expect(refused()).to.equal("accepted");
  });

  it("does not come without the keys when they were asked for", () => {
    const bundle = ground.at("keyless");
    expect(refusal(() => exportBundle({ dataDir: ground.dataDir, bundle, keys: true }))).to.equal("KEYS_MISSING");
    writeFileSync(join(ground.dataDir, "master-key"), "short");
    expect(refusal(() => exportBundle({ dataDir: ground.dataDir, bundle, keys: true }))).to.equal("KEY_INVALID");
    rmSync(join(ground.dataDir, "master-key"));
    expect(existsSync(bundle)).to.equal(false);
  });

  it("of more rows than one read takes has every one of them", async () => {
    const dir = ground.at("large");
    mkdirSync(dir);
    const large = await openRecordFile(dir);
    const customers = Array.from({ length: 2_500 }, (_, i) => request(large.tenant, `customer-${i}`));
    await large.store.record(customers, false);
    const hash = Buffer.alloc(32, 1);
    const leaf = { count: 1, balance: 1n, root: hash, leaf: hash, nodes: hash, checkpointId: null };
    await large.anchors.addLeaves(
      1,
      0,
      customers.map((_, i) => ({ ...leaf, ledgerId: i + 1 })),
    );
    await large.anchors.prepare({ index: 1, root: hash, size: 2_500, through: 1, throughCheckpoint: 0, createdAt: 1 });
    await large.anchors.addTransaction(1, { attempt: 1, nonce: 0, hash, raw: hash, createdAt: 1 });
    await large.anchors.addTransaction(1, { attempt: 2, nonce: 0, hash, raw: hash, createdAt: 2 });
    large.close();
    exportBundle({ dataDir: dir, bundle: ground.at("large-bundle"), keys: false });
    importBundle(ground.at("large-bundle"), ground.at("large.db"));
    const [copy, original] = [contentOf(ground.at("large.db")), contentOf(databaseFile(dir))];
    expect(copy.deltas).to.have.length(2_500);
    for (const [name, rows] of Object.entries(original)) expect(copy[name], name).to.deep.equal(rows);
  });

  it("begun before the schema changed, and gone on with afterwards, is the record as it was migrated", () => {
    const [dataDir, bundle] = [ground.at("old"), ground.at("old-bundle")];
    mkdirSync(dataDir);
    const old = new Database(databaseFile(dataDir));
    migrateTo(old, 2);
    const hash = Buffer.alloc(32, 5);
    old.prepare("INSERT INTO tenants VALUES (1, 'default', ?, 1)").run(hash);
    old.prepare("INSERT INTO api_keys VALUES ('id', 1, ?, 'admin', NULL, ?, 1, NULL, NULL, NULL)").run(hash, hash);
    old.prepare("INSERT INTO ledgers VALUES (1, 1, ?, 1)").run(hash.subarray(12));
    old.prepare("INSERT INTO ledger_keys VALUES (1, 1, ?, ?, NULL)").run(hash, hash);
    const row = [hash, hash, hash, hash];
    old.prepare("INSERT INTO deltas VALUES (1, 1, 1, '1', '1', 1, ?, ?, ?, 1, ?, NULL)").run(...row);
    old.prepare("INSERT INTO anchors VALUES (1, ?, 1, 1, 1, 0)").run(hash);
    old.prepare("INSERT INTO anchor_transactions VALUES (1, 1, 0, ?, ?, 1)").run(hash, hash);
    old.prepare("INSERT INTO anchor_progress VALUES (1, 'confirmed', ?, 1, ?, 1, 1)").run(hash, hash);
    old.close();
    exportBundle({ dataDir, bundle, keys: false });
    openDatabase(databaseFile(dataDir)).close();
    exportBundle({ dataDir, bundle, keys: false });
    expect(readManifest(bundle).segments.map(({ schema }) => schema)).to.deep.equal([2, NEWEST_SCHEMA]);
    importBundle(bundle, ground.at("old.db"));
    const copy = contentOf(ground.at("old.db"));
    expect(copy).to.deep.equal(contentOf(databaseFile(dataDir)));
    expect(copy.deltas).to.have.length(1);
    expect(copy.anchor_progress).to.have.length(1);
  });

  it("is of a moment at which the chain's journal stood still", () => {
    const dump = openDump(databaseFile(ground.dataDir));
    const lengths = [1, 2, 2, 3, 4, 4];
    expect(dump.snapshot(() => lengths.shift()!).beside).to.equal(4);
    let grows = 0;
    expect(() => dump.snapshot(() => grows++)).to.throw("do not stand still");
    dump.close();
  });

  it("is made without a long read: between two pages of rows the server can cut its WAL", async () => {
    const dump = openDump(databaseFile(ground.dataDir));
    const { through: counts } = dump.snapshot(() => 0);
    const deltas = RECORD_TABLES.find(({ name }) => name === "deltas")!;
    const nothing = { tenant: 0, ledger: 0, delta: 0, checkpoint: 0, batch: 0, anchor: 0 };
    const rows = dump.record(deltas, ["id"], nothing, counts)[Symbol.iterator]();
    expect(rows.next().value).to.deep.equal([1]);
    await fill(ground.record, 1);
    ground.record.db.pragma("busy_timeout = 0");
    const [result] = ground.record.db.pragma("wal_checkpoint(TRUNCATE)") as [{ busy: number }];
    expect(result.busy).to.equal(0);
    expect([...Array.from({ length: counts.delta - 1 }, () => rows.next().value?.[0]), rows.next().done]).to.deep.equal(
      [...Array.from({ length: counts.delta - 1 }, (_, i) => i + 2), true],
    );
    dump.close();
  });
});
