import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { readManifest } from "#src/bundle/manifest.ts";
import { databaseFile } from "#src/storage/sqlite/database.ts";
import { type Audited, fillRecord, recordSome, START } from "#test/audit/audited-record.ts";
import { contentOf } from "#test/bundle/ground.ts";
import type { Members } from "#test/http/call.ts";
import { anchor, type Ground, startGround } from "#test/ledger/anchoring-ground.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";
import { openNode } from "#test/storage/postgres/record.ts";
import { openRecordFile, request, temporaryFolder } from "#test/storage/record-folder.ts";
import { runHere, startCommand } from "./command.ts";

const postgres = postgresOfThisFile();

type Rows = Record<string, unknown[]>;

/** What follows from the order in which deltas arrived, which PostgreSQL does not keep, or is about the files of one directory. */
const OF_ARRIVAL = ["id", "digest"];
const OF_DIRECTORY = /^(?:moved\.from|moving\.from|moved\.to|moving\.to|.*_index\.through)$/;
const DERIVED = ["fingerprint_index", "request_index"];

/** Rows that can be compared, in an order of their own. */
function comparable(tables: Rows): Rows {
  const rowsOf = (name: string, rows: unknown[]) =>
    (rows as Members[])
      .filter((row) => name !== "facts" || !OF_DIRECTORY.test(row.name))
      .map((row) => Object.entries(row).filter(([column]) => name !== "deltas" || !OF_ARRIVAL.includes(column)))
      .map((cells) => JSON.stringify(cells))
      .sort();
  return Object.fromEntries(
    Object.entries(tables)
      .filter(([name]) => !DERIVED.includes(name))
      .map(([name, rows]) => [name, rowsOf(name, rows)]),
  );
}

/** The rows of a bundle, of all its files of one kind. */
function bundled(bundle: string): Rows {
  const tables: Rows = {};
  for (const name of readdirSync(bundle).filter((one) => /\.(?:record|state)\.ndjson$/.test(one))) {
    let heading = { table: "", columns: [] as string[] };
    for (const line of readFileSync(join(bundle, name), "utf8").trimEnd().split("\n")) {
      const value = JSON.parse(line);
      if (!Array.isArray(value)) heading = value;
      tables[heading.table] ??= [];
      if (Array.isArray(value))
        tables[heading.table]!.push(Object.fromEntries(heading.columns.map((column, i) => [column, value[i]])));
    }
  }
  return tables;
}

