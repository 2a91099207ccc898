import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import Database from "better-sqlite3";
import { expect } from "chai";
import { StorageRefusedError } from "#src/storage/refused.ts";
import { databaseFile, openDatabase } from "#src/storage/sqlite/database.ts";
import { MIGRATIONS } from "#src/storage/sqlite/schema.ts";
import { runCommand } from "#test/cli/command.ts";
import { type Members, read, record, send, verified } from "#test/http/call.ts";
import {
  apiKeyOf,
  refusedStart,
  removeDirectory,
  type Server,
  startServer,
  temporaryDirectory,
} from "#test/http/server.ts";

const FIXTURES = join(import.meta.dirname, "../golden/databases");
const KEYS = ["master-key", "publisher-key", "api-key"];
const CAN_BE_BROUGHT_ON = [2, 4, 5];

type Expectation = {
  posts: {
    customerId: string;
    tenant: string;
    idempotencyKey: string;
    body: Members;
    delta: Members;
    receipt: Members;
  }[];
  checkpoints: { proofRoot: string; receipt: Members }[];
  anchors: Members[];
  secondKey: string | null;
};

/** A data directory as the server of that time left it. */
function unpack(version: number, dir: string): Expectation {
  const from = join(FIXTURES, String(version));
  mkdirSync(dir, { mode: 0o700 });
  for (const name of ["tallyroot.db", "chain.journal"])
    writeFileSync(join(dir, name), gunzipSync(readFileSync(join(from, `${name}.gz`))), { mode: 0o600 });
  for (const name of KEYS) copyFileSync(join(from, name), join(dir, name));
  return JSON.parse(readFileSync(join(from, "expected.json"), "utf8")) as Expectation;
}

function inspect<T>(dir: string, look: (db: Database.Database) => T): T {
  const db = new Database(databaseFile(dir), { readonly: true });
  try {
    return look(db);
  } finally {
    db.close();
  }
}

const schemaOf = (dir: string) => inspect(dir, (db) => db.pragma("user_version", { simple: true }) as number);
const rowsOf = (dir: string) => inspect(dir, (db) => db.prepare("SELECT * FROM deltas ORDER BY id").all());

