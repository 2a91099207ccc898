import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { Webhook } from "standardwebhooks";
import { toHex } from "#src/core/bytes.ts";
import { recordIdOf } from "#src/core/record-id.ts";
import { TRY_FOR_MS } from "#src/webhooks/schedule.ts";
import { webhookBody } from "#src/wire/webhook.ts";
import { type Ground, startGround } from "#test/ledger/anchoring-ground.ts";
import { changeBehind } from "#test/run/record-of.ts";
import { type Delivering, freshSecret, isDelivered, startDelivering } from "./ground.ts";
import { answer, type Received, type Receiver, startReceiver } from "./receiver.ts";

const HOUR_MS = 3_600_000;
const bodies = (received: readonly Received[]) => received.map(({ body }) => JSON.parse(body));
const DELTAS = { events: ["delta.verified"] } as const;

describe("deliveries", () => {
  let ground: Ground;
  let here: Delivering;
  const receivers: Receiver[] = [];

  before(async () => {
    ground = await startGround();
  });
  after(() => ground.stop());
  beforeEach(async () => {
    here = await startDelivering(ground);
  });
  afterEach(async () => {
    await here.stop();
    for (const receiver of receivers.splice(0)) await receiver.stop();
  });

  async function receiver(...behave: Parameters<typeof startReceiver>): Promise<Receiver> {
    const started = await startReceiver(...behave);
    receivers.push(started);
    return started;
  }

  describe("what is told", () => {
    it("a verified delta arrives with what the record says of it, signed in both ways that are published", async () => {
      const to = await receiver();
      const secret = freshSecret();
      await here.endpoint(to.url, { ...DELTAS, secret });
      const [first, second] = await here.record1("cust_001", 5n, 123_456_789_012_345_678_901n);
      await here.anchor();
      const [, { headers, body }] = (await to.until(2)) as [Received, Received];

      const told = JSON.parse(body);
      expect(webhookBody.parse(told)).to.deep.equal(told);
      const anchor = (await here.record.store.anchor(1))!;
      expect(told.data).to.deep.include({
        recordId: recordIdOf(second!.ledger.address, 2),
        receiptId: toHex(second!.fingerprint),
        verificationReference: toHex(anchor.transactionHash!),
        customerId: "cust_001",
        sequenceNumber: "2",
        referenceId: "ref-123456789012345678901",
        blockTimestamp: new Date(anchor.blockTime! * 1000).toISOString(),
      });
      expect(body).to.include('"delta":123.456789012345678901,');
      expect(told.data.proof).to.deep.equal({
        proofHash: toHex(second!.fingerprint),
        contentHash: toHex(second!.commitment),
        previousProofHash: toHex(first!.fingerprint),
        itemHashes: told.data.proof.itemHashes,
      });
      expect(told.data.proof.itemHashes).to.have.length(1);
      expect(told).to.include({ event: "delta.verified", tenantId: "default" });
      expect(headers).to.include({ "x-event-id": told.id, "x-webhook-event": "delta.verified", "webhook-id": told.id });

      // As the reference system publishes it: the whole secret as text is the key, the text is timestamp, dot, raw body.
      const timestamp = headers["x-pacspace-timestamp"] as string;
      const expected = `v1=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
      expect(headers["x-pacspace-signature"]).to.equal(expected);
      expect(Math.abs(Date.now() / 1000 - Number(timestamp))).to.be.below(60);
      // As Standard Webhooks' own library verifies it.
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).to.deep.equal(told);
      expect(() => new Webhook(secret).verify(`${body} `, headers as Record<string, string>)).to.throw(/No matching/);
    });

    it("an anchor is told to who wants anchors, after its deltas were told to who wants deltas", async () => {
      const [deltas, anchors, both] = [await receiver(), await receiver(), await receiver()];
      await here.endpoint(deltas.url, DELTAS);
      await here.endpoint(anchors.url, { events: ["anchor.confirmed"] });
      await here.endpoint(both.url);
      await here.record1("a", 1n, 2n);
      await here.record1("b", 3n);
      await here.anchor();
      await here.settled("all arrive", isDelivered, 8);
      const events = (to: Receiver) =>
        bodies(to.received)
          .map(({ event }) => event)
          .sort();
      expect(events(deltas)).to.deep.equal(["delta.verified", "delta.verified", "delta.verified"]);
      expect(events(anchors)).to.deep.equal(["anchor.confirmed"]);
      expect(events(both)).to.deep.equal(["anchor.confirmed", ...events(deltas)]);
      const [{ data }] = bodies(anchors.received);
      const anchor = (await here.record.store.anchor(1))!;
      expect(data).to.deep.include({
        index: 1,
        root: toHex(anchor.root),
        size: 2,
        blockNumber: anchor.blockNumber,
        chainId: here.log.place.chainId,
      });
    });

    it("what was erased before it was sent is null, and the rest is told", async () => {
      const to = await receiver(answer(500));
      await here.endpoint(to.url, DELTAS);
      const [delta] = await here.record1("cust_001", 5n);
      await here.anchor();
      await here.settled("refused once", ({ attempts }) => attempts === 1);
      await here.record.store.eraseKeys(here.record.tenant, delta!.ledger, "cust_001", here.record.clock.now);
      here.record.contents.forget(delta!.ledger.id);
      to.behave = answer(200);
      here.pass(HOUR_MS);
      await here.settled("delivered", isDelivered);
      const [before, after] = bodies(to.received);
      expect(before.data).to.include({ customerId: "cust_001", referenceId: "ref-5" });
      expect(after.data).to.include({ customerId: null, referenceId: null, receiptId: before.data.receiptId });
      expect(after.id).to.equal(before.id);
    });

    it("an endpoint hears only of what is confirmed after it was made", async () => {
      await here.record1("a", 1n);
      await here.anchor();
      const to = await receiver();
      here.pass(1);
      await here.endpoint(to.url, DELTAS);
      await here.record1("a", 2n);
      await here.anchor();
      await here.settled("delivered", isDelivered);
      await sleep(50);
      expect(bodies(to.received).map(({ data }) => data.sequenceNumber)).to.deep.equal(["2"]);
    });

    const noted = async () => undefined;

    it("that anchoring has halted is told once to each tenant, also where it halted before deliveries began", async () => {
      const to = await receiver();
      await here.endpoint(to.url);
      here.deliveries.halted(noted);
      await here.settled("delivered", isDelivered);
      expect(bodies(to.received).map(({ event }) => event)).to.deep.equal(["anchoring.halted"]);
      expect(bodies(to.received)[0].data).to.have.keys("haltedAt", "message", "reason", "next");
      expect(bodies(to.received)[0].data).to.include({ reason: "OTHER_ROOT", next: "look who else has the key" });
      await here.restart({ early: (deliveries) => deliveries.halted(noted) });
      await here.settled("delivered", isDelivered, 2);
    });
  });

  describe("order and repetition", () => {
    it("the events of a ledger arrive in order, although the first is refused for a while; other ledgers do not wait for it", async () => {
      const refused = new Set(["a1"]);
      const to = await receiver((response, { body }) => {
        const { data } = JSON.parse(body);
        response.writeHead(refused.has(`${data.customerId}${data.sequenceNumber}`) ? 503 : 204).end();
      });
      await here.endpoint(to.url, DELTAS);
      await here.record1("a", 1n, 2n, 3n);
      await here.record1("b", 1n, 2n, 3n);
      await here.anchor();
      await here.settled(
        "b is through, a waits",
        ({ state, attempts, event }) => state === "delivered" || attempts === 1 || event.reference > 1,
        6,
      );
      await to.until(4);
      await sleep(50);
      const order = () => bodies(to.received).map(({ data }) => `${data.customerId}${data.sequenceNumber}`);
      expect(order().filter((name) => name.startsWith("b"))).to.deep.equal(["b1", "b2", "b3"]);
      expect(order().filter((name) => name.startsWith("a"))).to.deep.equal(["a1"]);
      refused.clear();
      here.pass(10_000);
      await here.settled("all arrive", isDelivered, 6);
      expect(order().filter((name) => name.startsWith("a"))).to.deep.equal(["a1", "a1", "a2", "a3"]);
    });

    it("a receiver that is dead for a day gets everything afterwards, each ledger in order", async () => {
      const to = await receiver((response) => response.destroy());
      await here.endpoint(to.url, DELTAS);
      for (const round of [1n, 2n, 3n]) {
        for (const customer of ["a", "b", "c"]) await here.record1(customer, round, round);
        await here.anchor();
        for (let hour = 0; hour < 8; hour++) {
          here.pass(HOUR_MS);
          await sleep(10);
        }
      }
      expect(await here.all()).to.have.length(18);
      // Asked rarely while it is down: not every hour for each of the three ledgers.
      expect(to.received.length).to.be.within(4, 45);
      to.behave = answer(200);
      to.received.length = 0;
      for (let hour = 0; hour < 3; hour++) {
        here.pass(1.5 * HOUR_MS);
        await sleep(30);
      }
      await here.settled("everything arrives", isDelivered, 18);
      for (const customer of ["a", "b", "c"]) {
        const told = bodies(to.received).filter(({ data }) => data.customerId === customer);
        expect(told.map(({ data }) => data.sequenceNumber)).to.deep.equal(["1", "2", "3", "4", "5", "6"]);
      }
      expect(here.troubles).to.deep.equal([]);
    });

    it("after three days of trying an event is parked, the next of its ledger has its turn, and a retry sends the first again", async () => {
      const refused = new Set(["1"]);
      const to = await receiver((response, { body }) => {
        response.writeHead(refused.has(JSON.parse(body).data.sequenceNumber) ? 500 : 200).end();
      });
      const { id } = await here.endpoint(to.url, DELTAS);
      const { tenant, store } = here.record;
      await here.record1("a", 1n);
      await here.anchor();
      await here.settled("refused once", ({ attempts }) => attempts === 1);
      here.pass(TRY_FOR_MS - 2 * HOUR_MS);
      await here.settled("refused twice", ({ attempts }) => attempts === 2);
      await here.record1("a", 2n);
      await here.anchor();
      await sleep(50);
      expect((await here.all()).map(({ state, nextAttemptAt }) => [state, nextAttemptAt === null])).to.deep.equal([
        ["pending", false],
        ["pending", true],
      ]);
      here.pass(2 * HOUR_MS - 10_000);
      await here.settled("the first is parked", ({ state, event }) => state === "parked" || event.reference === 2, 2);
      here.pass(HOUR_MS);
      const [first, second] = await here.settled("the second arrives", ({ state }) => state !== "pending", 2);
      expect(first).to.deep.include({
        state: "parked",
        attempts: 3,
        lastStatus: 500,
        lastError: "STATUS",
        nextAttemptAt: null,
      });
      expect(second).to.include({ state: "delivered", attempts: 1 });
      expect(await store.deliveryCounts()).to.deep.equal({ pending: 0, delivered: 1, parked: 1 });

      refused.clear();
      expect(await store.retryDeliveries(tenant.id, first!.event.eventId, [id], here.record.clock.now)).to.equal(
        "retried",
      );
      here.deliveries.wake();
      await here.settled("both arrived", isDelivered, 2);
      expect(await store.deliveryCounts()).to.deep.equal({ pending: 0, delivered: 2, parked: 0 });
    });

    it("what was under way when the process ended is sent again after the restart, and nothing is made twice", async () => {
      const held: (() => void)[] = [];
      const to = await receiver((response) => void held.push(() => response.writeHead(200).end()));
      await here.endpoint(to.url);
      await here.record1("a", ...Array.from({ length: 150 }, (_, i) => BigInt(i + 1)));
      await here.anchor();
      await to.until(1);
      await here.restart();
      const before = bodies(to.received).map(({ id }) => id);
      to.behave = answer(200);
      await here.settled("everything arrives", isDelivered, 151);
      const after = bodies(to.received).slice(before.length);
      expect(new Set(after.map(({ id }) => id))).to.have.property("size", 151);
      expect(after.map(({ id }) => id)).to.include.members(before);
      const sequences = after
        .filter(({ event }) => event === "delta.verified")
        .map(({ data }) => Number(data.sequenceNumber));
      expect(sequences).to.deep.equal(Array.from({ length: 150 }, (_, i) => i + 1));
    });

    it("an answer of the store that is older than the end of an attempt does not have it made again", async () => {
      const to = await receiver();
      await here.endpoint(to.url, DELTAS);
      let late = false;
      await here.restart({
        through: (store) => ({
          ...store,
          // As from a database elsewhere: asked while an attempt is under way, answered when its outcome is stored.
          async dueDeliveries(...asked) {
            const due = await store.dueDeliveries(...asked);
            if (due.length > 0 && to.received.length > 0) {
              await here.settled("the outcome is stored", isDelivered);
              await sleep(20);
              late = true;
            }
            return due;
          },
        }),
      });
      to.behave = (response, received) => {
        here.deliveries.wake();
        setTimeout(() => answer(200)(response, received), 50);
      };
      await here.record1("a", 1n);
      await here.anchor();
      await here.settled("it is told", isDelivered);
      await sleep(100);
      expect([late, to.received.length]).to.deep.equal([true, 1]);
    });

    it("an event is not told while the block of its anchor is reorganised away, and is told once the anchor is back", async () => {
      const to = await receiver(answer(500));
      await here.endpoint(to.url, DELTAS);
      await here.record1("a", 1n);
      await here.anchor();
      await here.settled("refused once", ({ attempts }) => attempts === 1);
      const anchor = (await here.record.store.anchor(1))!;
      await here.record.anchors.markUnconfirmed(1);
      to.behave = answer(200);
      here.pass(HOUR_MS);
      await sleep(50);
      expect(to.received).to.have.length(1);
      const { transactionHash, blockNumber, blockHash, blockTime, confirmedAt, gasUsed } = anchor;
      await here.record.anchors.markConfirmed(1, {
        transactionHash: transactionHash!,
        blockNumber: blockNumber!,
        blockHash: blockHash!,
        blockTime: blockTime!,
        confirmedAt: confirmedAt!,
        gasUsed: gasUsed!,
      });
      here.pass(10_000);
      const [delivery] = await here.settled("delivered", isDelivered);
      expect(delivery!.attempts).to.equal(2);
    });

    it("a row that was damaged is reported and holds up nobody else's events", async () => {
      const to = await receiver(answer(500));
      await here.endpoint(to.url, DELTAS);
      const [damaged] = await here.record1("a", 1n);
      await here.record1("b", 1n);
      await here.anchor();
      await here.settled("refused once", ({ attempts }) => attempts === 1, 2);
      const rot = "UPDATE deltas SET sealed = ? WHERE ledger = ?";
      await changeBehind(here.record.dir, rot, Buffer.alloc(60), damaged!.ledger.id);
      to.behave = answer(200);
      to.received.length = 0;
      here.pass(HOUR_MS);
      await here.settled(
        "one arrives",
        ({ state, lastError }) => state === "delivered" || lastError === "BODY_NOT_MADE",
        2,
      );
      expect(bodies(to.received).map(({ data }) => data.customerId)).to.deep.equal(["b"]);
      expect(here.troubles).to.include("the body of a webhook event cannot be made");
    });
  });

  describe("secrets", () => {
    it("for a day after a rotation both secrets sign, the newest first; after that only the new one", async () => {
      const to = await receiver();
      const [old, fresh] = [freshSecret(), freshSecret()];
      const { id } = await here.endpoint(to.url, { ...DELTAS, secret: old });
      const day = 24 * HOUR_MS;
      await here.record.store.rotateSecret(here.record.tenant.id, id, fresh, here.record.clock.now + day);
      await here.record1("a", 1n);
      await here.anchor();
      await here.settled("delivered", isDelivered, 1);
      here.pass(day);
      await here.record1("a", 2n);
      await here.anchor();
      await here.settled("delivered", isDelivered, 2);
      const [during, after] = to.received as [Received, Received];
      const sign = (secret: string, { headers, body }: Received) =>
        `v1=${createHmac("sha256", secret).update(`${headers["x-pacspace-timestamp"]}.${body}`).digest("hex")}`;
      expect(during.headers["x-pacspace-signature"]).to.equal(`${sign(fresh, during)},${sign(old, during)}`);
      for (const secret of [old, fresh])
        expect(() => new Webhook(secret).verify(during.body, during.headers as Record<string, string>)).not.to.throw();
      expect(after.headers["x-pacspace-signature"]).to.equal(sign(fresh, after));
      expect(after.headers["webhook-signature"]).not.to.include(" ");
    });
  });

  describe("endpoints", () => {
    it("one that answers slowly or never does not slow another, and is asked by at most four at once", async () => {
      const slow = await receiver(() => {});
      const quick = await receiver();
      await here.endpoint(slow.url, DELTAS);
      await here.endpoint(quick.url, DELTAS);
      await here.restart({ attemptMs: 60_000 });
      for (let i = 0; i < 12; i++) await here.record1(`c${i}`, 1n, 2n);
      await here.anchor();
      await quick.until(24);
      await slow.until(4);
      // None of these was over before the other had everything.
      expect([slow.received.length, slow.most]).to.deep.equal([4, 4]);
    });

    it("one that is paused gets nothing, and everything in order once it is resumed, however long the pause", async () => {
      const to = await receiver(answer(500));
      const { id } = await here.endpoint(to.url, DELTAS);
      const { store, tenant, clock } = here.record;
      await here.record1("a", 1n, 2n);
      await here.anchor();
      await here.settled("refused once", ({ attempts, event }) => attempts === 1 || event.reference === 2, 2);
      await store.changeEndpoint(tenant.id, id, { enabled: false }, clock.now);
      here.pass(2 * TRY_FOR_MS);
      await sleep(50);
      expect(to.received).to.have.length(1);
      to.behave = answer(200);
      await store.changeEndpoint(tenant.id, id, { enabled: true }, clock.now);
      here.deliveries.wake();
      await here.settled("delivered", isDelivered, 2);
      expect(bodies(to.received).map(({ data }) => data.sequenceNumber)).to.deep.equal(["1", "1", "2"]);
    });

    it("one that is paused while it is sent to gets nothing after that", async () => {
      const held: (() => void)[] = [];
      const to = await receiver((response) => void held.push(() => response.writeHead(200).end()));
      const { id } = await here.endpoint(to.url, DELTAS);
      const { store, tenant, clock } = here.record;
      await here.record1("a", 1n, 2n);
      await here.anchor();
      await to.until(1);
      await store.changeEndpoint(tenant.id, id, { enabled: false }, clock.now);
      held[0]!();
      await here.settled("the first arrives", ({ state, event }) => state === "delivered" || event.reference === 2, 2);
      await sleep(50);
      expect(to.received).to.have.length(1);
    });

    it("one that was deleted gets nothing more, and what waited for it is parked", async () => {
      const to = await receiver(answer(500));
      const { id } = await here.endpoint(to.url, DELTAS);
      await here.record1("a", 1n, 2n);
      await here.anchor();
      await here.settled("refused once", ({ attempts, event }) => attempts === 1 || event.reference === 2, 2);
      expect(await here.record.store.removeEndpoint(here.record.tenant.id, id, here.record.clock.now)).to.equal(true);
      here.deliveries.endpointDeleted();
      const parked = await here.settled("parked", ({ state }) => state === "parked", 2);
      expect(parked.map(({ lastError }) => lastError)).to.deep.equal(["ENDPOINT_DELETED", "ENDPOINT_DELETED"]);
      expect(to.received).to.have.length(1);
    });

    it("a redirect is a failure, and is not followed", async () => {
      const elsewhere = await receiver();
      const to = await receiver(answer(307, { location: elsewhere.url }));
      await here.endpoint(to.url, DELTAS);
      await here.record1("a", 1n);
      await here.anchor();
      const [delivery] = await here.settled("refused", ({ attempts }) => attempts === 1);
      expect(delivery).to.include({ state: "pending", lastStatus: 307, lastError: "REDIRECT" });
      expect(elsewhere.received).to.have.length(0);
      const endpoint = (await here.record.store.endpoints(here.record.tenant.id))[0]!;
      expect(endpoint).to.include({ successCount: 0, failureCount: 1, lastTriggeredAt: here.record.clock.now });
    });

    it("one on this machine is refused unless the operator allows it, also where it was made while that was allowed", async () => {
      const to = await receiver();
      await here.endpoint(to.url, DELTAS);
      await here.restart({ allowPrivate: false });
      await here.record1("a", 1n);
      await here.anchor();
      const [delivery] = await here.settled("refused", ({ attempts }) => attempts === 1);
      expect(delivery).to.include({ state: "pending", lastStatus: null, lastError: "ADDRESS_REFUSED" });
      expect(to.received).to.have.length(0);
    });
  });
});
