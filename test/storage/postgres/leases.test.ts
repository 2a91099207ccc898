import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { collect } from "#src/ledger/collect.ts";
import { openAnchorStore } from "#src/storage/postgres/anchors.ts";
import { openPostgres, type Postgres } from "#src/storage/postgres/database.ts";
import { holdLease, type Lease, LeaseLostError, type Leases, openLeases } from "#src/storage/postgres/leases.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";
import { request } from "#test/storage/record-folder.ts";
import { type OpenNode, openNode } from "./record.ts";

const SHORT_MS = 150;
const LONG_MS = 600_000;

describe("a lease", () => {
  const postgres = postgresOfThisFile();
  let database: TestDatabase;
  let node: OpenNode;
  let db: Postgres;
  let leases: Leases;
  beforeEach(async () => {
    database = await postgres.database();
    node = await openNode(database.url);
    db = openPostgres(database.url, () => undefined);
    leases = openLeases(db);
  });
  afterEach(async () => {
    await db.close();
    await node.close();
    await database.drop();
  });

  it("is one node's, of many that ask at once", async () => {
    const asked = await Promise.all(Array.from({ length: 12 }, (_, i) => leases.take("anchoring", `n${i}`, LONG_MS)));
    expect(asked.filter((lease) => lease !== undefined)).to.have.length(1);
    const other = { name: "something else", token: 1, holder: "n1" };
    expect(await leases.take("something else", "n1", LONG_MS)).to.deep.equal(other);
  });

  it("is another's once it has run out, with a higher token, and cannot be kept any more then", async () => {
    const first = (await leases.take("anchoring", "a", SHORT_MS))!;
    expect(await leases.renew(first, SHORT_MS)).to.equal(true);
    expect(await leases.take("anchoring", "b", SHORT_MS)).to.equal(undefined);
    await sleep(2 * SHORT_MS);
    const second = (await leases.take("anchoring", "b", LONG_MS))!;
    expect(second.token).to.be.greaterThan(first.token);
    expect(await leases.renew(first, LONG_MS)).to.equal(false);
    await leases.leave(first);
    expect(await leases.take("anchoring", "a", LONG_MS), "who has lost it cannot give it away").to.equal(undefined);
    await leases.leave(second);
    expect((await leases.take("anchoring", "a", LONG_MS))!.token).to.be.greaterThan(second.token);
  });

  it("that was left cannot be kept by an answer that came late", async () => {
    const lease = (await leases.take("anchoring", "a", LONG_MS))!;
    await leases.leave(lease);
    expect(await leases.renew(lease, LONG_MS)).to.equal(false);
    expect(await leases.take("anchoring", "b", LONG_MS)).to.include({ name: "anchoring" });
  });

  it("is not kept by who had its token in a history that a failover has lost", async () => {
    const lost = (await leases.take("anchoring", "a", LONG_MS))!;
    const client = await database.client();
    // As the standby has it: nobody had taken it, until another did.
    await client.query("UPDATE leases SET token = 0, holder = 'b', expires_at = '-infinity'");
    const other = (await leases.take("anchoring", "b", LONG_MS))!;
    expect(other.token).to.equal(lost.token);
    expect(await leases.renew(lost, LONG_MS)).to.equal(false);
    await leases.leave(lost);
    const held = await db.transaction((tx) => holdLease(tx, lost)).catch((error: unknown) => error);
    expect(held).to.be.instanceOf(LeaseLostError);
    expect(await leases.renew(other, LONG_MS)).to.equal(true);
  });

  describe("of anchoring", () => {
    const { signal } = new AbortController();
    const anchorsOf = (lease: Lease) => openAnchorStore(db, lease);
    const make = (lease: Lease) =>
      collect({ store: anchorsOf(lease), contents: node.contents, clock: () => node.clock.now, signal });
    const hash = Buffer.alloc(32, 1);
    const mined = { transactionHash: hash, blockNumber: 1, blockHash: hash, blockTime: 1, confirmedAt: 1, gasUsed: 1 };
    const anchor = { root: hash, size: 1, through: 1, throughCheckpoint: 0, createdAt: 1 };

    it("lets a node write nothing that was slow, and lost it without noticing", async () => {
      await node.store.record([request(node.tenant, "c")], false);
      const slow = (await leases.take("anchoring", "slow", SHORT_MS))!;
      const store = anchorsOf(slow);
      expect((await make(slow))!.index).to.equal(1);
      await sleep(2 * SHORT_MS);
      const next = (await leases.take("anchoring", "next", LONG_MS))!;
      await node.store.record([request(node.tenant, "c")], false);
      const leaf = {
        ledgerId: 1,
        count: 2,
        balance: 1n,
        root: hash,
        leaf: hash,
        nodes: Buffer.alloc(0),
        checkpointId: null,
      };
      const writes = await Promise.allSettled([
        store.addLeaves(2, 0, [leaf]),
        store.dropLeavesFrom(1),
        store.prepare({ index: 2, ...anchor }),
        store.addTransaction(1, { attempt: 1, nonce: 1, hash, raw: hash, createdAt: 1 }),
        store.markSent(1),
        store.markConfirmed(1, mined),
        store.markUnconfirmed(1),
      ]);
      for (const write of writes) expect(write.status === "rejected" && write.reason).to.be.instanceOf(LeaseLostError);
      const after = anchorsOf(next);
      expect(await after.anchor(1)).to.include({ state: "prepared" });
      expect(await after.transactions(1)).to.deep.equal([]);
      await after.markConfirmed(1, mined);
      expect((await make(next))!.index).to.equal(2);
    });

    it("makes who would take it over wait for a write that has begun", async () => {
      const first = (await leases.take("anchoring", "first", 1))!;
      await sleep(20);
      const client = await database.client();
      await client.query("BEGIN; LOCK TABLE anchor_leaves IN SHARE MODE");
      const dropping = anchorsOf(first).dropLeavesFrom(1);
      await sleep(SHORT_MS);
      let taken: Lease | undefined;
      const taking = leases.take("anchoring", "second", LONG_MS).then((lease) => {
        taken = lease;
      });
      await sleep(SHORT_MS);
      expect(taken).to.equal(undefined);
      await client.query("ROLLBACK");
      await Promise.all([dropping, taking]);
      expect(taken).to.include({ name: "anchoring" });
    });
  });
});
