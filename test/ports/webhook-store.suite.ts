import { createHash } from "node:crypto";
import { expect } from "chai";
import { checkpointLedger } from "#src/ledger/checkpoint.ts";
import { collect } from "#src/ledger/collect.ts";
import type { Contents } from "#src/ledger/contents.ts";
import type { AnchorStore } from "#src/ledger/ports/anchoring.ts";
import type { CheckpointStore } from "#src/ledger/ports/checkpoints.ts";
import type { EffectStore, RequestEffect } from "#src/ledger/ports/effects.ts";
import type { LedgerStore, Tenant } from "#src/ledger/ports/ledgers.ts";
import type { TenantStore } from "#src/ledger/ports/tenants.ts";
import {
  type AttemptOutcome,
  type Delivery,
  EVENT_NAMES,
  type EventName,
  type NewEndpoint,
  type WebhookStore,
} from "#src/ledger/ports/webhooks.ts";
import { deltasOf, request } from "#test/storage/record-folder.ts";

/** One implementation, open on a place of its own. */
export type OpenWebhookStore = {
  store: WebhookStore & LedgerStore & TenantStore & CheckpointStore & EffectStore;
  anchors: AnchorStore;
  contents: Contents;
  tenant: Tenant;
  /** Unix milliseconds, as the store sees them; tests move it. */
  clock: { now: number };
  /** Closes it and opens it again on the same place, as a restart does. */
  reopen(): Promise<OpenWebhookStore>;
  close(): Promise<void>;
  /** Every byte that is on disk. */
  bytes(): Promise<Buffer>;
};

const DELTAS: readonly EventName[] = ["delta.verified"];
const ALL_ROWS = 1_000;

