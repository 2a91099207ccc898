import { expect } from "chai";
import { collect } from "#src/ledger/collect.ts";
import type { AttemptOutcome, Delivery } from "#src/ledger/ports/webhooks.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";
import { request } from "#test/storage/record-folder.ts";
import { type OpenNode, type OpenPostgresRecord, openNode, openPostgresRecord } from "./record.ts";

const LEDGERS = 30;
const PER_LEDGER = 4;

describe("webhooks of several nodes", () => {
  const postgres = postgresOfThisFile();
  let database: TestDatabase;
  let leader: OpenPostgresRecord;
  let other: OpenNode;
  beforeEach(async () => {
    database = await postgres.database();
    leader = await openPostgresRecord(database.url);
    other = await openNode(database.url, { clock: leader.clock });
    const { store, tenant, clock, anchors, contents } = leader;
    const endpoint = { url: "https://example.com/", description: null, secret: "whsec_AAAA" };
    await store.addEndpoint(
      { ...endpoint, id: "whk_1", tenantId: tenant.id, events: ["delta.verified"], createdAt: clock.now },
      1,
    );
    const requests = Array.from({ length: LEDGERS * PER_LEDGER }, (_, i) => request(tenant, `c${i % LEDGERS}`));
    await store.record(requests, true);
    clock.now += 1;
    const { signal } = new AbortController();
    const anchor = await collect({ store: anchors, contents, clock: () => clock.now, signal });
    const hash = Buffer.alloc(32, 1);
    const mined = { transactionHash: hash, blockNumber: 1, blockHash: hash, blockTime: 1, gasUsed: 1 };
    await anchors.markConfirmed(anchor!.index, { ...mined, confirmedAt: clock.now });
  });
  afterEach(async () => {
    await other.close();
    await leader.close();
    await database.drop();
  });

  const nodes = () => [leader, other];
  const due = ({ store, clock }: OpenNode, limit = 100) => store.dueDeliveries("whk_1", clock.now, limit);
  const arrived = ({ event, endpointId }: Delivery): AttemptOutcome => ({
    event: event.id,
    endpointId,
    at: leader.clock.now,
    kind: "delivered",
    status: 200,
  });
  async function makeAll(): Promise<void> {
    const make = async ({ store, clock }: OpenNode) => {
      while ((await store.makeEvents(7, clock.now)).more);
    };
    while ((await leader.store.makeEvents(7, leader.clock.now)).more) await Promise.all(nodes().map(make));
  }

  it("are each made once, and sent by one of them, each ledger's in order", async () => {
    await makeAll();
    expect(await leader.store.deliveryCounts()).to.deep.equal({
      pending: LEDGERS * PER_LEDGER,
      delivered: 0,
      parked: 0,
    });
    const sent: Delivery[] = [];
    const by = new Set<OpenNode>();
    const drain = async (node: OpenNode) => {
      for (let idle = 0; idle < 3; ) {
        const some = await due(node, 5);
        idle = some.length === 0 ? idle + 1 : 0;
        if (some.length > 0) by.add(node);
        sent.push(...some);
        await node.store.settle(some.map(arrived));
      }
    };
    await Promise.all(nodes().map(drain));
    expect(sent).to.have.length(LEDGERS * PER_LEDGER);
    expect(by.size).to.equal(2);
    const bySubject = Map.groupBy(sent, ({ event }) => event.subject);
    for (const deliveries of bySubject.values())
      expect(deliveries.map(({ event }) => event.reference)).to.deep.equal([1, 2, 3, 4]);
    expect(await other.store.nextDueAt("whk_1")).to.equal(undefined);
    expect(await leader.store.endpoint(leader.tenant.id, "whk_1")).to.include({ successCount: LEDGERS * PER_LEDGER });
  });

  it("that one has taken are not another's, until it lets go of them or is not heard of any more", async () => {
    await makeAll();
    const first = await due(leader, LEDGERS - 1);
    expect(await due(leader, LEDGERS - 1), "its own are still its own").to.deep.equal(first);
    const [left, ...more] = await due(other);
    expect(more).to.deep.equal([]);
    expect(first.map(({ event }) => event.id)).not.to.include(left!.event.id);
    await other.store.settle([arrived(left!)]);
    expect(await other.store.nextDueAt("whk_1"), "the next of that ledger").to.equal(leader.clock.now);
    await other.store.settle((await due(other)).map(arrived));
    await other.store.settle((await due(other)).map(arrived));
    await other.store.settle((await due(other)).map(arrived));
    expect(await due(other)).to.deep.equal([]);
    expect(await other.store.nextDueAt("whk_1"), "when the other's claim ends").to.be.greaterThan(Date.now());
    const client = await database.client();
    await client.query("UPDATE webhook_deliveries SET claimed_until = clock_timestamp() - interval '1 s'");
    expect(await due(other)).to.have.length(LEDGERS - 1);
    expect(await due(leader)).to.deep.equal([]);
    const third = await openNode(database.url, { clock: leader.clock });
    await other.close();
    expect(await due(third), "who ends lets go").to.have.length(LEDGERS - 1);
    other = third;
  });
});
