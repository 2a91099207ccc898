import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { exportBundle } from "#src/bundle/export.ts";
import { importBundle } from "#src/bundle/import.ts";
import { databaseFile, lockDirectory } from "#src/storage/sqlite/database.ts";
import { openRecordFile, request, sqlClient } from "#test/storage/record-folder.ts";
import { type BundleGround, contentOf, fill, forge, openBundleGround } from "./ground.ts";

describe("a bundle's import", () => {
  let ground: BundleGround;

  before(async () => {
    ground = await openBundleGround();
  });

  after(() => ground.remove());

  it("goes into no directory that has something in it, and leaves it as it was", () => {
    const target = ground.at("full");
    mkdirSync(target);
    writeFileSync(join(target, "notes"), "mine");
    expect(ground.importing(ground.second, target)).to.equal("TARGET_NOT_EMPTY");
    expect(readdirSync(target)).to.deep.equal(["notes"]);
    const empty = ground.at("empty");
    mkdirSync(empty);
    expect(ground.importing(ground.second, empty)).to.equal("accepted");
    expect(readdirSync(empty)).to.include.members(["chain.journal", "tallyroot.db"]);
  });

  it("that is refused leaves nothing behind, and no folder that was made on the way", () => {
    const bundle = ground.copyOf(ground.second);
    forge(bundle, (m) => ({ ...m, state: { ...m.state, rows: { ...m.state.rows, usage: 99 } } }));
    expect(ground.importing(bundle, join(ground.at("deep"), "er", "target"))).to.equal("ROWS_MISSING");
    expect(existsSync(ground.at("deep"))).to.equal(false);
  });

  it("takes up an import that was killed", () => {
    const target = ground.at("killed");
    mkdirSync(join(`${target}.import`, "data"), { recursive: true });
    for (const name of ["tallyroot.db", "tallyroot.db-journal", "master-key"])
      writeFileSync(join(`${target}.import`, "data", name), "torn");
    const lock = lockDirectory(`${target}.import`);
    expect(ground.importing(ground.second, target), "while it is still at work").to.equal("IN_USE");
    lock.release();
    expect(ground.importing(ground.second, target)).to.equal("accepted");
    expect(readdirSync(target)).to.deep.equal(["chain.journal", "tallyroot.db"]);
    expect(existsSync(`${target}.import`)).to.equal(false);
  });

  it("refuses to lose rows again once it is imported, as the record that it came from", () => {
    const target = ground.at("triggers");
    ground.importing(ground.second, target);
    const triggers = (dir: string) =>
      sqlClient(dir)
        .prepare("SELECT name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') ORDER BY name")
        .all();
    expect(triggers(target)).to.deep.equal(triggers(ground.dataDir));
    expect(() => sqlClient(target).exec("DELETE FROM requests")).not.to.throw();
    expect(() => sqlClient(target).exec("DELETE FROM deltas")).to.throw("append-only");
  });

  const changes: Record<string, (dir: string) => unknown> = {
    "recorded something": async (dir) => {
      const own = await openRecordFile(dir);
      await fill(own, 1);
      own.close();
    },
    "destroyed a key": (dir) => sqlClient(dir).exec("UPDATE ledger_keys SET wrapped = NULL WHERE ledger = 1").close(),
    "mined a block": (dir) => appendFileSync(join(dir, "chain.journal"), '{"own":1}\n'),
    "lost its chain": (dir) => rmSync(join(dir, "chain.journal")),
  };
  for (const [what, change] of Object.entries(changes)) {
    it(`does not go on top of an import that has ${what}`, async () => {
      const target = ground.at(`changed-${what.replaceAll(" ", "-")}`);
      expect(ground.importing(ground.first, target)).to.equal("accepted");
      await change(target);
      expect(ground.importing(ground.second, target)).to.equal("TARGET_DIVERGED");
    });
  }

  it("does not go on top of a record that took another way, also when it is as long", async () => {
    const [mine, theirs] = [ground.at("mine"), ground.at("theirs")];
    const bundle = ground.copyOf(ground.first);
    for (const dir of [mine, theirs]) {
      ground.importing(ground.first, dir);
      const own = await openRecordFile(dir);
      await own.store.record([request(own.tenant, "a", { reason: dir })], true);
      own.close();
    }
    exportBundle({ dataDir: theirs, bundle, keys: false });
    expect(ground.importing(bundle, mine)).to.equal("TARGET_DIVERGED");
    expect(ground.importing(bundle, theirs)).to.equal("accepted");
  });

  it("goes on top of an import that was cut off after the chain and before the record", () => {
    const target = ground.at("cut-off");
    ground.importing(ground.first, target);
    appendFileSync(join(target, "chain.journal"), '{"torn":3}\n');
    expect(ground.importing(ground.second, target)).to.equal("accepted");
    const [whole, steps] = [ground.at("whole.db"), ground.at("steps.db")];
    importBundle(ground.second, whole);
    cpSync(databaseFile(target), steps);
    expect(contentOf(steps)).to.deep.equal(contentOf(whole));
  });
});
