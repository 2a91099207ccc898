import { expect } from "chai";
import { dataOf, errorOf, type Members, read, record, send, type Target, verified } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const BODY = {
  customerId: "cust_once",
  delta: "500.00",
  reason: "initial_deposit",
  referenceId: "inv-1",
  metadata: { b: 2, a: [1, { c: null }] },
};

describe("an idempotency key", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let target: Required<Target>;

  before(async () => {
    server = await startServer(dir);
    target = { url: server.url, key: apiKeyOf(dir) };
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const post = (idempotencyKey: string, body: Members) =>
    send(target.url, {
      path: "/api/v1/balance/delta",
      key: target.key,
      body,
      headers: { "Idempotency-Key": idempotencyKey },
    });

  it("makes a hundred posts at once one delta with one answer", async () => {
    const replies = await Promise.all(Array.from({ length: 100 }, () => post("once", BODY)));
    expect(new Set(replies.map(({ status }) => status))).to.deep.equal(new Set([201]));
    const firsts = replies.filter(({ headers }) => headers.get("Idempotent-Replayed") === null);
    expect(firsts).to.have.lengthOf(1);
    for (const reply of replies) {
      const { idempotent, ...view } = dataOf(reply);
      expect(view).to.deep.equal(dataOf(firsts[0]!));
      expect(idempotent).to.equal(reply === firsts[0] ? undefined : true);
    }
    const derived = await read(target, "/balance/derive/cust_once");
    expect(derived).to.include({ deltasCount: 1, computedBalance: 500 });
  });

  it("gives the first answer again, also once the delta is anchored and later ones came", async () => {
    const first = dataOf(await post("again", { ...BODY, delta: 1 }));
    await verified(target, first.recordId);
    await record(target, { ...BODY, delta: 7 });
    const reply = await post("again", { ...BODY, delta: 1 });
    expect(reply.status).to.equal(201);
    expect(reply.headers.get("Idempotent-Replayed")).to.equal("true");
    expect(dataOf(reply)).to.deep.equal({ ...first, idempotent: true });
  });

  it("takes the same body in other words for the same body", async () => {
    const { customerId, delta, reason, referenceId, metadata } = BODY;
    const other = { metadata: { a: metadata.a, b: 2 }, referenceId, reason, delta: 5e2, customerId };
    expect(other.delta).not.to.equal(delta);
    expect(dataOf(await post("once", other)).idempotent).to.equal(true);
  });

  for (const [member, value] of Object.entries({
    customerId: "cust_twice",
    delta: "500.000000000000000001",
    reason: "deposit",
    referenceId: "inv-2",
    metadata: { a: [1, { c: null }], b: 3 },
    adjusts: { referenceId: "inv-0" },
  })) {
    it(`conflicts with another ${member}, and says so`, async () => {
      const reply = await post("once", { ...BODY, [member]: value });
      expect(reply.status).to.equal(409);
      const { code, message, details } = errorOf(reply);
      expect(code).to.equal("IDEMPOTENCY_CONFLICT");
      expect(message).to.include(member);
      expect(details.differs).to.deep.equal([member]);
    });
  }

  it("conflicts with a body that leaves a member out", async () => {
    const { metadata: _, ...rest } = BODY;
    expect(errorOf(await post("once", rest)).details.differs).to.deep.equal(["metadata"]);
  });

  it("is free again after a request that was refused", async () => {
    expect((await post("refused", { ...BODY, delta: 0 })).status).to.equal(400);
    const good = await post("refused", { ...BODY, delta: 1 });
    expect([good.status, good.headers.get("Idempotent-Replayed")]).to.deep.equal([201, null]);
  });

  it("of 255 characters, or of letters outside ASCII, is a key like any other", async () => {
    for (const key of ["k".repeat(255), "Grün 1"]) {
      expect(dataOf(await post(key, BODY))).not.to.have.property("idempotent");
      expect(dataOf(await post(key, BODY)).idempotent).to.equal(true);
    }
  });

  it("without a key each post is a delta of its own", async () => {
    const first = await record(target, { ...BODY, customerId: "keyless" });
    const second = await record(target, { ...BODY, customerId: "keyless" });
    expect([first.sequence, second.sequence]).to.deep.equal([1, 2]);
  });

  it("is known after a restart", async () => {
    const before = dataOf(await post("once", BODY));
    await server.stop();
    server = await startServer(dir);
    target = { ...target, url: server.url };
    const reply = await post("once", BODY);
    expect(reply.headers.get("Idempotent-Replayed")).to.equal("true");
    expect(dataOf(reply)).to.deep.equal(before);
    expect((await post("once", { ...BODY, reason: "deposit" })).status).to.equal(409);
  });
});
