import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { ledgerAddress } from "#src/core/address.ts";
import { TallyrootError } from "#src/core/errors.ts";
import { postgresOfThisFile, startServer, type TestDatabase } from "#test/ports/postgres-server.ts";
import { deltasOf, request } from "#test/storage/record-folder.ts";
import { type OpenNode, openNode } from "./record.ts";
import { COMMIT, startWire, type Wire } from "./wire.ts";

describe("a connection to PostgreSQL that breaks", () => {
  const postgres = postgresOfThisFile();
  let database: TestDatabase;
  let wire: Wire;
  let node: OpenNode;
  beforeEach(async () => {
    database = await postgres.database();
    wire = await startWire(database.url);
    node = await openNode(wire.url);
  });
  afterEach(async () => {
    wire.onPacket = () => "pass";
    await node.close();
    await wire.close();
    await database.drop();
  });

  const record = async (customerId = "c") =>
    deltasOf(await node.store.record([request(node.tenant, customerId)], false))[0]!.sequence;
  const rows = async () => {
    const { store, tenant } = node;
    const ledger = await store.ledger(tenant.id, ledgerAddress(tenant.namespace, "c"));
    return ledger ? (await store.deltas(ledger, 1, 100)).map(({ sequence }) => sequence) : [];
  };
  /** Cuts the next packets that hold a text, so many of them. */
  const next = (times: number, text: string, fate: "lose" | "pass and cut") => {
    let left = times;
    wire.onPacket = (packet) => {
      if (left === 0 || !packet.includes(text)) return "pass";
      left -= 1;
      return fate;
    };
    return () => left;
  };

  it("after a commit was heard: its outcome is asked for, and what was recorded is recorded once", async () => {
    expect(await record()).to.equal(1);
    const left = next(1, COMMIT, "pass and cut");
    expect(await record()).to.equal(2);
    expect(left()).to.equal(0);
    expect(await record()).to.equal(3);
    expect(await rows()).to.deep.equal([1, 2, 3]);
  });

  it("before a commit was heard: it is recorded again, and is there once", async () => {
    const left = next(1, COMMIT, "lose");
    expect(await record()).to.equal(1);
    expect(left()).to.equal(0);
    expect(await rows()).to.deep.equal([1]);
  });

  it("each time before a commit was heard: it is refused, with nothing of it there", async () => {
    const left = next(3, COMMIT, "lose");
    const refused = await record().catch((error: unknown) => error);
    expect(left()).to.equal(0);
    expect(refused).to.be.instanceOf(TallyrootError).with.property("code", "SERVICE_UNAVAILABLE");
    expect((refused as TallyrootError).facts).not.to.have.property("outcome");
    expect(await rows()).to.deep.equal([]);
    expect(await record()).to.equal(1);
  });

  it("while ledgers are locked and nothing is written: nothing is left half, and it is recorded once", async () => {
    await record();
    const client = await database.client();
    await client.query("BEGIN; LOCK TABLE deltas IN SHARE MODE");
    const recording = record();
    let killed = 0;
    for (let tries = 0; killed === 0 && tries < 50; tries++) {
      await sleep(20);
      const { rows: ended } = await client.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      killed = ended.length;
    }
    expect(killed).to.equal(1);
    await client.query("COMMIT");
    expect(await recording).to.equal(2);
    expect(await rows()).to.deep.equal([1, 2]);
  });

  it("because a newer node has changed a table: the next who reads or writes it does not notice", async () => {
    const add = (id: string) =>
      node.store.addEndpoint(
        {
          id,
          tenantId: node.tenant.id,
          url: "https://example.com/",
          description: null,
          events: [],
          secret: "whsec_AAAA",
          createdAt: 1,
        },
        9,
      );
    const ids = async () => (await node.store.endpoints(node.tenant.id)).map(({ id }) => id);
    expect([await add("whk_1"), await ids()]).to.deep.equal(["added", ["whk_1"]]);
    const client = await database.client();
    await client.query("ALTER TABLE webhook_endpoints ADD COLUMN more text");
    expect([await add("whk_2"), await ids()]).to.deep.equal(["added", ["whk_1", "whk_2"]]);
  });

  it("while nobody uses it: the next who reads or records does not notice", async () => {
    await record();
    await node.store.tenantByName("default");
    const client = await database.client();
    const { rows: ended } = await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    expect(ended).to.have.length.of.at.least(2);
    expect((await node.store.tenantByName("default"))?.id).to.equal(node.tenant.id);
    expect(await record()).to.equal(2);
    await sleep(50);
    expect(node.reported).to.include("a connection to the database was lost");
  });
});

describe("a PostgreSQL that is away", () => {
  it("is answered 503, and used again once it is back", async function () {
    this.timeout(60_000);
    const server = await startServer();
    const database = await server.database();
    const node = await openNode(database.url);
    await node.store.record([request(node.tenant, "c")], false);
    await server.halt();
    const calls = [
      node.store.record([request(node.tenant, "c")], false),
      node.store.tenantByName("default"),
      node.store.progress(),
    ];
    for (const settled of await Promise.allSettled(calls)) {
      const refused: unknown = settled.status === "rejected" ? settled.reason : settled.value;
      expect(refused).to.be.instanceOf(TallyrootError).with.property("code", "SERVICE_UNAVAILABLE");
    }
    await server.resume();
    const [delta] = deltasOf(await node.store.record([request(node.tenant, "c")], false));
    expect(delta!.sequence).to.equal(2);
    await node.close();
    await server.stop();
  });
});
