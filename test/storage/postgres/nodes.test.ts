import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { ledgerAddress } from "#src/core/address.ts";
import { toHex } from "#src/core/bytes.ts";
import { TallyrootError } from "#src/core/errors.ts";
import { freshApiKey } from "#src/ledger/api-keys.ts";
import { checkpointLedger } from "#src/ledger/checkpoint.ts";
import type { Ledger, RecordOutcome, RecordRequest } from "#src/ledger/ports/ledgers.ts";
import { rederiveHead } from "#src/ledger/rederive.ts";
import { openPostgresStore } from "#src/storage/postgres/store.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";
import { deltasOf, MASTER, request } from "#test/storage/record-folder.ts";
import { seeded } from "../../../scripts/survive/random.ts";
import { type OpenNode, openNode } from "./record.ts";

const LEDGERS = ["l0", "l1", "l2", "l3", "l4"];
const WRITERS = 8;
const CALLS = 25;
const KEYS = 80;
/** Longer than anything here takes that does not wait for a lock. */
const AFTERWARDS_MS = 300;

const requestId = (text: string) => createHash("sha256").update(text).digest().subarray(0, 16);

describe("several nodes over one PostgreSQL database", () => {
  const postgres = postgresOfThisFile();
  let database: TestDatabase;
  let nodes: OpenNode[];
  beforeEach(async () => {
    database = await postgres.database();
    nodes = await Promise.all([openNode(database.url), openNode(database.url)]);
  });
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await database.drop();
  });

  const of = (customerId: string, more: Partial<RecordRequest> = {}) => request(nodes[0]!.tenant, customerId, more);
  const ledgerOf = async (customerId: string): Promise<Ledger> => {
    const { store, tenant } = nodes[0]!;
    return (await store.ledger(tenant.id, ledgerAddress(tenant.namespace, customerId)))!;
  };

  it("have one first tenant, whoever made it", () => {
    expect(nodes[1]!.tenant).to.deep.include({ id: nodes[0]!.tenant.id, name: "default" });
    expect(nodes[1]!.tenant.namespace).to.deep.equal(nodes[0]!.tenant.namespace);
  });

  it("know the last of what any of them noted under a name", async () => {
    const [a, b] = nodes.map(({ store }) => store.facts);
    expect(await a!.noted("code")).to.equal(undefined);
    await a!.note("code elsewhere", "another");
    for (let n = 1; n <= 11; n++) {
      await (n % 2 === 0 ? a! : b!).note("code", `note ${n}`);
      expect(await a!.noted("code")).to.equal(`note ${n}`);
    }
  });

  it("whose clocks differ make one key of two rotations without an overlap", async () => {
    const report = (message: string, cause: Error) => {
      throw new Error(message, { cause });
    };
    // As servers open it: what is over is over by the database's clock.
    const store = await openPostgresStore({ url: database.url, master: MASTER, report });
    const fresh = (now: number) => {
      const { record } = freshApiKey({
        scope: "write",
        label: "l",
        mode: "test",
        now,
        ledgerAddress: null,
        expiresAt: null,
      });
      return { ...record, tenantId: nodes[0]!.tenant.id };
    };
    try {
      const old = fresh(Date.now());
      await store.addApiKey(old);
      const rotated = (now: number) =>
        store.addApiKey(fresh(now), { ends: { publicId: old.publicId, expiresAt: now } });
      expect(await rotated(Date.now() + 5_000)).to.equal("added");
      expect(await rotated(Date.now() - 5_000)).to.equal("ended");
      expect((await store.apiKey(old.publicId))!.expiresAt).to.be.at.most(Date.now());
    } finally {
      await store.close();
    }
  });

  it("find nothing by a text that PostgreSQL cannot have", async () => {
    const { store, tenant } = nodes[0]!;
    expect(await store.apiKey("\0")).to.equal(undefined);
    expect(await store.tenantByName("de\0fault")).to.equal(undefined);
    expect(await store.endpoint(tenant.id, "\0")).to.equal(undefined);
  });

  it("record in the same ledgers under the same keys without holes, doubles or wrong balances", async () => {
    /** What is recorded under a key is a function of the key: whoever sends it sends the same. */
    const keyed = (n: number) =>
      of(LEDGERS[n % LEDGERS.length]!, { amount: BigInt(1 + n), requestId: requestId(`key ${n}`) });
    const outcomes: RecordOutcome[] = [];
    const writer = async ({ store }: OpenNode, name: number) => {
      const random = seeded(name);
      for (let call = 0; call < CALLS; call++) {
        const requests = Array.from({ length: random.between(1, 7) }, () =>
          random.chance(1 / 3)
            ? keyed(random.between(0, KEYS))
            : of(random.oneOf(LEDGERS), { amount: BigInt(random.between(-500, 500)) }),
        );
        outcomes.push(...(await store.record(requests, random.chance(1 / 2))));
      }
    };
    await Promise.all(
      nodes.flatMap((node, n) => Array.from({ length: WRITERS }, (_, i) => writer(node, 1 + n * WRITERS + i))),
    );

    const recorded = outcomes.filter(({ kind }) => kind === "recorded");
    expect(outcomes.map(({ kind }) => kind)).not.to.include("refused");
    expect(outcomes.length).to.be.greaterThan(recorded.length);
    let rows = 0;
    const keys = new Map<string, number>();
    for (const customerId of LEDGERS) {
      const ledger = await ledgerOf(customerId);
      const deltas = await nodes[0]!.store.deltas(ledger, 1, 10_000);
      rows += deltas.length;
      expect(deltas.map(({ sequence }) => sequence)).to.deep.equal(deltas.map((_, i) => i + 1));
      let balance = 0n;
      for (const delta of deltas) {
        balance += delta.amount;
        expect(delta.balance).to.equal(balance);
        if (delta.requestId) {
          const key = Buffer.from(delta.requestId).toString("hex");
          keys.set(key, (keys.get(key) ?? 0) + 1);
        }
      }
      const { store, contents } = nodes[1]!;
      const head = await rederiveHead({ store: store as never, contents }, ledger, undefined, deltas.length);
      expect(head.balance).to.equal(balance);
    }
    expect(rows).to.equal(recorded.length);
    expect(new Set(keys.values())).to.deep.equal(new Set([1]));
    expect((await nodes[0]!.store.progress()).recorded).to.equal(rows);
    const period = new Date(nodes[0]!.clock.now).toISOString().slice(0, 7);
    expect(await nodes[1]!.store.recordedIn(nodes[0]!.tenant.id, period)).to.equal(rows);
  });

  it("record one key once, even for two customers at the same moment: the other is told what it was used for", async () => {
    for (let round = 0; round < 20; round++) {
      const id = requestId(`both ${round}`);
      const outcomes = await Promise.all(
        nodes.map(({ store }, n) => store.record([of(`customer ${round} ${n}`, { requestId: id })], false)),
      );
      const kinds = outcomes.map(([outcome]) => outcome!.kind);
      expect(kinds.toSorted()).to.deep.equal(["recorded", "replayed"]);
      const [a, b] = outcomes.map((each) => toHex(deltasOf(each)[0]!.fingerprint));
      expect(a).to.equal(b);
    }
  });

  it("open a customer's ledger once, although both have its first delta", async () => {
    for (let round = 0; round < 20; round++) {
      const both = await Promise.all(nodes.map(({ store }) => store.record([of(`new ${round}`)], false)));
      expect(both.flatMap((outcomes) => deltasOf(outcomes).map(({ sequence }) => sequence)).toSorted()).to.deep.equal([
        1, 2,
      ]);
    }
    expect(await nodes[0]!.store.ledgerCount(nodes[0]!.tenant.id)).to.equal(20);
  });

  it("note a batch under its key once: the other meets a conflict, and nothing of its own is there", async () => {
    const { id } = nodes[0]!.tenant;
    const unit = (n: number) => ({
      request: {
        requestId: requestId("batch"),
        tenantId: id,
        route: "POST batch",
        effect: `${n}`,
        members: "{}",
        createdAt: 1,
      },
    });
    const settled = await Promise.allSettled(nodes.map(({ store }, n) => store.record([of(`b${n}`)], true, unit(n))));
    const failures = settled.flatMap((each) => (each.status === "rejected" ? [each.reason as TallyrootError] : []));
    expect(failures.map(({ code }) => code)).to.deep.equal(["IDEMPOTENCY_CONFLICT"]);
    expect((await nodes[0]!.store.progress()).recorded).to.equal(1);
  });

  it("let a ledger that somebody holds wait by itself, and refuse what waits too long", async () => {
    await nodes[0]!.store.record([of("hot"), of("cold")], false);
    const client = await database.client();
    await client.query("BEGIN");
    await client.query("SELECT * FROM ledger_heads WHERE ledger = $1 FOR UPDATE", [(await ledgerOf("hot")).id]);
    const waiting = nodes.map(({ store }) => store.record([of("hot")], false).catch((error: unknown) => error));
    const began = performance.now();
    for (let i = 0; i < 20; i++) await nodes[i % 2]!.store.record([of("cold"), of(`other ${i}`)], false);
    expect(performance.now() - began, "others do not wait for the lock").to.be.lessThan(3_000);
    const [first] = await Promise.all(waiting);
    expect(first).to.be.instanceOf(TallyrootError).with.property("code", "SERVICE_UNAVAILABLE");
    await client.query("ROLLBACK");
    const [after] = deltasOf(await nodes[1]!.store.record([of("hot")], false));
    expect(after!.sequence).to.equal(2);
  });

  it("count a window that has just ended only when nobody can be writing in it any more", async () => {
    const [{ store, clock }] = nodes as [OpenNode, OpenNode];
    await store.record([of("c")], false);
    const ledger = await ledgerOf("c");
    const end = clock.now + 10;
    const client = await database.client();
    await client.query("BEGIN; LOCK TABLE deltas IN SHARE MODE");
    clock.now = end - 1;
    const late = store.record([of("c")], false);
    await sleep(AFTERWARDS_MS);
    nodes[1]!.clock.now = end;
    let counted: number | undefined;
    const counting = nodes[1]!.store.countBefore(ledger, end).then((count) => {
      counted = count;
    });
    await sleep(AFTERWARDS_MS);
    expect(counted).to.equal(undefined);
    await client.query("COMMIT");
    await Promise.all([late, counting]);
    expect(counted).to.equal(2);
    expect(await nodes[1]!.store.countBefore(ledger, end - 1)).to.equal(1);
  });

  it("count what is being written in a window that is still open: its statement has all that was recorded before it", async () => {
    const [{ store, clock }] = nodes as [OpenNode, OpenNode];
    await store.record([of("c")], false);
    const ledger = await ledgerOf("c");
    const client = await database.client();
    await client.query("BEGIN; LOCK TABLE deltas IN SHARE MODE");
    const late = store.record([of("c")], false);
    await sleep(AFTERWARDS_MS);
    const counting = nodes[1]!.store.countBefore(ledger, clock.now + 1_000_000);
    await sleep(AFTERWARDS_MS);
    await client.query("COMMIT");
    await late;
    expect(await counting).to.equal(2);
  });

  it("record nothing in a window that another has stated, even when the clock goes back", async () => {
    const [a, b] = nodes as [OpenNode, OpenNode];
    const { now } = a.clock;
    const [first] = deltasOf(await a.store.record([of("c")], false));
    await checkpointLedger(b.store, first!.ledger, { from: now - 1_000, to: now + 1_000 }, { now: now + 2_000 });
    a.clock.now = now + 10;
    const [second] = deltasOf(await a.store.record([of("c")], false));
    expect(second!.recordedAt).to.equal(now + 1_000);
  });

  it("keep a quota together, to the last delta", async () => {
    await Promise.all(nodes.map((node) => node.close()));
    const quota = 5;
    nodes = await Promise.all([openNode(database.url, { quota }), openNode(database.url, { quota })]);
    for (let round = 0; round < 20; round++) {
      const tenant = await nodes[0]!.store.addTenant(`tenant ${round}`, 1);
      await nodes[0]!.store.record([request(tenant, "first")], false);
      const calls = Array.from({ length: 4 * quota }, (_, i) =>
        nodes[i % 2]!.store.record([request(tenant, `q${i}`)], false),
      );
      const outcomes = (await Promise.all(calls)).flat();
      expect(outcomes.filter(({ kind }) => kind === "recorded")).to.have.length(quota - 1);
      const refused = outcomes.flatMap((outcome) => (outcome.kind === "refused" ? [outcome.error.code] : []));
      expect(new Set(refused)).to.deep.equal(new Set(["QUOTA_EXCEEDED"]));
    }
  });

  it("seal with a new key from the moment that one of them erased the old one", async () => {
    const [a, b] = nodes as [OpenNode, OpenNode];
    await a.store.record([of("c", { reason: "before" })], false);
    await b.store.record([of("c", { reason: "before" })], false);
    const ledger = await ledgerOf("c");
    expect(await a.store.eraseKeys(a.tenant, ledger, "c", 77)).to.deep.equal({ erasedDeltas: 2, erasedAt: 77 });
    const [after] = deltasOf(await b.store.record([of("c", { reason: "after" })], false));
    expect(after).to.include({ sequence: 3, generation: 2 });
    expect((await a.store.keysOf(ledger.id)).map(({ wrapped }) => wrapped === null)).to.deep.equal([true, false]);
    expect(await b.store.eraseKeys(b.tenant, ledger, "c", 88)).to.deep.equal({ erasedDeltas: 1, erasedAt: 88 });
    expect(await b.store.eraseKeys(b.tenant, ledger, "c", 99)).to.deep.equal({ erasedDeltas: 0, erasedAt: 88 });
  });

  it("tell of a key's use also while it is being written", async () => {
    const { store, tenant } = nodes[0]!;
    const { record: key } = freshApiKey({ scope: "read", label: "used", mode: "test", now: 5 });
    await store.addApiKey({ ...key, tenantId: tenant.id });
    const holder = await database.client();
    await holder.query("BEGIN");
    await holder.query("SELECT 1 FROM api_keys WHERE public_id = $1 FOR UPDATE", [key.publicId]);
    store.noteUse(key.publicId, 77);
    const waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while ((await holder.query(waits)).rows.length === 0) await sleep(20);
    expect((await store.apiKey(key.publicId))!.lastUsedAt).to.equal(77);
    await holder.query("COMMIT");
    const written = "SELECT last_used_at AS at FROM api_keys WHERE public_id = $1";
    while ((await holder.query(written, [key.publicId])).rows[0].at === null) await sleep(20);
    expect((await store.apiKey(key.publicId))!.lastUsedAt).to.equal(77);
  });

  it("know at once of a key that another has revoked, and keep a tenant one admin key between them", async () => {
    const [a, b] = nodes as [OpenNode, OpenNode];
    const keys = ["one", "two"].map((label) => ({
      ...freshApiKey({ scope: "admin", label, mode: "test", now: 5 }).record,
      tenantId: a.tenant.id,
    }));
    for (const key of keys) await a.store.addApiKey(key);
    expect(await b.store.apiKey(keys[0]!.publicId)).to.deep.include({ label: "one", revokedAt: null });
    const revoked = await Promise.all(nodes.map(({ store }, n) => store.revokeApiKey(keys[n]!.publicId, 9)));
    expect(revoked.toSorted()).to.deep.equal(["last", "revoked"]);
    const gone = keys[revoked.indexOf("revoked")]!;
    expect((await b.store.apiKey(gone.publicId))!.revokedAt).to.equal(9);
    expect((await a.store.apiKey(gone.publicId))!.revokedAt).to.equal(9);
  });
});
