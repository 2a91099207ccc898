import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { Webhook } from "standardwebhooks";
import { webhookBody } from "#src/wire/webhook.ts";
import { answer, type Received, type Receiver, startReceiver } from "#test/webhooks/receiver.ts";
import { dataOf, errorOf, eventually, type Members, read, record, send, verified } from "./call.ts";
import { type Seed, seedDirectory } from "./seed.ts";
import { removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const AT = "/api/v1/webhooks";
const SETTINGS = { TALLYROOT_WEBHOOK_ALLOW_PRIVATE: "true" };

describe("webhooks over HTTP", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let seed: Seed;
  const receivers: Receiver[] = [];
  const ours: string[] = [];

  before(async () => {
    seed = await seedDirectory(dir);
    server = await startServer(dir, SETTINGS);
    // What was seeded is anchored before anybody listens.
    await verified(target(), seed.brimful.recordId);
    for (const id of seed.webhooks.toDelete) await call("DELETE", `${AT}/${id}`);
  });
  afterEach(async () => {
    for (const id of ours.splice(0)) await call("DELETE", `${AT}/${id}`);
    for (const receiver of receivers.splice(0)) await receiver.stop();
  });
  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const target = (key = seed.keys.admin) => ({ url: server.url, key });
  const call = (method: string, path: string, body?: Members, headers: Record<string, string> = {}) =>
    send(server.url, { method, path, key: seed.keys.admin, headers, ...(body && { body }) });

  async function receiver(...behave: Parameters<typeof startReceiver>): Promise<Receiver> {
    const started = await startReceiver(...behave);
    receivers.push(started);
    return started;
  }
  async function endpoint(body: Members): Promise<Members> {
    const reply = await call("POST", AT, body);
    expect(reply.status, reply.text).to.equal(201);
    const made = dataOf(reply);
    ours.push(made.id);
    return made;
  }
  const told = (received: readonly Received[]) => received.map(({ body }) => JSON.parse(body) as Members);
  const pacspace = (secret: string, { headers, body }: Received) =>
    `v1=${createHmac("sha256", secret).update(`${headers["x-pacspace-timestamp"]}.${body}`).digest("hex")}`;

  it("a delta is told once it is verified, signed with the secret that was shown once", async () => {
    const to = await receiver();
    const { secret, ...made } = await endpoint({
      url: to.url,
      events: ["delta.verified", "delta.verified"],
      description: "books",
    });
    expect(secret).to.match(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(made).to.deep.include({
      events: ["delta.verified"],
      description: "books",
      enabled: true,
      lastTriggered: null,
      successCount: 0,
      failureCount: 0,
    });
    const delta = await record(target(), {
      customerId: "cust_001",
      delta: -0.25,
      reason: "usage",
      referenceId: "inv-1",
    });
    const [received] = (await to.until(1)) as [Received];
    const [event] = told([received]) as [Members];
    expect(webhookBody.parse(event)).to.deep.equal(event);
    const detail = await read(target(), `/balance/delta/${delta.recordId}`);
    expect(event.data).to.deep.equal({
      recordId: delta.recordId,
      receiptId: delta.receiptId,
      verificationReference: detail.verificationReference,
      customerId: "cust_001",
      delta: -0.25,
      sequenceNumber: "1",
      referenceId: "inv-1",
      blockTimestamp: detail.blockTimestamp,
      proof: detail.proof,
    });
    expect(received.headers["x-pacspace-signature"]).to.equal(pacspace(secret, received));
    expect(new Webhook(secret).verify(received.body, received.headers as Record<string, string>)).to.deep.equal(event);

    const shown = await eventually("counted", async () => {
      const one = await read(target(), `/webhooks/${made.id}`);
      return one.successCount === 1 ? one : undefined;
    });
    expect(shown).not.to.have.property("secret");
    expect(shown.lastTriggered).to.be.a("string");
    const { deliveries, pagination } = await read(target(seed.keys.read), "/balance/webhooks?status=delivered&limit=1");
    expect(deliveries[0]).to.include({
      eventId: event.id,
      event: "delta.verified",
      endpointId: made.id,
      status: "delivered",
      attempts: 1,
      lastStatusCode: 200,
    });
    expect(pagination.total).to.be.at.least(1);
  });

  it("a checkpoint and its anchor are told; what another tenant does is not", async () => {
    const to = await receiver();
    await endpoint({ url: to.url, events: ["checkpoint.verified", "delta.verified"] });
    await record(target(seed.keys.stranger), { customerId: "cust_002", delta: 3, reason: "theirs" });
    await record(target(), { customerId: "cust_002", delta: 7, reason: "ours" });
    const reply = await call("POST", "/api/v1/balance/checkpoint", {
      customerId: "cust_002",
      timePreset: "current_month",
    });
    const checkpoint = dataOf(reply);
    await to.until(2);
    await sleep(200);
    const events = told(to.received);
    expect(events.map(({ event }) => event).toSorted()).to.deep.equal(["checkpoint.verified", "delta.verified"]);
    for (const event of events) expect(webhookBody.parse(event)).to.deep.equal(event);
    const { data } = events.find(({ event }) => event === "checkpoint.verified")!;
    for (const name of [
      "checkpointId",
      "proofRoot",
      "merkleRoot",
      "customerId",
      "ledgerIdentifier",
      "from",
      "to",
      "deltasCount",
      "netChange",
      "verifyUrl",
      "verificationApiUrl",
    ]) {
      expect(data[name], name).to.equal(checkpoint[name]);
    }
    expect(data.deltasCount).to.equal(1);
  });

  it("a repeated request answers as before, without the secret; another body conflicts", async () => {
    const headers = { "Idempotency-Key": "make-one" };
    const body = { url: "https://hooks.invalid/", events: ["delta.failed"] };
    const first = await call("POST", AT, body, headers);
    const { secret, ...made } = dataOf(first);
    ours.push(made.id);
    const again = await call("POST", AT, body, headers);
    expect(again.status).to.equal(201);
    expect(again.headers.get("Idempotent-Replayed")).to.equal("true");
    expect(dataOf(again)).to.deep.equal({ ...made, secret: null, idempotent: true });
    expect(secret).to.be.a("string");
    const other = errorOf(await call("POST", AT, { ...body, description: "another" }, headers));
    expect(other.code).to.equal("IDEMPOTENCY_CONFLICT");
    expect(other.details.differs).to.deep.equal(["description"]);
  });

  it("after a rotation both secrets sign, and the old one is still good for a day", async () => {
    const to = await receiver();
    const { id, secret: old } = await endpoint({ url: to.url, events: ["delta.verified"] });
    const rotated = dataOf(await call("POST", `${AT}/${id}/rotate`));
    expect(rotated.secret)
      .to.match(/^whsec_/)
      .and.not.equal(old);
    expect(Date.parse(rotated.previousSecretUntil) - Date.now()).to.be.within(86_000_000, 86_400_000);
    const tested = dataOf(await call("POST", `${AT}/${id}/test`));
    expect(tested).to.include({ delivered: true, statusCode: 200, error: null });
    const [received] = to.received as [Received];
    expect(received.headers["x-pacspace-signature"]).to.equal(
      `${pacspace(rotated.secret, received)},${pacspace(old, received)}`,
    );
    for (const secret of [old, rotated.secret])
      new Webhook(secret).verify(received.body, received.headers as Record<string, string>);
  });

  it("a test tells what came back, is sent to an endpoint that is paused too, and once for one request", async () => {
    const to = await receiver(answer(418));
    const { id } = await endpoint({ url: to.url });
    dataOf(await call("PATCH", `${AT}/${id}`, { enabled: false }));
    const headers = { "Idempotency-Key": "test-one" };
    const tested = dataOf(await call("POST", `${AT}/${id}/test`, undefined, headers));
    expect(tested).to.include({ delivered: false, statusCode: 418, error: "STATUS" });
    expect(dataOf(await call("POST", `${AT}/${id}/test`, undefined, headers))).to.deep.equal({
      ...tested,
      idempotent: true,
    });
    const [event, ...more] = told(to.received) as [Members];
    expect(more).to.deep.equal([]);
    expect(webhookBody.parse(event)).to.deep.equal(event);
    expect(event).to.deep.include({ id: tested.eventId, event: "webhook.test", tenantId: "default" });
    expect(to.received[0]!.headers).to.include({ "x-webhook-event": "webhook.test", "x-event-id": tested.eventId });
  });

  it("an event that was refused is sent again on request, and one that arrived too", async () => {
    const to = await receiver(answer(500));
    const { id } = await endpoint({ url: to.url, events: ["delta.verified"] });
    await record(target(), { customerId: "cust_003", delta: 1, reason: "usage" });
    await to.until(1);
    const eventId = to.received[0]!.headers["x-event-id"];
    to.behave = answer(200);
    const path = `/api/v1/balance/webhooks/${eventId}/retry`;
    const retried = dataOf(await send(server.url, { method: "POST", path, key: seed.keys.write }));
    expect(retried.deliveries.map(({ endpointId }: Members) => endpointId)).to.deep.equal([id]);
    await to.until(2);
    await eventually("delivered", async () =>
      (await read(target(), `/webhooks/${id}`)).successCount === 1 ? true : undefined,
    );
    expect(dataOf(await call("POST", path)).deliveries[0]).to.include({ status: "pending", attempts: 2 });
    await to.until(3);
    expect(new Set(to.received.map(({ headers }) => headers["x-event-id"]))).to.have.property("size", 1);
  });

  it("an endpoint that is paused over HTTP gets its events when it is resumed", async () => {
    const [before, after] = [await receiver(), await receiver()];
    const { id } = await endpoint({ url: before.url, events: ["delta.verified"] });
    expect(dataOf(await call("PATCH", `${AT}/${id}`, { enabled: false }))).to.include({ enabled: false });
    await record(target(), { customerId: "cust_004", delta: 1, reason: "usage" });
    await eventually("queued", async () =>
      (await read(target(), "/balance/webhooks?status=pending")).deliveries[0]?.endpointId === id ? true : undefined,
    );
    expect(
      dataOf(await call("PATCH", `/api/v1/dashboard/webhooks/${id}`, { enabled: true, url: after.url })),
    ).to.include({ enabled: true, url: after.url });
    await after.until(1);
    expect(before.received).to.deep.equal([]);
  });

  it("a tenant has at most twenty endpoints", async () => {
    const { pagination } = await read(target(), "/webhooks");
    for (let i = pagination.total; i < 20; i++)
      await endpoint({ url: "https://hooks.invalid/", events: ["delta.failed"] });
    const error = errorOf(await call("POST", AT, { url: "https://hooks.invalid/" }));
    expect([error.code, error.details.most]).to.deep.equal(["VALIDATION_ERROR", 20]);
    expect((await read(target(), "/balance/limits")).webhookEndpoints).to.equal(20);
  });

  it("a server that is killed while it delivers sends again after its next start, and misses nothing", async () => {
    const to = await receiver(() => {});
    await endpoint({ url: to.url, events: ["delta.verified"] });
    const deltas = Array.from({ length: 30 }, (_, i) => ({
      customerId: `cust_1${i % 3}`,
      delta: i + 1,
      reason: "usage",
    }));
    for (const delta of deltas) await record(target(), delta);
    await to.until(3);
    await server.stop("SIGKILL");
    to.behave = answer(200);
    server = await startServer(dir, SETTINGS);
    await record(target(), { customerId: "cust_10", delta: 31, reason: "after" });
    const counts = () => new Set(told(to.received).map(({ data }) => `${data.customerId} ${data.delta}`)).size;
    await eventually("everything arrives", async () => (counts() === 31 ? true : undefined));
    for (const customer of ["cust_10", "cust_11", "cust_12"]) {
      const amounts = told(to.received.slice(3))
        .filter(({ data }) => data.customerId === customer)
        .map(({ data }) => data.delta);
      expect(amounts).to.deep.equal(amounts.toSorted((a: number, b: number) => a - b));
    }
  });
});
