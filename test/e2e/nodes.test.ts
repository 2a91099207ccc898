import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { type EmbeddedChain, startEmbeddedChain } from "#src/chain/embedded/start.ts";
import { runCommand } from "#test/cli/command.ts";
import { dataOf, type Members, read, record, send, verified } from "#test/http/call.ts";
import {
  apiKeyOf,
  refusedStart,
  removeDirectory,
  type Server,
  startServer,
  temporaryDirectory,
} from "#test/http/server.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";

const PUBLISHER_KEY = `0x${"17".repeat(32)}` as const;
const MASTER_KEY = `0x${"07".repeat(32)}`;
const AN_HOUR_MS = 3_600_000;
const SHIFTED_CLOCK = import.meta.resolve("../../scripts/survive/disk/shifted-clock.ts");

const postgres = postgresOfThisFile();

/** Looks again and again for some seconds. @returns what was seen last. */
async function until<T>(look: () => Promise<T>, is: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const seen = await look();
    if (is(seen) || tries === 100) return seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe("two nodes over one PostgreSQL database", () => {
  const dirs = [temporaryDirectory(), temporaryDirectory(), temporaryDirectory()];
  let database: TestDatabase;
  let chain: EmbeddedChain;
  let settings: Record<string, string>;
  let nodes: Server[];
  let key: string;
  const target = (n: number) => ({ url: nodes[n]!.url, key });

  before(async () => {
    database = await postgres.database();
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    chain = await startEmbeddedChain({ dir: dirs[2]!, port: 0, host: "127.0.0.1", publisherKey: PUBLISHER_KEY, log });
    settings = {
      TALLYROOT_DATABASE_URL: database.url,
      TALLYROOT_MASTER_KEY: MASTER_KEY,
      TALLYROOT_CHAIN: "rpc",
      TALLYROOT_RPC_URL: chain.rpcUrl,
      TALLYROOT_PUBLISHER_KEY: PUBLISHER_KEY,
      TALLYROOT_CONFIRMATIONS: "1",
    };
    nodes = await Promise.all([startServer(dirs[0]!, settings), startServer(dirs[1]!, settings)]);
    // Whichever came first has it.
    key = apiKeyOf(dirs.find((dir) => existsSync(join(dir, "api-key")))!);
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await chain.stop();
    await database.drop();
    for (const dir of dirs) removeDirectory(dir);
  });

  it("that start together for the first time make one key, one contract and one log", async () => {
    const files = nodes.map(({ contract, log, chainId }) => ({ contract, log, chainId }));
    expect(files[0]).to.deep.equal(files[1]);
    const keys = await Promise.all([0, 1].map((n) => read(target(n), "/keys")));
    const names = keys.map(({ keys: all }) => (all as Members[]).map(({ publicId, label }) => ({ publicId, label })));
    expect(names[0]).to.deep.equal(names[1]);
    expect(names[0]!.filter(({ label }) => label === "made at the first start")).to.have.length(1);
  });

  it("say which of them anchors, and how the chain is that it anchors in", async () => {
    const details = async (n: number) =>
      dataOf(await send(nodes[n]!.url, { path: "/readyz" })).checks as Record<string, { ok: boolean; detail: string }>;
    const ready = await until(
      () => Promise.all([details(0), details(1)]),
      (both) =>
        both.some(({ anchoring }) => anchoring!.detail.startsWith("another node anchors")) &&
        both.some(({ endpoints }) => endpoints!.detail === "1 of 1 answer"),
    );
    const [standby, leader] = ready[0]!.endpoints!.detail === "1 of 1 answer" ? ready.toReversed() : ready;
    expect(standby!.anchoring).to.include({ ok: true });
    expect(standby!.anchoring!.detail).to.contain("another node anchors, and this one takes over");
    expect(standby!.endpoints!.detail).to.equal("not looked at yet");
    expect(leader!.anchoring!.detail).to.contain("the last round ended at");
    expect(leader!.publisher!.detail).to.match(/^it has [\d.]+ ether/);
  });

  it("record in one ledger, and each shows what the other recorded, verified", async () => {
    const made: Members[] = [];
    for (let i = 0; i < 10; i++)
      made.push(await record(target(i % 2), { customerId: "shared", delta: `${i + 1}.5`, reason: "usage" }));
    expect(made.map(({ sequence }) => sequence)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(made.at(-1)!.balanceExact).to.equal("60");
    await verified(target(0), made.at(-1)!.recordId);
    const shown = await read(target(1), `/balance/delta/${made[0]!.recordId}`);
    expect(shown).to.include({ status: "VERIFIED" });
    const receipts = await Promise.all(
      nodes.map(({ url }) => send(url, { path: `/api/v1/receipt/${made[3]!.receiptId}` })),
    );
    expect(receipts[0]!.status).to.equal(200);
    expect(receipts[0]!.text).to.equal(receipts[1]!.text);
  });

  it("answer a repeated request alike, whichever it comes to", async () => {
    const headers = { "Idempotency-Key": "order 7" };
    const body = { customerId: "shared", delta: 7, reason: "order" };
    const [a, b] = await Promise.all([0, 1].map((n) => record(target(n), body, headers)));
    expect(a!.recordId).to.equal(b!.recordId);
    const again = await record(target(1), body, headers);
    expect(again).to.include({ recordId: a!.recordId, idempotent: true });
  });

  it("state a window as of the database's clock: a node whose own is ahead puts no later delta into the future", async () => {
    const dir = temporaryDirectory();
    const shift = join(dir, "clock-shift");
    writeFileSync(shift, String(AN_HOUR_MS));
    const clock = { NODE_OPTIONS: `--import=${SHIFTED_CLOCK}`, CLOCK_SHIFT_FILE: shift };
    const ahead = await startServer(join(dir, "data"), { ...settings, ...clock });
    await record(target(0), { customerId: "stated", delta: 1, reason: "usage" });
    const stated = await send(ahead.url, {
      method: "POST",
      path: "/api/v1/balance/checkpoint",
      key,
      body: { customerId: "stated" },
    });
    const later = await record(target(0), { customerId: "stated", delta: 2, reason: "usage" });
    await ahead.stop();
    removeDirectory(dir);
    const { createdAt, deltasCount } = dataOf(stated);
    expect(deltasCount).to.equal(1);
    // A delta after a statement is never older than that.
    expect(Date.parse(createdAt as string)).to.be.at.most(Date.parse(later.recordedAt as string));
    expect(Date.parse(later.recordedAt as string)).to.be.at.most(Date.now());
  });

  it("forget together what one of them erased", async () => {
    const delta = await record(target(0), { customerId: "gone", delta: 1, reason: "private" });
    await verified(target(0), delta.recordId);
    expect(await read(target(1), `/balance/delta/${delta.recordId}`)).to.include({ reason: "private" });
    const erased = await send(nodes[0]!.url, {
      method: "DELETE",
      path: "/api/v1/balance/customers/gone/content",
      key,
    });
    expect(dataOf(erased)).to.include({ erasedDeltas: 1 });
    for (let tries = 0; tries < 50; tries++) {
      const shown = await send(nodes[1]!.url, { path: `/api/v1/balance/delta/${delta.recordId}`, key });
      if (!shown.text.includes("private")) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect.fail("the other node still shows it after a second");
  });

  it("have no record in their directories: whoever audits one of those is told where it is", async () => {
    const { code, errors } = await runCommand("audit", dirs[0]!);
    expect(code).to.equal(2);
    expect(errors).to.contain("is of a server whose record is in PostgreSQL: give the database's URL");
  });

  it("of which one is started with another master key are not: it is refused", async () => {
    const dir = temporaryDirectory();
    const { code, errors } = await refusedStart(dir, { ...settings, TALLYROOT_MASTER_KEY: `0x${"08".repeat(32)}` });
    expect(code).to.equal(1);
    expect(errors).to.contain("the master key is not the one that this database was made with");
    removeDirectory(dir);
  });

  it("of which the one is killed that anchors: the other takes over, and every index is there once", async () => {
    const client = await database.client();
    const { rows } = await client.query("SELECT holder FROM leases WHERE name = 'anchoring'");
    const leader = nodes.findIndex(({ pid }) => (rows[0].holder as string).endsWith(` ${pid}`));
    expect(leader).to.be.at.least(0);
    await nodes[leader]!.stop("SIGKILL");
    const [survivor] = nodes.splice(leader, 1).length === 1 ? nodes : [];
    const delta = await record({ url: survivor!.url, key }, { customerId: "after", delta: 1, reason: "usage" });
    for (let tries = 0; tries < 400; tries++) {
      const shown = await read({ url: survivor!.url, key }, `/balance/delta/${delta.recordId}`);
      if (shown.status === "VERIFIED") break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await read({ url: survivor!.url, key }, `/balance/delta/${delta.recordId}`)).to.include({
      status: "VERIFIED",
    });
    const { anchors } = await read({ url: survivor!.url, key }, "/anchors?limit=1000");
    const indexes = (anchors as Members[]).map(({ index }) => Number(index));
    expect(indexes.toReversed()).to.deep.equal(indexes.map((_, i) => i + 1));
  }).timeout(90_000);

  it("whose database is put back to an older moment than its log: none is started over it", async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()));
    const client = await database.client();
    const latest = (await client.query("SELECT max(id)::int AS id FROM anchors")).rows[0].id as number;
    expect(latest).to.be.at.least(2);
    await client.query("SET session_replication_role = replica");
    for (const [table, column] of [
      ["anchor_progress", "anchor"],
      ["anchor_transactions", "anchor"],
      ["anchor_leaves", "anchor"],
      ["anchors", "id"],
    ] as const)
      await client.query(`DELETE FROM ${table} WHERE ${column} > $1`, [latest - 2]);
    const deltas = async () => (await client.query("SELECT count(*)::int AS n FROM deltas")).rows[0].n;
    const before = await deltas();
    const { code, errors } = await refusedStart(dirs[0]!, settings);
    expect(code).to.equal(1);
    expect(errors).to.match(/the log on chain has \d+ anchors and this record \d+: it is an older copy/);
    expect(errors).to.contain("recover the database").and.not.to.contain("restore --accept-loss");
    expect(await deltas()).to.equal(before);
  });
});
