import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { rowsBehind } from "#test/run/record-of.ts";
import { dataOf, errorOf, eventually, type Members, type Request, read, record, send, verified } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

describe("API keys", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let admin: string;

  before(async () => {
    server = await startServer(dir);
    admin = apiKeyOf(dir);
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const call = (request: Request) => send(server.url, { key: admin, ...request });
  async function made(body: Members, headers?: Record<string, string>): Promise<Members> {
    const reply = await call({ path: "/api/v1/keys", body, ...(headers && { headers }) });
    expect(reply.status, reply.text).to.equal(201);
    return dataOf(reply);
  }
  const rotate = async (publicId: string, body?: Members, headers: Record<string, string> = {}) =>
    call({ method: "POST", path: `/api/v1/keys/${publicId}/rotate`, ...(body && { body }), headers });
  const revoke = (publicId: string) => call({ method: "POST", path: `/api/v1/keys/${publicId}/revoke` });
  const listed = async (publicId: string) => read({ url: server.url, key: admin }, `/keys/${publicId}`);
  const customersWith = (key: string) => send(server.url, { path: "/api/v1/balance/customers", key });
  const codeOf = async (key: string) => {
    const reply = await customersWith(key);
    return reply.status === 200 ? "ok" : (errorOf(reply).code as string);
  };

  it("a new key works at once, and its secret is nowhere but in the answer", async () => {
    const { apiKey, publicId } = await made({ scope: "read", label: "nobody reads this" });
    expect(await codeOf(apiKey)).to.equal("ok");
    const secret = apiKey.split(".")[1] as string;
    expect(JSON.stringify(await listed(publicId))).not.to.include(secret);
    expect((await call({ path: "/api/v1/keys" })).text).not.to.include(secret);
    const rows = JSON.stringify(await rowsBehind(dir, "SELECT * FROM api_keys"), (_, value) =>
      value?.type === "Buffer" ? Buffer.from(value.data).toString("latin1") : value,
    );
    expect(rows).not.to.include(secret);
    expect(rows).not.to.include("nobody reads this");
  });

  it("a revoked key is refused from the next request on, although it was in use", async () => {
    const { apiKey, publicId } = await made({ scope: "write" });
    expect(await codeOf(apiKey)).to.equal("ok");
    const reply = await revoke(publicId);
    expect(reply.status).to.equal(200);
    expect(await codeOf(apiKey)).to.equal("INVALID_API_KEY");
    expect(dataOf(await revoke(publicId)).revokedAt).to.equal(dataOf(reply).revokedAt);
  });

  it("of two that are revoked under one idempotency key at once, one is, and the other request hears of the conflict", async () => {
    const two = await Promise.all([made({ scope: "write" }), made({ scope: "write" })]);
    const headers = { "Idempotency-Key": "revoke one of two" };
    const replies = await Promise.all(
      two.map(({ publicId }) => call({ method: "POST", path: `/api/v1/keys/${publicId}/revoke`, headers })),
    );
    const said = replies.map((reply) => (reply.status === 200 ? "revoked" : errorOf(reply).code));
    expect(said).to.have.members(["revoked", "IDEMPOTENCY_CONFLICT"]);
    const codes = await Promise.all(two.map(({ apiKey }) => codeOf(apiKey)));
    expect(codes.map((code) => code === "INVALID_API_KEY")).to.deep.equal(said.map((one) => one === "revoked"));
  });

  it("a key past its end is refused", async () => {
    const expiresAt = new Date(Date.now() + 400).toISOString();
    const { apiKey } = await made({ scope: "read", expiresAt });
    expect(await codeOf(apiKey)).to.equal("ok");
    await sleep(450);
    expect(await codeOf(apiKey)).to.equal("INVALID_API_KEY");
  });

  it("the same request again answers the same key without its secret", async () => {
    const headers = { "Idempotency-Key": "make one" };
    const { apiKey, ...first } = await made({ scope: "read", label: "once" }, headers);
    expect(await made({ scope: "read", label: "once" }, headers)).to.deep.equal({
      ...first,
      apiKey: null,
      idempotent: true,
    });
    expect(apiKey).to.match(/^pk_test_[0-9a-f]{16}\./);
    const other = await call({ path: "/api/v1/keys", body: { scope: "admin", label: "once" }, headers });
    expect(errorOf(other)).to.include({ code: "IDEMPOTENCY_CONFLICT" });
    expect(errorOf(other).details.differs).to.deep.equal(["scope"]);
    const asDelta = await call({
      path: "/api/v1/balance/delta",
      body: { customerId: "c", delta: 1, reason: "r" },
      headers,
    });
    expect(errorOf(asDelta).code).to.equal("IDEMPOTENCY_CONFLICT");
  });

  it("the same request twenty times at once makes one key", async () => {
    const headers = { "Idempotency-Key": "make one at once" };
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => call({ path: "/api/v1/keys", body: { scope: "read" }, headers })),
    );
    const given = replies.map((reply) => dataOf(reply));
    expect(new Set(given.map(({ publicId }) => publicId)).size).to.equal(1);
    expect(given.filter(({ apiKey }) => apiKey !== null)).to.have.lengthOf(1);
  });

  describe("rotated", () => {
    it("both keys work until the overlap is over, then the new one only", async () => {
      const old = await made({ scope: "write", label: "backend" });
      const next = dataOf(await rotate(old.publicId, { overlapSeconds: 1 }));
      expect(next).to.include({ scope: "write", label: "backend", customerReference: null, expiresAt: null });
      expect([await codeOf(old.apiKey), await codeOf(next.apiKey)]).to.deep.equal(["ok", "ok"]);
      await eventually("the end of the overlap", async () =>
        (await codeOf(old.apiKey)) === "INVALID_API_KEY" ? true : undefined,
      );
      expect(await codeOf(next.apiKey)).to.equal("ok");
    });

    it("without a body the overlap is a day", async () => {
      const { publicId } = await made({ scope: "read" });
      await rotate(publicId);
      const { expiresAt } = await listed(publicId);
      expect(Date.parse(expiresAt) - Date.now()).to.be.within(86_390_000, 86_400_000);
    });

    it("no overlap ends the old key at once", async () => {
      const { publicId, apiKey } = await made({ scope: "read" });
      await rotate(publicId, { overlapSeconds: 0 });
      expect(await codeOf(apiKey)).to.equal("INVALID_API_KEY");
      expect(errorOf(await rotate(publicId)).message).to.match(/expired/);
    });

    it("keeps its customer and its end, and takes another end where one is given", async () => {
      const expiresAt = "2099-01-01T00:00:00.000Z";
      const old = await made({ scope: "read", customerId: "cust_001", expiresAt });
      const next = dataOf(await rotate(old.publicId));
      expect(next).to.include({ customerReference: old.customerReference, expiresAt });
      const later = dataOf(await rotate(next.publicId, { expiresAt: null }));
      expect(later).to.include({ customerReference: old.customerReference, expiresAt: null });
    });

    it("again by the same request gives no third key", async () => {
      const { publicId } = await made({ scope: "read" });
      const headers = { "Idempotency-Key": "rotate once" };
      const first = dataOf(await rotate(publicId, { overlapSeconds: 0 }, headers));
      const again = dataOf(await rotate(publicId, { overlapSeconds: 0 }, headers));
      expect(again).to.include({ publicId: first.publicId, apiKey: null, idempotent: true });
    });
  });

  it("the last admin key stays, and another one may go", async () => {
    const own = admin.split(".")[0]!.replace(/^pk_test_/, "");
    const refused = await revoke(own);
    expect(errorOf(refused)).to.include({ code: "VALIDATION_ERROR" });
    expect(errorOf(refused).message).to.match(/last admin key/);
    const second = await made({ scope: "admin" });
    expect((await revoke(second.publicId)).status).to.equal(200);
    const removed = await call({ method: "DELETE", path: `/api/v1/keys/${own}` });
    expect(errorOf(removed).code).to.equal("VALIDATION_ERROR");
    expect(await codeOf(admin)).to.equal("ok");
  });

  it("the use of a key is told, and is on disk soon after", async () => {
    const { apiKey, publicId } = await made({ scope: "read" });
    expect((await listed(publicId)).lastUsedAt).to.equal(null);
    await codeOf(apiKey);
    const { lastUsedAt } = await listed(publicId);
    expect(Date.now() - Date.parse(lastUsedAt)).to.be.within(0, 5_000);
    await codeOf(apiKey);
    expect((await listed(publicId)).lastUsedAt).to.equal(lastUsedAt);
    const stored = await eventually("the use on disk", async () => {
      const [row] = await rowsBehind<{ at: number | null }>(
        dir,
        "SELECT last_used_at AS at FROM api_keys WHERE public_id = ?",
        publicId,
      );
      return row?.at ?? undefined;
    });
    expect(stored).to.equal(Date.parse(lastUsedAt));
  });

  it("a list goes through all keys page by page", async () => {
    const { total } = (await read({ url: server.url, key: admin }, "/keys?limit=1")).pagination;
    const seen = new Set<string>();
    for (let offset = 0; offset < total; offset += 3) {
      const { keys } = await read({ url: server.url, key: admin }, `/keys?limit=3&offset=${offset}`);
      for (const { publicId } of keys) seen.add(publicId);
    }
    expect(seen.size).to.equal(total);
  });

  describe("of one customer", () => {
    let own: Members;
    let other: Members;
    let key: string;

    before(async () => {
      const target = { url: server.url, key: admin };
      own = await record(target, { customerId: "own", delta: 5, reason: "r" });
      other = await record(target, { customerId: "other", delta: 7, reason: "r" });
      await verified(target, own.recordId);
      await verified(target, other.recordId);
      ({ apiKey: key } = await made({ scope: "read", customerId: "own" }));
    });

    const answers = async (path: string) => {
      const reply = await send(server.url, { path: `/api/v1${path}`, key });
      return reply.status === 200 ? "ok" : `${reply.status} ${errorOf(reply).code}`;
    };

    /** What a key of `own` may ask, with the answer it gets; `{…}` stands for what is of `own` or of `other`. */
    const TABLE: readonly (readonly [path: string, own: string, other: string])[] = [
      ["/balance/customers/{customerId}", "ok", "404 CUSTOMER_NOT_FOUND"],
      ["/balance/customers/{customerId}/receipts", "ok", "404 CUSTOMER_NOT_FOUND"],
      ["/balance/derive/{customerId}", "ok", "404 CUSTOMER_NOT_FOUND"],
      ["/balance/gaps/{customerId}", "ok", "404 CUSTOMER_NOT_FOUND"],
      ["/balance/delta/{recordId}", "ok", "404 NOT_FOUND"],
      ["/balance/receipts/{receiptId}", "ok", "404 NOT_FOUND"],
      ["/balance/checkpoints?customerId={customerId}", "ok", "404 CUSTOMER_NOT_FOUND"],
      ["/balance/limits", "ok", "ok"],
      ["/balance/customers/summary", "403 FORBIDDEN_SCOPE", "403 FORBIDDEN_SCOPE"],
      ["/balance/usage", "403 FORBIDDEN_SCOPE", "403 FORBIDDEN_SCOPE"],
      ["/keys", "403 FORBIDDEN_SCOPE", "403 FORBIDDEN_SCOPE"],
      ["/tenants", "404 NOT_FOUND", "404 NOT_FOUND"],
    ];
    for (const [path, whenOwn, whenOther] of TABLE) {
      it(`${path}: ${whenOwn}; another customer's: ${whenOther}`, async () => {
        const fill = (of: Members) => path.replace(/\{(\w+)\}/, (_, name: string) => of[name]);
        expect(await answers(fill(own))).to.equal(whenOwn);
        expect(await answers(fill(other))).to.equal(whenOther);
      });
    }

    it("is told the same of another customer as of nobody", async () => {
      const [theirs, nobodys] = await Promise.all(
        ["other", "nobody"].map((id) => send(server.url, { path: `/api/v1/balance/derive/${id}`, key })),
      );
      expect(errorOf(theirs!).message.replace("other", "nobody")).to.equal(errorOf(nobodys!).message);
      expect(theirs!.status).to.equal(nobodys!.status);
    });

    it("lists this customer only, whatever is searched for", async () => {
      const ids = async (query: string) =>
        ((await read({ url: server.url, key }, `/balance/customers${query}`)).customers as Members[]).map(
          ({ customerId }) => customerId,
        );
      expect(await ids("")).to.deep.equal(["own"]);
      expect(await ids("?search=OW")).to.deep.equal(["own"]);
      expect(await ids("?search=other")).to.deep.equal([]);
      expect(await ids(`?search=${other.ledgerIdentifier}`)).to.deep.equal([]);
      expect(await ids("?page=2")).to.deep.equal([]);
    });

    it("may not record", async () => {
      const reply = await send(server.url, {
        path: "/api/v1/balance/delta",
        body: { customerId: "own", delta: 1, reason: "r" },
        key,
      });
      expect(errorOf(reply).code).to.equal("FORBIDDEN_SCOPE");
    });

    it("may be made before the customer's first delta, and reads it from then on", async () => {
      const { apiKey } = await made({ scope: "read", customerId: "later" });
      const look = () => send(server.url, { path: "/api/v1/balance/derive/later", key: apiKey });
      expect(errorOf(await look()).code).to.equal("CUSTOMER_NOT_FOUND");
      expect(dataOf(await customersWith(apiKey)).customers).to.deep.equal([]);
      await record({ url: server.url, key: admin }, { customerId: "later", delta: 9, reason: "r" });
      expect(dataOf(await look())).to.include({ computedBalance: 9 });
    });
  });
});