describe("the rows of a record that comes out of PostgreSQL", function () {
  this.timeout(60_000);
  const [folder, place] = [temporaryFolder(), temporaryFolder()];
  const at = (name: string) => join(place.dir, name);
  let ground: Ground;
  let audited: Audited;
  let database: TestDatabase;
  let original: Rows;
  const key = at("master");
  const migrate = (...words: string[]) =>
    runHere(["migrate", "--master-key-file", key, "--rpc", ground.chain.rpcUrl, ...words]);
  const exported = (name: string) =>
    runHere(["export", "--data-dir", folder.dir, "--out", at(name), "--from", database.url]);

  before(async () => {
    ground = await startGround();
    const record = await openRecordFile(folder.dir, { now: START });
    audited = await fillRecord(record, ground);
    await record.close();
    writeFileSync(key, `0x${"07".repeat(32)}\n`);
    original = contentOf(databaseFile(folder.dir));
    const directory = await runHere(["export", "--data-dir", folder.dir, "--out", at("of-directory")]);
    expect(directory.code, directory.errors).to.equal(0);
    database = await postgres.database();
    const { code, output, errors } = await migrate("--data-dir", folder.dir, "--to", database.url);
    expect(code, output + errors).to.equal(0);
  });
  after(async () => {
    await database.drop();
    await ground.stop();
    folder.remove();
    place.remove();
  });

  it("make the bundle that an export of the directory made, while servers go on, and the same bytes each time", async () => {
    const node = await openNode(database.url, { clock: { now: START } });
    for (const name of ["of-database", "again"]) {
      const { code, output, errors } = await exported(name);
      expect(code, errors).to.equal(0);
      expect(output).to.contain("42 deltas, 5 ledgers, 3 anchors");
    }
    await node.close();
    expect(comparable(bundled(at("of-database")))).to.deep.equal(comparable(bundled(at("of-directory"))));
    const files = (name: string) =>
      readdirSync(at(name)).map((file) => [file, readFileSync(join(at(name), file), "hex")]);
    expect(files("again")).to.deep.equal(files("of-database"));
    expect(readdirSync(place.dir).filter((name) => name.includes("copy"))).to.deep.equal([]);
    const [there, here] = [at("of-database"), at("of-directory")].map(readManifest);
    expect(there!.place).to.deep.equal(here!.place);
    expect(there!.segments[0]!.through).to.deep.equal(here!.segments[0]!.through);
  });

  it("are of one moment: what is recorded later is in a bundle of its own", async () => {
    const node = await openNode(database.url, { clock: { now: Date.UTC(2025, 0, 1) } });
    await node.store.record([request(node.tenant, "later")], true);
    await node.close();
    const refused = await exported("of-database");
    expect(refused.code).to.equal(2);
    expect(refused.errors).to.contain("is made anew each time");
    const { code, output } = await exported("later");
    expect(code).to.equal(0);
    expect(output).to.contain("43 deltas, 6 ledgers");
  });

  it("are a record that an audit finds clean, once a bundle of them is a data directory", async () => {
    const imported = await runHere(["import", at("later"), "--data-dir", at("imported"), "--master-key-file", key]);
    expect(imported.code, imported.errors).to.equal(0);
    const audit = await startCommand(["audit", at("imported"), "--rpc", ground.chain.rpcUrl]).ended;
    expect(audit.code, audit.output + audit.errors).to.equal(0);
    expect(audit.output).to.contain("43 deltas").and.to.contain("3 anchors compared");
  });

  it("are all there again in a directory, in an order in which they may have arrived", async () => {
    const { code, output, errors } = await migrate("--data-dir", at("data"), "--from", database.url, "--json");
    expect(code, output + errors).to.equal(0);
    const told = JSON.parse(output);
    expect(told.audit.checked).to.include({ deltas: 43, anchors: 3, withoutDigest: 0 });
    expect(told.audit.chain).to.include({ outcome: "asked", anchors: 3 });
    expect(errors).to.contain("no master key is in").and.to.contain("no publisher key is in");

    const now = contentOf(databaseFile(at("data")));
    const deltas = now.deltas as { id: number; ledger: number; sequence: number; recorded_at: number }[];
    expect(deltas.map(({ id }) => id)).to.deep.equal(deltas.map((_, i) => i + 1));
    // Recorded later, by another node.
    const { ledger } = deltas.pop()!;
    const without: Rows = {};
    for (const [name, rows] of Object.entries({ ...now, deltas }))
      without[name] = (rows as Members[]).filter(
        (row) => !(name === "ledgers" && row.id === ledger) && !(name.startsWith("ledger_") && row.ledger === ledger),
      );
    without.usage = now.usage!.filter((row) => (row as Members).period !== "2025-01");
    expect(comparable(without)).to.deep.equal(comparable(original));
    for (const { id, through } of now.anchors as { id: number; through: number }[]) {
      const covered = (now.anchor_leaves as { anchor: number; ledger: number; count: number; checkpoint: null }[])
        .filter((leaf) => leaf.checkpoint === null && leaf.anchor <= id)
        .reduce((counts, leaf) => counts.set(leaf.ledger, leaf.count), new Map<number, number>());
      for (const delta of deltas.slice(0, through)) expect(covered.get(delta.ledger)).to.be.at.least(delta.sequence);
      expect([...covered.values()].reduce((sum, count) => sum + count)).to.equal(through);
    }
  });

  it("are recorded upon and anchored there, under the same log", async () => {
    const record = await openRecordFile(at("data"), { now: Date.UTC(2025, 0, 2) });
    await recordSome(record, record.tenant, ["alpha", "later", "new"], 2);
    await anchor(record, audited.chain);
    await record.close();
    writeFileSync(join(at("data"), "master-key"), readFileSync(key));
    const audit = await startCommand(["audit", at("data"), "--rpc", ground.chain.rpcUrl]).ended;
    expect(audit.code, audit.output + audit.errors).to.equal(0);
    expect(audit.output).to.contain("49 deltas").and.to.contain("4 anchors compared");
  });
});
