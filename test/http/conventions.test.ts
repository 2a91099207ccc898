import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "chai";
import { ROUTES } from "#src/http/route-table.ts";
import { dataOf, errorOf, type Members, read, record, send, type Target, verified } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const DELTA = "/api/v1/balance/delta";
const BODY = { customerId: "cust_001", delta: 1, reason: "r" };

describe("the HTTP conventions", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let target: Required<Target>;

  before(async () => {
    server = await startServer(dir);
    target = { url: server.url, key: apiKeyOf(dir) };
    await record(target, BODY);
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  it("an error has a code, a message, what to do next and the request id, and nothing else", async () => {
    const reply = await send(server.url, { path: "/api/v1/balance/customers/nobody", key: target.key });
    const error = errorOf(reply);
    expect(error).to.have.all.keys("code", "message", "details", "customerId", "requestId");
    expect(error.customerId).to.equal("nobody");
    expect(error.details).to.deep.equal({ next: "Record a delta first: the ledger exists from then on." });
  });

  it("an error is a problem of RFC 9457 for whoever accepts that", async () => {
    const headers = { Accept: "application/problem+json, application/json;q=0.5" };
    const reply = await send(server.url, { path: "/api/v1/balance/customers/nobody", key: target.key, headers });
    expect(reply.headers.get("Content-Type")).to.equal("application/problem+json; charset=utf-8");
    const problem = JSON.parse(reply.text) as Members;
    expect(problem).to.include({ status: 404, code: "CUSTOMER_NOT_FOUND", customerId: "nobody" });
    expect(problem.requestId).to.equal(reply.headers.get("X-Request-Id"));
    expect(problem).to.include.all.keys("type", "title", "detail", "details");
  });

  it("an unknown fingerprint is 404 with verified: false", async () => {
    const reply = await send(server.url, { path: `/api/v1/verify/0x${"00".repeat(32)}` });
    expect(reply.status).to.equal(404);
    expect(JSON.parse(reply.text)).to.include({ success: false, verified: false });
  });

  it("an error names every member that is wrong", async () => {
    const reply = await send(server.url, { path: DELTA, key: target.key, body: { delta: "x", extra: 1 } });
    const paths = (errorOf(reply).details.issues as Members[]).map(({ path }) => path);
    expect(paths).to.have.members(["customerId", "delta", "reason", "extra"]);
  });

  it("X-Request-Id is taken, and answered on success and in errors", async () => {
    const headers = { "X-Request-Id": "order:42" };
    const good = await send(server.url, { path: "/healthz", headers });
    expect(good.headers.get("X-Request-Id")).to.equal("order:42");
    const bad = await send(server.url, { path: "/nowhere", headers });
    expect(errorOf(bad).requestId).to.equal("order:42");
  });

  it("X-Request-Id is made where none came, or one that does not belong in a log", async () => {
    for (const headers of [{}, { "X-Request-Id": "a b" }, { "X-Request-Id": "a".repeat(129) }]) {
      const reply = await send(server.url, { path: "/healthz", headers });
      expect(reply.headers.get("X-Request-Id")).to.match(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    }
  });

  it("an unknown route has the same envelope", async () => {
    for (const path of ["/nowhere", "/api/v1", "/api/v2/balance/delta", "/api/v1/balance/delta/a/b", "/.env"]) {
      const reply = await send(server.url, { path, key: target.key });
      expect(reply.status, path).to.equal(404);
      expect(errorOf(reply).code).to.equal("NOT_FOUND");
    }
  });

  it("a method that a route does not take is refused, and Allow names those that it takes", async () => {
    for (const method of ["PUT", "PATCH", "DELETE", "GET"]) {
      const reply = await send(server.url, { method, path: DELTA, key: target.key });
      expect(reply.status, method).to.equal(404);
      expect(errorOf(reply).message).to.equal(`${method} is not taken here, only POST`);
      expect(reply.headers.get("Allow")).to.equal("POST");
    }
    const reply = await send(server.url, { method: "POST", path: "/api/v1/chain" });
    expect(reply.status).to.equal(404);
    expect(reply.headers.get("Allow")).to.equal("GET, HEAD");
  });

  it("HEAD is GET without the body", async () => {
    const path = "/api/v1/balance/customers/cust_001";
    const reply = await send(server.url, { method: "HEAD", path, key: target.key });
    expect(reply.status).to.equal(200);
    expect(reply.text).to.equal("");
    const refused = await send(server.url, { method: "HEAD", path });
    expect(refused.status).to.equal(401);
  });

  it("OPTIONS tells the methods without a key", async () => {
    const one = await send(server.url, { method: "OPTIONS", path: DELTA });
    expect([one.status, one.headers.get("Allow")]).to.deep.equal([204, "POST"]);
    const unknown = await send(server.url, { method: "OPTIONS", path: "/nowhere" });
    expect(unknown.status).to.equal(404);
  });

  it("a browser's preflight is granted where any page may read, and nowhere else", async () => {
    const headers = { Origin: "https://page.example", "Access-Control-Request-Method": "GET" };
    for (const { path, cors } of ROUTES) {
      const reply = await send(server.url, { method: "OPTIONS", path: path.replace(/:\w+/, "1"), headers });
      expect(reply.status, path).to.equal(204);
      expect(reply.headers.get("Access-Control-Allow-Origin"), path).to.equal(cors ?? null);
      expect(reply.headers.get("Access-Control-Allow-Methods"), path).to.equal(cors ? "GET, HEAD" : null);
    }
  });

  it("any page may read a public route's refusal too", async () => {
    const reply = await send(server.url, { path: "/api/v1/verify/0x12" });
    expect(reply.status).to.equal(400);
    expect(reply.headers.get("Access-Control-Allow-Origin")).to.equal("*");
  });

  it("the headers of the other API's clients change nothing", async () => {
    const headers = { "X-Chain-Id": "137", "X-Credit-Pool-Id": "pool", "X-Environment": "production" };
    const view = await record(target, BODY, headers);
    expect(view.customerId).to.equal("cust_001");
    const chain = await send(server.url, { path: "/api/v1/chain", headers });
    expect(dataOf(chain).chainId).to.equal(server.chainId);
  });

  it("nothing tells what the server is made of", async () => {
    const { headers } = await send(server.url, { path: "/healthz" });
    expect(headers.get("X-Powered-By")).to.equal(null);
    expect(headers.get("Server")).to.equal(null);
    expect(headers.get("X-Content-Type-Options")).to.equal("nosniff");
  });

  it("a byte order mark in front of the body is no part of it", async () => {
    const reply = await send(server.url, { path: DELTA, key: target.key, body: `\ufeff${JSON.stringify(BODY)}` });
    expect(reply.status, reply.text).to.equal(201);
  });

  it("metadata keeps names that JavaScript itself uses, and its receipt verifies", async () => {
    const metadata = '{"__proto__":{"admin":true},"constructor":"c","toString":null,"length":0.1}';
    const body = `{"customerId":"cust_proto","delta":1e0,"reason":"r","metadata":${metadata}}`;
    const reply = await send(server.url, { path: DELTA, key: target.key, body });
    expect(reply.status, reply.text).to.equal(201);
    expect(reply.text).to.include(`"metadata":${metadata}`);
    const { recordId, receiptId } = dataOf(reply);
    await verified(target, recordId);
    const stored = await send(server.url, { path: `${DELTA}/${recordId}`, key: target.key });
    expect(stored.text).to.include(`"metadata":${metadata}`);
    const receipt = await read(target, `/balance/receipts/${receiptId}`);
    expect(JSON.stringify(receipt.content.metadata)).to.equal(metadata);
  });

  it("whoever has no key is refused before the body is sent", async () => {
    const { port, hostname } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST ${DELTA} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 999999\r\n\r\n{`,
    );
    const [answer] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    expect(answer.toString("utf8")).to.match(/^HTTP\/1\.1 401 /);
  });

  it("page after page shows every delta once, newest first for a customer and oldest first for a balance", async () => {
    for (let i = 1; i <= 5; i++) await record(target, { customerId: "paged", delta: i, reason: "r" });
    const newest: number[] = [];
    const oldest: number[] = [];
    for (const page of [1, 2, 3]) {
      const { recentActivity } = await read(target, `/balance/customers/paged?deltaPage=${page}&deltaLimit=2`);
      newest.push(...(recentActivity.items as Members[]).map((item) => item.sequence as number));
      expect(recentActivity.pagination).to.deep.equal({ total: 5, page, limit: 2, totalPages: 3 });
      const derived = await read(target, `/balance/derive/paged?limit=2&offset=${(page - 1) * 2}`);
      oldest.push(...(derived.deltas as Members[]).map((delta) => delta.sequence as number));
      expect(derived).to.include({ computedBalance: 15, deltasCount: 5 });
    }
    expect(newest).to.deep.equal([5, 4, 3, 2, 1]);
    expect(oldest).to.deep.equal([1, 2, 3, 4, 5]);
    const beyond = await read(target, "/balance/derive/paged?offset=9007199254740991");
    expect(beyond.deltas).to.deep.equal([]);
    const after = await read(target, "/balance/customers/paged?deltaPage=9007199254740991&deltaLimit=1000");
    expect(after.recentActivity.items).to.deep.equal([]);
  });
});
