import { expect } from "chai";
import { dataOf, errorOf, type Members, read, record, send } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

describe("tenants", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let operator: { url: string; key: string };
  let acme: { url: string; key: string };
  let opened: Members;

  before(async () => {
    server = await startServer(dir);
    operator = { url: server.url, key: apiKeyOf(dir) };
    const reply = await send(server.url, {
      path: "/api/v1/tenants",
      key: operator.key,
      body: { name: "acme" },
      headers: { "Idempotency-Key": "open acme" },
    });
    expect(reply.status, reply.text).to.equal(201);
    opened = dataOf(reply);
    acme = { url: server.url, key: opened.apiKey };
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  it("a new one has an admin key of its own, which makes more keys", async () => {
    const reply = await send(acme.url, { path: "/api/v1/keys", key: acme.key, body: { scope: "write" } });
    expect(reply.status, reply.text).to.equal(201);
    const { keys } = await read(acme, "/keys");
    expect(keys.map(({ scope }: Members) => scope)).to.deep.equal(["admin", "write"]);
  });

  it("each has a namespace of its own, so one customerId is two ledgers", async () => {
    const body = { customerId: "shared", delta: 1, reason: "r" };
    const [ours, theirs] = [await record(operator, body), await record(acme, body)];
    expect(ours.ledgerIdentifier).not.to.equal(theirs.ledgerIdentifier);
    const { tenants } = await read(operator, "/tenants");
    expect(tenants.map(({ name }: Members) => name)).to.deep.equal(["default", "acme"]);
    expect(tenants[1].namespace)
      .to.equal(opened.namespace)
      .and.to.match(/^0x[0-9a-f]{40}$/);
    expect(tenants[0].namespace).not.to.equal(tenants[1].namespace);
  });

  it("sums, usage and lists are of the own customers only", async () => {
    await record(operator, { customerId: "only-ours", delta: 40, reason: "r" });
    expect(await read(acme, "/balance/customers/summary")).to.include({ customers: 1, totalDeltas: 1, netBalance: 1 });
    expect(await read(acme, "/balance/usage")).to.include({ used: 1 });
    const { customers } = await read(acme, "/balance/customers");
    expect(customers.map(({ customerId }: Members) => customerId)).to.deep.equal(["shared"]);
    const gone = await send(acme.url, {
      method: "DELETE",
      path: "/api/v1/balance/customers/only-ours/content",
      key: acme.key,
    });
    expect(errorOf(gone).code).to.equal("CUSTOMER_NOT_FOUND");
    expect(await read(operator, "/balance/customers/only-ours")).to.include({ status: "active" });
  });

  it("their admin is not the operator: the routes are not there for it", async () => {
    for (const body of [undefined, { name: "mine" }]) {
      const reply = await send(acme.url, { path: "/api/v1/tenants", key: acme.key, ...(body && { body }) });
      const nothing = await send(acme.url, { path: "/api/v1/nothing", key: acme.key, ...(body && { body }) });
      expect(reply.status).to.equal(404);
      expect(errorOf(reply).message.replace("tenants", "nothing")).to.equal(errorOf(nothing).message);
    }
    expect((await read(operator, "/tenants")).pagination.total).to.equal(2);
  });

  it("of twenty under one key at once, each with another name, one is made, and the others hear of the conflict", async () => {
    const before = (await read(operator, "/tenants")).pagination.total;
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        send(server.url, {
          path: "/api/v1/tenants",
          key: operator.key,
          body: { name: `at-once-${i}` },
          headers: { "Idempotency-Key": "open one of twenty" },
        }),
      ),
    );
    const said = replies.map((reply) => (reply.status === 201 ? "made" : errorOf(reply).code)).sort();
    expect(said).to.deep.equal([...Array.from({ length: 19 }, () => "IDEMPOTENCY_CONFLICT"), "made"]);
    expect((await read(operator, "/tenants")).pagination.total).to.equal(before + 1);
  });

  it("the same request again answers the same tenant without its key", async () => {
    const again = await send(server.url, {
      path: "/api/v1/tenants",
      key: operator.key,
      body: { name: "acme" },
      headers: { "Idempotency-Key": "open acme" },
    });
    expect(dataOf(again)).to.deep.equal({ ...opened, apiKey: null, idempotent: true });
    expect(again.headers.get("Idempotent-Replayed")).to.equal("true");
  });
});