/** What every implementation of WebhookStore must do. */
export function webhookStoreSuite(name: string, open: () => Promise<OpenWebhookStore>): void {
  describe(`WebhookStore: ${name}`, () => {
    let here: OpenWebhookStore;
    let made = 0;
    beforeEach(async () => {
      here = await open();
    });
    afterEach(() => here.close());

    function newEndpoint(more: Partial<NewEndpoint> = {}): NewEndpoint {
      made += 1;
      return {
        id: `whk_${made}`,
        tenantId: here.tenant.id,
        url: "https://example.com/hook",
        description: null,
        events: EVENT_NAMES,
        secret: "whsec_AAAA",
        createdAt: here.clock.now,
        ...more,
      };
    }
    async function endpoint(more: Partial<NewEndpoint> = {}): Promise<string> {
      const fresh = newEndpoint(more);
      expect(await here.store.addEndpoint(fresh, 100)).to.equal("added");
      return fresh.id;
    }
    async function record(customerId: string, count = 1, tenant = here.tenant) {
      return deltasOf(
        await here.store.record(
          Array.from({ length: count }, () => request(tenant, customerId)),
          true,
        ),
      );
    }
    /** Anchors what is new, and confirms the anchor. */
    async function anchor(): Promise<number> {
      here.clock.now += 1;
      const { anchors, contents, clock } = here;
      const signal = new AbortController().signal;
      const anchor = await collect({ store: anchors, contents, clock: () => clock.now, signal });
      await confirm(anchor!.index);
      return anchor!.index;
    }
    async function confirm(index: number): Promise<void> {
      const hash = createHash("sha256").update(String(index)).digest();
      const block = { transactionHash: hash, blockNumber: index, blockHash: hash, blockTime: 1_700_000_000 };
      await here.anchors.markConfirmed(index, { ...block, confirmedAt: here.clock.now, gasUsed: 50_000 });
    }
    async function makeAll(most = ALL_ROWS): Promise<void> {
      while ((await here.store.makeEvents(most, here.clock.now)).more);
    }
    async function all(tenant = here.tenant, state?: Delivery["state"]): Promise<Delivery[]> {
      const { deliveries, total } = await here.store.deliveries(tenant.id, state, { offset: 0, limit: 1_000 });
      expect(total).to.equal(deliveries.length);
      return deliveries.toReversed();
    }
    const told = (deliveries: readonly Delivery[]) =>
      deliveries.map(({ event, endpointId }) => `${endpointId} ${event.event} ${event.subject}/${event.reference}`);
    const outcome = ({ event, endpointId }: Delivery, rest: object) =>
      ({ event: event.id, endpointId, at: here.clock.now, ...rest }) as AttemptOutcome;
    const arrived = (delivery: Delivery) => outcome(delivery, { kind: "delivered", status: 200 });

    describe("endpoints", () => {
      it("are found as they were made, by their tenant only", async () => {
        const other = await here.store.addTenant("other", here.clock.now);
        const given = newEndpoint({ url: "https://example.com/ß", description: "for the books", events: DELTAS });
        await here.store.addEndpoint(given, 1);
        const found = await here.store.endpoint(here.tenant.id, given.id);
        expect(found).to.deep.equal({
          ...given,
          previous: null,
          enabled: true,
          resumedAt: given.createdAt,
          lastTriggeredAt: null,
          successCount: 0,
          failureCount: 0,
        });
        expect(await here.store.endpoints(here.tenant.id)).to.deep.equal([found]);
        expect(await here.store.endpoint(other.id, given.id)).to.equal(undefined);
        expect(await here.store.endpoints(other.id)).to.deep.equal([]);
        expect(await here.store.changeEndpoint(other.id, given.id, { enabled: false }, 1)).to.equal(undefined);
        expect(await here.store.rotateSecret(other.id, given.id, "whsec_BBBB", 1)).to.equal("gone");
        expect(await here.store.removeEndpoint(other.id, given.id, 1)).to.equal(false);
        expect(await here.store.endpoint(here.tenant.id, given.id)).to.deep.equal(found);
      });

      it("are as many as the tenant may have, and one more once one was deleted", async () => {
        const first = newEndpoint();
        expect(await here.store.addEndpoint(first, 2)).to.equal("added");
        expect(await here.store.addEndpoint(newEndpoint(), 2)).to.equal("added");
        expect(await here.store.addEndpoint(newEndpoint(), 2)).to.equal("full");
        const other = await here.store.addTenant("other", here.clock.now);
        expect(await here.store.addEndpoint(newEndpoint({ tenantId: other.id }), 2)).to.equal("added");
        await here.store.removeEndpoint(here.tenant.id, first.id, here.clock.now);
        expect(await here.store.addEndpoint(newEndpoint(), 2)).to.equal("added");
      });

      it("change in what is sent and in nothing else, and know since when they are enabled", async () => {
        const id = await endpoint({ description: "before" });
        const change = (what: object, at: number) => here.store.changeEndpoint(here.tenant.id, id, what, at);
        const before = (await here.store.endpoint(here.tenant.id, id))!;
        expect(await change({ url: "https://example.org/" }, 5)).to.deep.equal({
          ...before,
          url: "https://example.org/",
        });
        expect((await change({ description: null, events: DELTAS }, 5))!).to.deep.include({
          description: null,
          events: DELTAS,
        });
        expect(await change({ enabled: true }, before.createdAt + 5)).to.include({ resumedAt: before.createdAt });
        expect(await change({ enabled: false }, before.createdAt + 6)).to.include({
          enabled: false,
          resumedAt: before.createdAt,
        });
        expect(await change({ enabled: true }, before.createdAt + 7)).to.include({
          enabled: true,
          resumedAt: before.createdAt + 7,
        });
      });

      it("have two secrets after a rotation, and have their effect once for one request", async () => {
        const id = await endpoint({ secret: "whsec_AAAA" });
        const asked = (text: string): RequestEffect => ({
          requestId: createHash("sha256").update(text).digest().subarray(0, 16),
          tenantId: here.tenant.id,
          route: "POST webhooks",
          effect: id,
          members: "{}",
          createdAt: here.clock.now,
        });
        const rotate = (secret: string, request: RequestEffect) =>
          here.store.rotateSecret(here.tenant.id, id, secret, 99, request);
        expect(await rotate("whsec_BBBB", asked("one"))).to.equal("rotated");
        expect(await rotate("whsec_CCCC", asked("one"))).to.equal("repeated");
        const found = await here.store.endpoint(here.tenant.id, id);
        expect(found).to.deep.include({ secret: "whsec_BBBB", previous: { secret: "whsec_AAAA", until: 99 } });
        expect(await here.store.addEndpoint(newEndpoint(), 9, asked("two"))).to.equal("added");
        expect(await here.store.addEndpoint(newEndpoint(), 9, asked("two"))).to.equal("repeated");
        expect(await here.store.endpoints(here.tenant.id)).to.have.length(2);
        expect((await here.store.effectOf(asked("one").requestId))!.effect).to.equal(id);
      });

      it("leave nothing private on disk in clear", async () => {
        const [url, description, secret] = [
          "https://acme-hooks.example/x7",
          "the acme account",
          "whsec_c2VjcmV0LXNlY3JldA==",
        ];
        const id = await endpoint({ url, description, secret });
        await here.store.rotateSecret(here.tenant.id, id, "whsec_b3RoZXItc2VjcmV0", 99);
        const bytes = await here.bytes();
        expect(bytes.includes(id)).to.equal(true);
        for (const text of ["acme", secret.slice(6), "b3RoZXItc2VjcmV0"])
          expect(bytes.includes(text), text).to.equal(false);
      });
    });

    describe("events", () => {
      it("are made of what an anchor brought, once, for who wants them, in order; and not before it is confirmed", async () => {
        const other = await here.store.addTenant("other", here.clock.now);
        const [everything, deltas] = [await endpoint(), await endpoint({ events: DELTAS })];
        const theirs = await endpoint({ tenantId: other.id, events: ["checkpoint.verified", "anchor.confirmed"] });
        const [a] = await record("a", 2);
        const [b] = await record("b");
        await record("x", 3, other);
        const window = { from: 0, to: here.clock.now + 1 };
        const { statementId } = await checkpointLedger(here.store, a!.ledger, window, { now: here.clock.now });
        const checkpoint = (await here.store.checkpoint(here.tenant.id, statementId))!;
        const index = await anchor();
        await here.anchors.markUnconfirmed(index);
        expect(await here.store.makeEvents(ALL_ROWS, here.clock.now)).to.deep.equal({ made: 0, more: false });
        await confirm(index);
        await makeAll();
        await makeAll();
        const [idA, idB] = [a!.ledger.id, b!.ledger.id];
        const expected = (to: string) => [
          `${to} delta.verified ${idA}/1`,
          `${to} delta.verified ${idA}/2`,
          `${to} delta.verified ${idB}/1`,
        ];
        const ours = told(await all());
        expect(ours.filter((line) => line.startsWith(`${deltas} `))).to.deep.equal(expected(deltas));
        expect(ours.filter((line) => line.startsWith(`${everything} `))).to.deep.equal([
          ...expected(everything),
          `${everything} checkpoint.verified ${idA}/${checkpoint.id}`,
          `${everything} anchor.confirmed 0/1`,
        ]);
        expect(told(await all(other))).to.deep.equal([`${theirs} anchor.confirmed 0/1`]);
        expect((await here.store.checkpointById(checkpoint.id)).statementId).to.equal(checkpoint.statementId);

        await record("a", 1);
        await anchor();
        await makeAll();
        const more = told(await all()).slice(ours.length);
        expect(more.filter((line) => line.startsWith(`${deltas} `))).to.deep.equal([
          `${deltas} delta.verified ${idA}/3`,
        ]);
      });

      it("are the same in steps of any size, also when the process ends between two steps", async () => {
        const expected: string[] = [];
        for (const most of [1, 2, 3, 7, 1_000]) {
          const fresh = await open();
          const before = here;
          here = fresh;
          made = 1_000;
          await endpoint();
          await endpoint({ events: DELTAS });
          await record("a", 5);
          await record("b", 1);
          await anchor();
          await record("b", 4);
          await record("c", 1);
          await anchor();
          for (let [more, step] = [true, 0]; more; step++) {
            ({ more } = await here.store.makeEvents(most, here.clock.now));
            if (most < 7 && step % 3 === 0) here = await here.reopen();
          }
          const lines = told(await all());
          if (expected.length === 0) expected.push(...lines);
          expect(lines).to.deep.equal(expected);
          expect(lines).to.have.length(2 * 11 + 2);
          await here.close();
          here = before;
        }
      });

      it("are made of what is confirmed after the endpoint was made, however many anchors nobody was told of", async () => {
        for (let i = 0; i < 5; i++) {
          await record("a");
          await anchor();
        }
        here.clock.now += 1;
        const id = await endpoint({ events: DELTAS });
        await record("a");
        await anchor();
        await makeAll(2);
        expect(told(await all())).to.deep.equal([`${id} delta.verified 1/6`]);
      });

      it("of a halt are made for each tenant that wants them", async () => {
        expect(await here.store.makeHaltedEvents(5)).to.equal(0);
        await endpoint();
        await endpoint();
        await endpoint({ events: DELTAS, tenantId: (await here.store.addTenant("other", 1)).id });
        expect(await here.store.makeHaltedEvents(5)).to.equal(1);
        expect((await all()).map(({ event, state }) => [event.event, state])).to.deep.equal([
          ["anchoring.halted", "pending"],
          ["anchoring.halted", "pending"],
        ]);
      });
    });

    describe("deliveries", () => {
      let id: string;
      const due = (limit = 100) => here.store.dueDeliveries(id, here.clock.now, limit);
      const names = (deliveries: readonly Delivery[]) =>
        deliveries.map(({ event }) => `${event.subject}/${event.reference}`);
      beforeEach(async () => {
        id = await endpoint({ events: DELTAS });
        await record("a", 3);
        await record("b", 1);
        await anchor();
        await makeAll();
      });

      it("of a ledger are due one after the other, those of another ledger beside them", async () => {
        expect(names(await due())).to.deep.equal(["1/1", "2/1"]);
        expect(names(await due(1))).to.deep.equal(["1/1"]);
        await here.store.settle([arrived((await due())[0]!)]);
        expect(names(await due()).toSorted()).to.deep.equal(["1/2", "2/1"]);
        await here.store.settle((await due()).map(arrived));
        await here.store.settle((await due()).map(arrived));
        expect(await due()).to.deep.equal([]);
        expect(await here.store.nextDueAt(id)).to.equal(undefined);
        expect((await here.store.endpoint(here.tenant.id, id))!).to.include({
          successCount: 4,
          failureCount: 0,
          lastTriggeredAt: here.clock.now,
        });
      });

      it("that failed are due at their time, and hold up their ledger until then", async () => {
        const [first, other] = await due();
        const nextAttemptAt = here.clock.now + 5_000;
        await here.store.settle([
          outcome(first!, { kind: "failed", status: null, error: "ECONNREFUSED", nextAttemptAt }),
          arrived(other!),
        ]);
        expect(await due()).to.deep.equal([]);
        expect(await here.store.nextDueAt(id)).to.equal(nextAttemptAt);
        here = await here.reopen();
        here.clock.now = nextAttemptAt;
        const [again] = await due();
        expect(again).to.deep.include({
          attempts: 1,
          lastError: "ECONNREFUSED",
          lastStatus: null,
          lastAttemptAt: nextAttemptAt - 5_000,
        });
        expect(again!.event).to.deep.equal(first!.event);
      });

      it("that are parked leave their turn to the next, are listed, and are due again when they are retried", async () => {
        const [first] = await due();
        await here.store.settle([outcome(first!, { kind: "parked", status: 500, error: "STATUS", attempted: true })]);
        expect(names(await due())).to.include("1/2");
        expect(names(await all(here.tenant, "parked"))).to.deep.equal(["1/1"]);
        here.clock.now += 7;
        await here.store.retryDeliveries(here.tenant.id, first!.event.eventId, [id], here.clock.now);
        expect(names(await due())).to.include.members(["1/1", "1/2"]);
        expect(await here.store.deliveryCounts()).to.deep.equal({ pending: 4, delivered: 0, parked: 0 });
        const [retried] = await here.store.deliveriesOf(here.tenant.id, first!.event.eventId);
        expect(retried).to.include({ state: "pending", since: here.clock.now, attempts: 1, lastStatus: 500 });
        // The rest of the ledger still goes on one after the other.
        await here.store.settle((await due()).map(arrived));
        await here.store.settle((await due()).map(arrived));
        expect(await here.store.deliveryCounts()).to.deep.equal({ pending: 0, delivered: 4, parked: 0 });
      });

      it("that are put off count no attempt", async () => {
        const [first] = await due();
        await here.store.settle([outcome(first!, { kind: "put-off", nextAttemptAt: here.clock.now + 1 })]);
        expect(names(await due())).to.deep.equal(["2/1"]);
        here.clock.now += 1;
        expect((await due())[1]).to.include({ attempts: 0, lastAttemptAt: null });
      });

      it("have one outcome: what arrived does not fail afterwards", async () => {
        const [first] = await due();
        const late = outcome(first!, { kind: "failed", status: 500, error: "STATUS", nextAttemptAt: here.clock.now });
        await here.store.settle([arrived(first!), late, arrived(first!)]);
        expect((await all())[0]).to.include({ state: "delivered", attempts: 1, lastError: null, lastStatus: 200 });
        expect(await here.store.deliveryCounts()).to.deep.equal({ pending: 3, delivered: 1, parked: 0 });
      });

      it("are paged, newest event first, and are their tenant's alone", async () => {
        const other = await here.store.addTenant("other", 1);
        expect(await here.store.deliveries(other.id, undefined, { offset: 0, limit: 10 })).to.deep.equal({
          deliveries: [],
          total: 0,
        });
        const [first] = await due();
        expect(await here.store.deliveriesOf(other.id, first!.event.eventId)).to.deep.equal([]);
        await here.store.retryDeliveries(other.id, first!.event.eventId, [id], 1);
        expect((await here.store.deliveriesOf(here.tenant.id, first!.event.eventId))[0]!.since).not.to.equal(1);
        const page = await here.store.deliveries(here.tenant.id, "pending", { offset: 1, limit: 2 });
        expect(page.total).to.equal(4);
        expect(names(page.deliveries)).to.deep.equal(["1/3", "1/2"]);
      });

      it("are kept until they are old; those to a deleted endpoint are parked", async () => {
        const other = await endpoint({ events: DELTAS });
        await here.store.removeEndpoint(here.tenant.id, id, here.clock.now);
        while (await here.store.tidy(here.clock.now, 2));
        const parked = await all();
        expect(parked.map(({ state, lastError }) => [state, lastError])).to.deep.equal(
          Array(4).fill(["parked", "ENDPOINT_DELETED"]),
        );
        here.clock.now += 1_000;
        await record("a", 2);
        await anchor();
        await makeAll();
        while (await here.store.tidy(here.clock.now, 2));
        expect(told(await all())).to.deep.equal([`${other} delta.verified 1/4`, `${other} delta.verified 1/5`]);
        while (await here.store.tidy(here.clock.now + 1, 1));
        expect(await all()).to.deep.equal([]);
        expect(await here.store.deliveryCounts()).to.deep.equal({ pending: 0, delivered: 0, parked: 0 });
      });
    });
  });
}
