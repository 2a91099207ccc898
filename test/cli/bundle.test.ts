import { cpSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { importDirectory } from "#src/bundle/data-directory.ts";
import { exportBundle } from "#src/bundle/export.ts";
import { readKey } from "#src/bundle/keys.ts";
import { BundleRefusedError } from "#src/bundle/refused.ts";
import { fromHex } from "#src/core/bytes.ts";
import { databaseFile } from "#src/storage/sqlite/database.ts";
import { dataOf, type Members, read, record, send, verified } from "#test/http/call.ts";
import {
  apiKeyOf,
  refusedStart,
  removeDirectory,
  type Server,
  startServer,
  temporaryDirectory,
} from "#test/http/server.ts";
import { runCommand } from "./command.ts";

/** A record that moves: exported while its server runs, and imported elsewhere, where another server goes on with it. */

const CUSTOMERS = ["alice", "bob", "carol", "dave"];

/** The name under which callers know the server: links in its answers begin with it, wherever it runs. */
const SETTINGS = { TALLYROOT_PUBLIC_URL: "https://ledger.example.org" };

type Caller = { url: string; key: string };

async function call(caller: Caller, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const reply = await send(caller.url, { path: `/api/v1${path}`, key: caller.key, body, headers });
  expect(reply.status, `${path}: ${reply.text}`).to.be.within(200, 201);
  return dataOf(reply);
}

async function text(url: string, path: string, key?: string): Promise<string> {
  const reply = await send(url, { path: `/api/v1${path}`, key });
  expect(reply.status, `${path}: ${reply.text}`).to.equal(200);
  return reply.text;
}

/** Every file of a directory by name. */
function filesOf(dir: string): Record<string, Buffer> {
  return Object.fromEntries(
    readdirSync(dir)
      .filter((name) => name !== "lock.db")
      .map((name) => [name, readFileSync(join(dir, name))]),
  );
}

describe("export and import", () => {
  const [dir, place] = [temporaryDirectory(), temporaryDirectory()];
  const bundle = join(place, "bundle");
  const early = join(place, "early");
  const moved = join(place, "moved");
  const inSteps = join(place, "in-steps");
  const deltas: Members[] = [];
  const keyFiles = ["--master-key-file", join(dir, "master-key"), "--publisher-key-file", join(dir, "publisher-key")];
  const posts = {
    single: { body: { customerId: "alice", delta: "12.5", reason: "usage" }, headers: { "Idempotency-Key": "single" } },
    batch: {
      body: { deltas: CUSTOMERS.map((customerId, i) => ({ customerId, delta: -1 - i, reason: "batch" })) },
      headers: { "Idempotency-Key": "batch" },
    },
    month: { body: { customerId: "alice" }, headers: { "Idempotency-Key": "month" } },
  };
  let server: Server;
  let operator: Caller;
  let acme: Caller;
  let reader: Caller;
  let single: Members;
  let batch: Members;
  let month: Members;
  let wrappedOfCarol: Buffer;
  let before_: Record<string, string>;

  /** What a caller sees that must be the same wherever the record is. */
  async function seen(url: string): Promise<Record<string, string>> {
    const { key } = operator;
    const paths = [
      ...CUSTOMERS.map((id) => `/balance/derive/${id}?limit=1000`),
      ...["/balance/customers", "/balance/checkpoints", "/balance/usage", "/anchors?limit=1000", "/tenants", "/keys"],
      ...deltas.flatMap(({ receiptId, recordId, customerId }) => [
        `/receipt/${receiptId}`,
        `/balance/delta/${recordId}`,
        ...(customerId === "bob" || customerId === "carol" ? [] : [`/balance/receipts/${receiptId}`]),
      ]),
      `/receipt/${month.proofRoot}`,
    ];
    // When a key was last used changes with each look at it, and how deep an anchor is with the chain.
    const still = (answer: string) =>
      answer.replaceAll(/"lastUsedAt":(?:null|"[^"]*")|"confirmations":(?:null|\d+)/g, "");
    const answers = await Promise.all(paths.map(async (path) => [path, still(await text(url, path, key))] as const));
    const theirs = await text(url, "/balance/derive/alice", acme.key);
    return Object.fromEntries([...answers, ["of acme", theirs]]);
  }

  /** The anchors without how deep they are. */
  async function anchorsNow(): Promise<Members[]> {
    const { anchors } = await read(operator, "/anchors?limit=1000");
    return (anchors as Members[]).map(({ confirmations: _, ...anchor }) => anchor);
  }

  const allVerified = () => Promise.all(deltas.map(({ recordId }) => verified(operator, recordId)));
  const anchored = (proofRoot: string) => verifiedAt(() => send(server.url, { path: `/api/v1/receipt/${proofRoot}` }));
  const erase = async (id: string) =>
    expect(
      (await send(server.url, { method: "DELETE", path: `/api/v1/balance/customers/${id}/content`, key: operator.key }))
        .status,
    ).to.equal(200);

  async function verifiedAt(look: () => Promise<{ status: number }>): Promise<void> {
    for (let tries = 0; (await look()).status !== 200; tries++) {
      expect(tries, "looks for a receipt").to.be.below(500);
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  before(async () => {
    server = await startServer(dir, SETTINGS);
    operator = { url: server.url, key: apiKeyOf(dir) };
    acme = { url: server.url, key: (await call(operator, "/tenants", { name: "acme" })).apiKey };
    reader = { url: server.url, key: (await call(operator, "/keys", { scope: "read", label: "the books" })).apiKey };
    single = await record(operator, posts.single.body, posts.single.headers);
    deltas.push(single);
    for (const customerId of CUSTOMERS)
      deltas.push(await record(operator, { customerId, delta: 100, reason: "deposit", metadata: { customerId } }));
    await record(acme, { customerId: "alice", delta: 7, reason: "another alice" });
    batch = await call(operator, "/balance/delta/batch", posts.batch.body, posts.batch.headers);
    await erase("bob");
    deltas.push(await record(operator, { customerId: "bob", delta: 3, reason: "after erasing" }));
    month = await call(operator, "/balance/checkpoint", posts.month.body, posts.month.headers);
    await call(operator, "/balance/checkpoint", {});
    const hook = { url: "http://127.0.0.1:9/hook", events: ["anchor.confirmed"] };
    await send(server.url, { path: "/api/v1/webhooks", key: operator.key, body: hook });
    await allVerified();
    const db = new Database(databaseFile(dir), { readonly: true });
    const { ledgerIdentifier } = deltas.find(({ customerId }) => customerId === "carol")!;
    wrappedOfCarol = db
      .prepare<[Uint8Array], Buffer>(
        "SELECT wrapped FROM ledger_keys WHERE ledger = (SELECT id FROM ledgers WHERE address = ?)",
      )
      .pluck()
      .get(fromHex(ledgerIdentifier.toLowerCase(), 20))!;
    db.close();

    // The first export, while others record and anchors are on their way.
    let exporting = true;
    const busy = (async () => {
      for (let i = 0; exporting; i++)
        deltas.push(await record(operator, { customerId: "dave", delta: 1 + i, reason: "meanwhile" }));
    })();
    const first = await runCommand("export", "--data-dir", dir, "--out", bundle);
    exporting = false;
    await busy;
    expect(first.errors).to.equal("");
    expect(first.code).to.equal(0);
    cpSync(bundle, early, { recursive: true });

    // More of everything, one more erased, and the rest of it.
    await erase("carol");
    deltas.push(await record(operator, { customerId: "erin", delta: 1, reason: "a new ledger" }));
    deltas.push(await record(operator, { customerId: "alice", delta: "-0.25", reason: "later" }));
    await call(operator, "/balance/checkpoint", { customerId: "erin" });
    await allVerified();
    await anchored(month.proofRoot);
    before_ = await seen(server.url);
    await server.stop();
    const second = await runCommand("export", "--data-dir", dir, "--out", bundle, "--json");
    expect(second.errors).to.equal("");
    expect(JSON.parse(second.output).added).to.include({ number: 2 });
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
    removeDirectory(place);
  });

  it("a second export adds a segment and changes no file of the first but the state", () => {
    const [old, now] = [filesOf(early), filesOf(bundle)];
    const kept = Object.keys(old).filter((name) => !/state|manifest/.test(name));
    expect(kept).to.deep.equal(["000001.chain.ndjson", "000001.record.ndjson"]);
    for (const name of kept) expect(now[name]!.equals(old[name]!), name).to.equal(true);
    expect(Object.keys(now)).to.deep.equal([
      ...["000001.chain.ndjson", "000001.record.ndjson", "000002.chain.ndjson", "000002.record.ndjson"],
      ...["000002.state.ndjson", "manifest.json"],
    ]);
  });

  it("a destroyed key is in no file of the bundle after the next export", () => {
    const hex = Buffer.from(wrappedOfCarol.toString("hex"));
    const having = (where: string) =>
      Object.entries(filesOf(where)).flatMap(([name, bytes]) => (bytes.includes(hex) ? [name] : []));
    expect(having(early)).to.deep.equal(["000001.state.ndjson"]);
    expect(having(bundle)).to.deep.equal([]);
  });

  it("nothing of it is in the clear that is sealed in the database, nor is a key, and only the owner reads it", () => {
    const secrets = [
      ...["alice", "deposit", "meanwhile", "the books", "127.0.0.1:9", "single"],
      ...[readFileSync(join(dir, "master-key"), "utf8"), readFileSync(join(dir, "publisher-key"), "utf8")].map((key) =>
        key.trim().slice(2),
      ),
      operator.key.split(".")[1]!,
    ];
    const bytes = Buffer.concat(Object.values(filesOf(bundle)));
    expect(secrets.filter((secret) => bytes.includes(secret))).to.deep.equal([]);
    const modes = [bundle, ...Object.keys(filesOf(bundle)).map((name) => join(bundle, name))].map(
      (path) => statSync(path).mode & 0o077,
    );
    expect(new Set(modes)).to.deep.equal(new Set([0]));
  });

  it("an import without keys says which are missing; a server does not start on it with another", async () => {
    const bare = join(place, "bare");
    const { code, errors } = await runCommand("import", bundle, "--data-dir", bare);
    expect([code, errors.match(/no (\w+) key/g)]).to.deep.equal([0, ["no master key", "no publisher key"]]);
    const { errors: refused } = await refusedStart(bare, { TALLYROOT_MASTER_KEY: `0x${"11".repeat(32)}` });
    expect(refused).to.include("the master key is not the one that this data directory was made with");
  });

  it("a wrong key is refused by its name, and nothing is left behind", async () => {
    const given = { master: readKey(join(dir, "master-key")), publisher: readKey(join(dir, "publisher-key")) };
    for (const [keys, name] of [
      [{ master: given.publisher }, "MASTER_KEY_WRONG"],
      [{ publisher: given.master }, "PUBLISHER_KEY_WRONG"],
    ] as const) {
      const importing = () => importDirectory({ bundle, dataDir: join(place, "refused"), given: keys });
      expect(importing).to.throw(BundleRefusedError).with.property("code", name);
      expect(readdirSync(place).filter((entry) => entry.startsWith("refused"))).to.deep.equal([]);
    }
  });

  it("a later bundle on top of an earlier import makes what the later one alone makes", async () => {
    importDirectory({ bundle: early, dataDir: inSteps, given: {} });
    expect(importDirectory({ bundle, dataDir: inSteps, given: {} }).before).to.equal(1);
    const imported = await runCommand("import", bundle, "--data-dir", moved, ...keyFiles);
    expect([imported.errors, imported.code]).to.deep.equal(["", 0]);
    expect(importDirectory({ bundle, dataDir: moved, given: {} }).before).to.equal(2);

    const copies = [dir, inSteps, moved].map((from, i) => [from, join(place, `copy-${i}`)] as const);
    for (const [from, to] of copies) exportBundle({ dataDir: from, bundle: to, keys: false });
    const [original, ...others] = copies.map(([, to]) => filesOf(to));
    for (const other of others) expect(other).to.deep.equal(original);
    expect(readFileSync(join(moved, "chain.journal")).equals(readFileSync(join(dir, "chain.journal")))).to.equal(true);
  });

  it("what was exported while anchors were on their way is anchored to its end elsewhere", async () => {
    const dataDir = join(place, "from-early");
    importDirectory({ bundle: early, dataDir, given: { master: readKey(join(dir, "master-key")) } });
    cpSync(join(dir, "publisher-key"), join(dataDir, "publisher-key"));
    const elsewhere = await startServer(dataDir, SETTINGS);
    const target = { url: elsewhere.url, key: operator.key };
    const [first] = (await read(target, "/balance/derive/dave?limit=1000")).deltas.slice(-1);
    await verified(target, first.recordId);
    const next = await record(target, { customerId: "dave", delta: 1, reason: "elsewhere" });
    await verified(target, next.recordId);
    await elsewhere.stop();
    expect(elsewhere.errors()).to.equal("");
  });

  it("with its keys, when that is asked for, is all that an import needs", () => {
    const [whole, dataDir] = [join(place, "whole"), join(place, "from-whole")];
    exportBundle({ dataDir: dir, bundle: whole, keys: true });
    expect(statSync(join(whole, "keys.json")).mode & 0o777).to.equal(0o600);
    expect(importDirectory({ bundle: whole, dataDir, given: {} }).keys).to.deep.equal({
      master: true,
      publisher: true,
    });
    for (const name of ["master-key", "publisher-key"]) {
      expect(readFileSync(join(dataDir, name), "utf8")).to.equal(readFileSync(join(dir, name), "utf8"));
      expect(statSync(join(dataDir, name)).mode & 0o777).to.equal(0o600);
    }
  });

  describe("a server on the imported directory", () => {
    before(async () => {
      server = await startServer(moved, SETTINGS);
      for (const caller of [operator, acme, reader]) caller.url = server.url;
    });

    it("answers with the same receipts, balances, checkpoints, anchors and keys, byte for byte", async () => {
      expect(existsSync(join(moved, "api-key"))).to.equal(false);
      const now = await seen(server.url);
      for (const [path, answer] of Object.entries(before_)) expect(now[path], path).to.equal(answer);
    });

    it("has a chain that agrees with the receipts", async () => {
      const { verified: agreed, message } = await read(operator, `/verify/${single.receiptId}?source=chain`);
      expect(agreed, message).to.equal(true);
    });

    it("knows API keys and their scopes", async () => {
      expect((await read(reader, "/balance/customers")).customers).to.have.length.above(2);
      const { status } = await send(server.url, {
        path: "/api/v1/balance/delta",
        key: reader.key,
        body: posts.single.body,
      });
      expect(status).to.equal(403);
    });

    it("answers repeated requests with what they did before the move", async () => {
      const repeated = await record(operator, posts.single.body, posts.single.headers);
      expect(repeated).to.include({ receiptId: single.receiptId, idempotent: true });
      const { results } = await call(operator, "/balance/delta/batch", posts.batch.body, posts.batch.headers);
      const ids = (list: Members[]) => list.map(({ receiptId }) => receiptId);
      expect(ids(results)).to.deep.equal(ids(batch.results));
      const { proofRoot } = await call(operator, "/balance/checkpoint", posts.month.body, posts.month.headers);
      expect(proofRoot).to.equal(month.proofRoot);
    });

    it("keeps what was erased erased", async () => {
      const { status } = await send(server.url, {
        path: `/api/v1/balance/receipts/${deltas.find(({ customerId }) => customerId === "carol")!.receiptId}`,
        key: operator.key,
      });
      expect(status).to.equal(410);
    });

    it("goes on recording and anchoring where the other one ended", async () => {
      const anchors = await anchorsNow();
      const next = await record(operator, { customerId: "alice", delta: 1, reason: "elsewhere" });
      const earlier = JSON.parse(before_["/balance/derive/alice?limit=1000"]!).data;
      expect(next).to.include({ sequence: earlier.deltasCount + 1, ledgerIdentifier: earlier.ledgerIdentifier });
      await verified(operator, next.recordId);
      const more = await anchorsNow();
      expect(more.at(0)!.index).to.be.above(anchors.at(0)!.index);
      expect(more.slice(-anchors.length)).to.deep.equal(anchors);
      expect(await text(server.url, `/receipt/${single.receiptId}`)).to.equal(before_[`/receipt/${single.receiptId}`]);
    });

    it("keeps a later bundle out: its record is its own now", async () => {
      expect(() => importDirectory({ bundle, dataDir: moved, given: {} })).to.throw("another process is running on");
      await server.stop();
      const { code, errors } = await runCommand("import", bundle, "--data-dir", moved);
      expect(code).to.equal(10);
      expect(errors).to.include("TARGET_DIVERGED");
    });
  });
});
