import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { expect } from "chai";
import { read, record, type Target, verified } from "#test/http/call.ts";
import {
  apiKeyOf,
  refusedStart,
  removeDirectory,
  type Server,
  startServer,
  temporaryDirectory,
} from "#test/http/server.ts";
import { type Book, openBook, postUntil } from "../../scripts/survive/book.ts";
import { auditFailures, examine } from "../../scripts/survive/examine.ts";
import { seeded } from "../../scripts/survive/random.ts";
import { runCommand } from "./command.ts";

const BINARY = fileURLToPath(import.meta.resolve("#src/cli/tallyroot.ts"));
const CLIENTS = 16;
const SEED = 4711;

describe("tallyroot backup and restore", () => {
  const place = temporaryDirectory();
  const dir = join(place, "data");
  const out = join(place, "backup");
  const signal = AbortSignal.timeout(1_200_000);
  const book = openBook(20);
  /** What clients knew before the backup was begun. */
  let known: Book;
  let made: { code: number; output: string; errors: string };
  let server: Server;

  const at = (name: string) => join(place, name);
  const manifestOf = (where: string) => JSON.parse(readFileSync(join(where, "backup.json"), "utf8"));
  const restored = async (name: string, ...more: string[]) => {
    const end = await runCommand("restore", "--from", out, "--data-dir", at(name), ...more);
    expect(end.code, end.errors).to.equal(0);
    return end;
  };
  const targetOf = ({ url }: Pick<Server, "url">): Required<Target> => ({ url, key: apiKeyOf(dir) });
  /** @returns the exit code, null where it was killed. */
  function killedBackup(from: string, target: string, inject: string): number | null {
    const words = ["backup", "--data-dir", from, "--out", target, "--quick"];
    const strace = ["-f", "-qq", "-o", "/dev/null", "-e", `trace=${inject.split(":")[0]}`, "-e", `inject=${inject}`];
    return spawnSync("strace", [...strace, process.execPath, BINARY, ...words]).status;
  }
  const oldest = (acknowledged: Book["acknowledged"]) => [...acknowledged.values()][0]!;

  before(async () => {
    server = await startServer(dir);
    const parts = { url: server.url, apiKey: apiKeyOf(dir) };
    const working = new AbortController();
    const clients = Array.from({ length: CLIENTS }, (_, i) => postUntil(parts, book, seeded(SEED + i), working.signal));
    while (book.acknowledged.size < 500) await sleep(20, undefined, { signal });
    known = { ...book, acknowledged: new Map(book.acknowledged) };
    made = await runCommand("backup", "--data-dir", dir, "--out", out, "--with-keys");
    // And more afterwards, until the log has gone on.
    const { anchors } = manifestOf(out).state;
    for (let latest = 0; latest <= anchors + 1; await sleep(20, undefined, { signal }))
      latest = (await read(targetOf(server), "/anchors?limit=1")).pagination.total;
    working.abort();
    await Promise.all(clients);
    await server.stop("SIGKILL");
  });

  after(async () => {
    await server?.stop();
    removeDirectory(place);
  });

  it("copies while a server records at full load, and says what the copy has", () => {
    expect(made.code, made.errors).to.equal(0);
    expect(made.output).to.match(/deltas.*everything acknowledged before 20.*audited/);
    const { live, state, checked } = manifestOf(out);
    expect({ live, checked }).to.deep.equal({ live: true, checked: "audited" });
    expect(state.deltas).to.be.at.least(known.acknowledged.size);
    expect(state.deltas).to.be.below(book.acknowledged.size);
    expect(state.anchors).to.be.greaterThan(0);
  });

  it("has files for its owner alone, whatever the umask, and a record that is one file", () => {
    expect(statSync(out).mode & 0o777).to.equal(0o700);
    for (const name of readdirSync(out)) expect(statSync(join(out, name)).mode & 0o777, name).to.equal(0o600);
    expect(readdirSync(out).sort()).to.deep.equal([
      ...["api-key", "backup.json", "chain-000001.journal", "keys.json", "lock.db", "record-000001.db"],
    ]);
  });

  it("restored elsewhere, has everything that was acknowledged before the backup, and goes on", async () => {
    await restored("elsewhere", "--nothing-since");
    const second = await startServer(at("elsewhere"));
    try {
      const { failures, lost, doubled } = await examine({ url: second.url, apiKey: apiKeyOf(at("elsewhere")) }, known);
      expect({ failures, lost, doubled }).to.deep.equal({ failures: [], lost: 0, doubled: 0 });
      const target = targetOf(second);
      const { recordId } = await record(target, { customerId: "later", delta: 1, reason: "after the restore" });
      await verified(target, recordId);
      expect(await auditFailures(at("elsewhere"), second.rpcUrl, signal)).to.deep.equal([]);
    } finally {
      await second.stop();
    }
  });

  it("is not begun on where the log has gone on: the server refuses before it records, and says what to do", async () => {
    await restored("behind", "--nothing-since");
    // The chain is the one that everybody sees: it has what was anchored after the backup.
    cpSync(join(dir, "chain.journal"), join(at("behind"), "chain.journal"));
    const { code, errors } = await refusedStart(at("behind"));
    expect(code).to.equal(1);
    expect(errors).to.match(/the log on chain has \d+ anchors and this record \d+.*restore --accept-loss/);
    expect(errors).not.to.match(/\n +at /);
  });

  it("with --accept-loss goes on in a new log, over all that was saved; the old log is never contradicted", async () => {
    const { output } = await restored("accepted", "--accept-loss");
    expect(output).to.match(/opens a new log.*customers may hold receipts/);
    cpSync(join(dir, "chain.journal"), join(at("accepted"), "chain.journal"));
    const second = await startServer(at("accepted"));
    try {
      const { log, contract } = manifestOf(out).place;
      expect(second.log).not.to.equal(log);
      expect(second.contract).to.equal(contract);
      const target = targetOf(second);
      const { failures, lost } = await examine({ url: second.url, apiKey: target.key }, known);
      expect({ failures, lost }).to.deep.equal({ failures: [], lost: 0 });
      // A sequence that the lost part had given out, for something else.
      const { recordId, receiptId } = await record(target, { customerId: "cust_0", delta: 5, reason: "instead" });
      const { verificationReference } = await verified(target, recordId);
      expect(verificationReference).to.match(/^0x/);
      const old = await read(target, `/verify/${oldest(known.acknowledged).receiptId}?source=chain`);
      const now = await read(target, `/verify/${receiptId}?source=chain`);
      for (const { verified, verification } of [old, now])
        expect([verified, verification.log]).to.deep.equal([true, second.log]);
      expect(await auditFailures(at("accepted"), second.rpcUrl, signal)).to.deep.equal([]);
      const db = new Database(join(at("accepted"), "tallyroot.db"), { readonly: true });
      const left = JSON.parse(
        db.prepare<[], string>("SELECT value FROM facts WHERE name = 'log.left.1'").pluck().get()!,
      );
      db.close();
      expect(left).to.include({
        log,
        anchors: manifestOf(out).state.anchors,
        lastRoot: manifestOf(out).state.lastAnchor,
      });
      // The backups of the record go on with it, and not with what it parted from.
      cpSync(out, at("gone-on"), { recursive: true });
      const again = await runCommand("backup", "--data-dir", at("accepted"), "--out", at("gone-on"), "--quick");
      expect(again.code, again.errors).to.equal(0);
      const parted = await runCommand("backup", "--data-dir", dir, "--out", at("gone-on"), "--quick");
      expect([parted.code, parted.errors]).to.satisfy(
        ([code, text]: [number, string]) => code === 10 && /OTHER_RECORD/.test(text),
      );
    } finally {
      await second.stop();
    }
  });

  it("asks whether anything was recorded since, and takes no answer for both", async () => {
    for (const choice of [[], ["--nothing-since", "--accept-loss"]]) {
      const end = await runCommand("restore", "--from", out, "--data-dir", at("undecided"), ...choice);
      expect([end.code, end.output]).to.deep.equal([2, ""]);
      expect(end.errors).to.match(/say which it is/);
    }
    expect(existsSync(at("undecided"))).to.equal(false);
  });

  it("is refused where a file is not the one that was written, whichever, and leaves nothing behind", async () => {
    const files = ["record-000001.db", "chain-000001.journal"];
    for (const file of files) {
      const copy = at(`damaged-${file}`);
      cpSync(out, copy, { recursive: true });
      const path = join(copy, file);
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(path, bytes);
      const flipped = await runCommand("restore", "--from", copy, "--data-dir", at("never"), "--nothing-since");
      truncateSync(path, 100);
      const short = await runCommand("restore", "--from", copy, "--data-dir", at("never"), "--accept-loss");
      expect([flipped.code, short.code]).to.deep.equal([10, 10]);
      expect(flipped.errors).to.match(new RegExp(`FILE_DAMAGED.*${file} has another SHA-256`));
      expect(short.errors).to.match(new RegExp(`FILE_DAMAGED.*${file} has 100 bytes`));
    }
    expect(readdirSync(place).filter((name) => name.startsWith("never"))).to.deep.equal([]);
  });

  it("goes into no directory that has something in it, so into none with a server", async () => {
    mkdirSync(at("full"));
    writeFileSync(join(at("full"), "notes"), "");
    for (const target of [at("full"), dir]) {
      const { code, errors } = await runCommand("restore", "--from", out, "--data-dir", target, "--nothing-since");
      expect(code).to.equal(10);
      expect(errors).to.match(/TARGET_NOT_EMPTY/);
    }
    expect(readdirSync(at("full"))).to.deep.equal(["notes"]);
  });

  it("needs the right keys, and without them says which are missing", async () => {
    const bare = at("bare");
    cpSync(out, bare, { recursive: true, filter: (path) => !/keys\.json|api-key/.test(path) });
    writeFileSync(at("wrong"), `0x${"ab".repeat(32)}\n`);
    const wrong = (name: string) =>
      runCommand(
        ...[
          "restore",
          "--from",
          bare,
          "--data-dir",
          at("keyless"),
          "--nothing-since",
          `--${name}-key-file`,
          at("wrong"),
        ],
      );
    expect((await wrong("master")).errors).to.match(/MASTER_KEY_WRONG/);
    expect((await wrong("publisher")).errors).to.match(/PUBLISHER_KEY_WRONG/);
    const end = await runCommand("restore", "--from", bare, "--data-dir", at("keyless"), "--nothing-since");
    expect(end.code).to.equal(0);
    expect(end.errors).to.match(/no master key.*\n.*no publisher key/);
    const { errors } = await refusedStart(at("keyless"));
    expect(errors).to.match(/the master key is not the one/);
  });

  it("is replaced by the next one only when that is whole: killed at any moment, one of the two is there", async () => {
    const own = at("own");
    const target = at("again");
    cpSync(dir, own, { recursive: true });
    const first = await runCommand("backup", "--data-dir", own, "--out", target);
    expect(first.errors).to.match(/THE MASTER KEY IS NOT IN IT/);
    // At every name that comes into the directory or goes out of it.
    for (const call of ["rename", "unlink"]) {
      let ended: number | null = null;
      for (let times = 1; ended !== 0; times++) {
        expect(times, `${call}s of a backup`).to.be.below(40);
        ended = killedBackup(own, target, `${call}:signal=KILL:when=${times}`);
        const { record, chain } = manifestOf(target);
        for (const { file, bytes } of [record, chain]) expect(statSync(join(target, file)).size, file).to.equal(bytes);
      }
    }
    const last = await runCommand("backup", "--data-dir", own, "--out", target, "--json");
    const { number, live, state } = JSON.parse(last.output);
    expect(live).to.equal(false);
    expect(state.deltas).to.be.at.least(book.acknowledged.size);
    const name = String(number).padStart(6, "0");
    expect(readdirSync(target).filter((file) => !file.startsWith("lock"))).to.deep.equal([
      "backup.json",
      `chain-${name}.journal`,
      `record-${name}.db`,
    ]);
  });

  it("is not made of a damaged record, and the earlier one stays", async () => {
    const own = at("own");
    const earlier = manifestOf(at("again"));
    const db = new Database(join(own, "tallyroot.db"));
    db.exec("DROP TRIGGER deltas_keep_update; UPDATE deltas SET amount = '5' WHERE id = 7");
    db.close();
    const { code, errors } = await runCommand("backup", "--data-dir", own, "--out", at("again"));
    expect(code).to.equal(10);
    expect(errors).to.match(/RECORD_DAMAGED.*BALANCE_WRONG/);
    expect(manifestOf(at("again"))).to.deep.equal(earlier);
    expect(readdirSync(at("again"))).to.include.members([earlier.record.file, earlier.chain.file]);
  });

  it("takes no place of another record's, nor of somebody's files", async () => {
    const other = at("other");
    const second = await startServer(other);
    await record({ url: second.url, key: apiKeyOf(other) }, { customerId: "x", delta: 1, reason: "y" });
    await second.stop();
    const [theirs, files] = await Promise.all([
      runCommand("backup", "--data-dir", other, "--out", out),
      runCommand("backup", "--data-dir", other, "--out", at("full")),
    ]);
    expect([theirs.code, files.code]).to.deep.equal([10, 10]);
    expect(theirs.errors).to.match(/OTHER_RECORD/);
    expect(files.errors).to.match(/TARGET_NOT_EMPTY/);
  });
});