describe("a data directory that an earlier version left", () => {
  const place = temporaryDirectory();
  after(() => removeDirectory(place));

  it("is there for every schema that a program left behind, the present one included", () => {
    const folders = readdirSync(FIXTURES).filter((name) => /^[0-9]+$/.test(name));
    expect(folders.map(Number).sort()).to.deep.equal([1, ...CAN_BE_BROUGHT_ON]);
    expect(CAN_BE_BROUGHT_ON.at(-1)).to.equal(MIGRATIONS.length);
  });

  for (const version of CAN_BE_BROUGHT_ON) {
    describe(`with schema ${version}`, () => {
      const dir = join(place, `schema-${version}`);
      let expected: Expectation;
      let server: Server;
      let keys: Readonly<Record<string, string>>;
      let schemaBefore: number;
      const targetOf = (tenant: string) => ({ url: server.url, key: keys[tenant]! });

      before(async () => {
        expected = unpack(version, dir);
        schemaBefore = schemaOf(dir);
        server = await startServer(dir);
        keys = { default: apiKeyOf(dir), acme: expected.secondKey! };
      });
      after(async () => void (await server?.stop()));

      it("is brought to the newest schema when the server starts", () => {
        expect(schemaBefore).to.equal(version);
        expect(schemaOf(dir)).to.equal(MIGRATIONS.length);
      });

      it("answers every delta as it was answered then, to the tenant that it belongs to and no other", async () => {
        expect(expected.posts.length).to.be.greaterThan(8);
        for (const { tenant, delta } of expected.posts) {
          const path = `/balance/delta/${delta.recordId}`;
          expect(await read(targetOf(tenant), path), delta.recordId).to.deep.include(delta);
          const other = tenant === "default" ? "acme" : "default";
          const { status } = await send(server.url, { path: `/api/v1${path}`, key: keys[other]! });
          expect(status).to.equal(404);
        }
      });

      it("hands out every receipt byte for byte as its holder has it, and the chain still says yes to it", async () => {
        for (const { tenant, delta, receipt } of expected.posts) {
          const open = receipt.content !== undefined;
          const reply = await send(server.url, {
            path: open ? `/api/v1/balance/receipts/${delta.receiptId}` : `/api/v1/receipt/${delta.receiptId}`,
            key: keys[tenant]!,
          });
          const answer = JSON.parse(reply.text) as Members;
          expect(JSON.stringify(answer.data ?? answer)).to.equal(JSON.stringify(receipt));
        }
        for (const { proofRoot, receipt } of expected.checkpoints) {
          const { text } = await send(server.url, { path: `/api/v1/receipt/${proofRoot}` });
          expect(JSON.parse(text)).to.deep.equal(receipt);
        }
        const file = join(place, `receipt-${version}.json`);
        writeFileSync(file, JSON.stringify(expected.posts[0]!.receipt));
        const end = await runCommand("verify", file, "--rpc", server.rpcUrl);
        expect(end.code, end.output + end.errors).to.equal(0);
      });

      it("keeps its anchors, its checkpoint and what was erased", async () => {
        const { anchors } = await read(targetOf("default"), "/anchors?limit=100");
        const found = new Map((anchors as Members[]).map((anchor) => [anchor.index, anchor]));
        for (const anchor of expected.anchors) expect(found.get(anchor.index)).to.deep.include(anchor);
        const erased = expected.posts.find(({ customerId }) => customerId === "carol")!;
        const { status } = await send(server.url, {
          path: `/api/v1/balance/receipts/${erased.delta.receiptId}`,
          key: keys.default!,
        });
        expect(status).to.equal(410);
        const { checkpoints } = await read(targetOf("default"), "/balance/checkpoints");
        expect((checkpoints as Members[]).map(({ proofRoot }) => proofRoot)).to.deep.equal(
          expected.checkpoints.map(({ proofRoot }) => proofRoot),
        );
      });

      it("answers a request that was sent again with the first answer, and records what is new behind the old", async () => {
        const first = expected.posts[0]!;
        const again = await record(targetOf(first.tenant), first.body, { "Idempotency-Key": first.idempotencyKey });
        expect(again).to.include({ receiptId: first.delta.receiptId, idempotent: true });
        const body = { customerId: "alice", delta: "2.5", reason: "after the upgrade" };
        const own = expected.posts.filter(({ customerId, tenant }) => customerId === "alice" && tenant === "default");
        const added = await record(targetOf("default"), body);
        expect(added.sequence).to.equal(own.length + 1);
        await verified(targetOf("default"), added.recordId);
      });

      it("is clean in an audit with the chain, which counts the rows that have no digest", async () => {
        const { output } = await runCommand("audit", dir, "--rpc", server.rpcUrl, "--json");
        const { clean, chain, checked } = JSON.parse(output);
        expect({ clean, outcome: chain.outcome }, output).to.deep.equal({ clean: true, outcome: "asked" });
        if (version < 3) expect(checked.withoutDigest).to.be.greaterThan(expected.posts.length);
        else expect(checked.withoutDigest).to.equal(0);
      });
    });
  }

  it("is refused by name where its schema is none that can be brought on, and nothing about it is changed", async () => {
    const dir = join(place, "first");
    unpack(1, dir);
    const before = rowsOf(dir);
    const { code, errors } = await refusedStart(dir);
    expect(code).to.equal(1);
    expect(errors).to.match(/^tallyroot: the database says that it has schema 1, but cannot be brought to schema 4/);
    expect(errors).to.match(/nothing was changed; run the version that wrote it\n$/);
    expect(schemaOf(dir)).to.equal(1);
    expect(rowsOf(dir)).to.deep.equal(before);
  });

  it("of a newer version is refused by name, and not touched", async () => {
    const dir = join(place, "newer");
    unpack(MIGRATIONS.length, dir);
    const db = new Database(databaseFile(dir));
    db.pragma(`user_version = ${MIGRATIONS.length + 1}`);
    db.close();
    const before = rowsOf(dir);
    const { code, errors } = await refusedStart(dir);
    expect(code).to.equal(1);
    expect(errors).to.match(/the database has schema 6, this version knows 5: run a newer version\n$/);
    expect([schemaOf(dir), rowsOf(dir)]).to.deep.equal([MIGRATIONS.length + 1, before]);
  });

  it("that is killed at any write of its migration has the old schema or the new one, and is brought on by the next start", () => {
    const dir = join(place, "killed");
    const schemas = new Set<number>();
    const rows = new Set<string>();
    // Every write in turn would take minutes; steps of an odd number meet other writes of each page group.
    for (let write = 1; ; write += 9) {
      rmSync(dir, { recursive: true, force: true });
      unpack(2, dir);
      const inject = ["-e", "trace=pwrite64", "-e", `inject=pwrite64:signal=KILL:when=${write}`];
      const opener = [process.execPath, join(import.meta.dirname, "opener.ts"), databaseFile(dir)];
      const { stdout } = spawnSync("strace", ["-qq", "-o", "/dev/null", ...inject, ...opener], { encoding: "utf8" });
      schemas.add(schemaAfterCrash(dir));
      openDatabase(databaseFile(dir)).close();
      expect(schemaOf(dir)).to.equal(MIGRATIONS.length);
      rows.add(JSON.stringify(inspect(dir, (db) => db.prepare("SELECT id, fingerprint, sealed FROM deltas").all())));
      if (stdout.includes("opened")) break;
      expect(write, "writes of a migration").to.be.below(500);
    }
    expect([...schemas].sort()).to.deep.equal([2, MIGRATIONS.length]);
    expect(rows.size).to.equal(1);
  });

  /** What the next connection finds, before it changes anything. */
  function schemaAfterCrash(dir: string): number {
    const db = new Database(databaseFile(dir));
    try {
      return db.pragma("user_version", { simple: true }) as number;
    } finally {
      db.close();
    }
  }

  it("whose migration finds the disk full is as it was", () => {
    const dir = join(place, "full");
    unpack(2, dir);
    const inject = ["-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC:when=20+"];
    const opener = [process.execPath, join(import.meta.dirname, "opener.ts"), databaseFile(dir)];
    const { status } = spawnSync("strace", ["-qq", "-o", "/dev/null", ...inject, ...opener], { encoding: "utf8" });
    expect(status).to.equal(1);
    expect(schemaAfterCrash(dir)).to.equal(2);
    expect(existsSync(databaseFile(dir))).to.equal(true);
    expect(() => openDatabase(databaseFile(dir)).close()).not.to.throw(StorageRefusedError);
    expect(schemaOf(dir)).to.equal(MIGRATIONS.length);
  });
});
