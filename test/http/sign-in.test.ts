import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parseApiKey } from "#src/ledger/api-keys.ts";
import { dataOf, errorOf, type Members, type Reply, read, record, send } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe("signing in by a link", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let admin: string;
  let linkKey: string;

  before(async () => {
    server = await startServer(dir, { TALLYROOT_LOG_LEVEL: "debug" });
    admin = apiKeyOf(dir);
    linkKey = /#sign-in=(\S+)$/m.exec(server.output())?.[1] ?? "";
  });

  after(async () => {
    await server?.stop();
    removeDirectory(dir);
  });

  const post = (path: string, key: string, body?: Members, headers?: Record<string, string>) =>
    send(server.url, { method: "POST", path: `/api/v1${path}`, key, body, ...(headers && { headers }) });
  const current = (key: string) => send(server.url, { path: "/api/v1/keys/current", key });
  const idOf = (key: string) => parseApiKey(key)!.publicId;
  /** What the page does with the key of a link. */
  const exchange = (key: string, headers?: Record<string, string>) => {
    const expiresAt = new Date(Date.now() + 30 * DAY_MS).toISOString();
    return post(`/keys/${idOf(key)}/rotate`, key, { overlapSeconds: 0, expiresAt, label: "dashboard" }, headers);
  };
  const link = async (): Promise<string> => {
    const expiresAt = new Date(Date.now() + HOUR_MS).toISOString();
    return dataOf(await post("/keys", admin, { scope: "admin", label: "sign-in link", expiresAt })).apiKey;
  };
  const codes = (replies: Reply[]) => replies.map((reply) => (reply.status < 300 ? "ok" : errorOf(reply).code));

  it("the first start prints one, whose key is an admin's, of one hour, and says what it is for", async () => {
    expect(server.output()).to.include(`  Dashboard  ${server.url}/#sign-in=${linkKey}\n`);
    const { key } = dataOf(await current(linkKey));
    expect(key).to.include({ scope: "admin", label: "sign-in link", customerReference: null });
    expect(Date.parse(key.expiresAt) - Date.parse(key.createdAt)).to.equal(HOUR_MS);
  });

  it("works once: the page's key takes its place, with another label and end", async () => {
    const reply = await exchange(linkKey);
    const own = dataOf(reply);
    expect(own).to.include({ scope: "admin", label: "dashboard" });
    expect(Date.parse(own.expiresAt) - Date.now()).to.be.within(30 * DAY_MS - 60_000, 30 * DAY_MS);
    expect(codes([await current(own.apiKey), await current(linkKey), await exchange(linkKey)])).to.deep.equal([
      "ok",
      "INVALID_API_KEY",
      "INVALID_API_KEY",
    ]);
  });

  it("lets one in of twenty that open it at once, and the others hear that the key does not work", async () => {
    for (const headers of [undefined, { "Idempotency-Key": "one" }]) {
      const key = await link();
      const before = (await read({ url: server.url, key: admin }, "/keys?limit=1")).pagination.total;
      const replies = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          exchange(key, headers && { "Idempotency-Key": `${headers["Idempotency-Key"]}${i}` }),
        ),
      );
      const said = codes(replies);
      expect(said.filter((code) => code === "ok")).to.have.length(1);
      expect(said.filter((code) => code === "INVALID_API_KEY")).to.have.length(19);
      const { total } = (await read({ url: server.url, key: admin }, "/keys?limit=1")).pagination;
      expect(total).to.equal(before + 1);
    }
  });

  it("by another admin, twenty rotations of one key at once without overlap give one key", async () => {
    const publicId = idOf(await link());
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => post(`/keys/${publicId}/rotate`, admin, { overlapSeconds: 0 })),
    );
    const said = codes(replies);
    expect(said.filter((code) => code === "ok")).to.have.length(1);
    expect(said.filter((code) => code === "VALIDATION_ERROR")).to.have.length(19);
    const late = replies.find(({ status }) => status === 400)!;
    expect(errorOf(late).message).to.match(/is expired: make a new one/);
  });

  it("a key whose overlap is over is not rotated, by itself or by another", async () => {
    const { apiKey, publicId } = dataOf(await post("/keys", admin, { scope: "admin", label: "backend" }));
    const next = dataOf(await post(`/keys/${publicId}/rotate`, apiKey, { overlapSeconds: 1 }));
    expect(next.label).to.equal("backend");
    expect(codes([await current(apiKey), await current(next.apiKey)])).to.deep.equal(["ok", "ok"]);
    await new Promise((over) => setTimeout(over, 1_050));
    const byItself = await post(`/keys/${publicId}/rotate`, apiKey, { overlapSeconds: 0 });
    const byAnother = await post(`/keys/${publicId}/rotate`, admin, { overlapSeconds: 0 });
    expect(codes([byItself, byAnother])).to.deep.equal(["INVALID_API_KEY", "VALIDATION_ERROR"]);
  });

  it("with another label the same idempotency key is a conflict", async () => {
    const { publicId } = dataOf(await post("/keys", admin, { scope: "read" }));
    const once = { "Idempotency-Key": "label" };
    await post(`/keys/${publicId}/rotate`, admin, { label: "a" }, once);
    const again = dataOf(await post(`/keys/${publicId}/rotate`, admin, { label: "a" }, once));
    expect(again).to.include({ label: "a", apiKey: null, idempotent: true });
    const other = errorOf(await post(`/keys/${publicId}/rotate`, admin, { label: "b" }, once));
    expect(other).to.include({ code: "IDEMPOTENCY_CONFLICT" });
    expect(other.message).to.match(/another label/);
  });

  it("the key of the link is in no log, figure or file; only the terminal had it", async () => {
    const secret = linkKey.split(".")[1]!;
    expect(server.output()).to.match(/"msg":"answered"/);
    expect(server.output().split(secret)).to.have.length(2);
    expect(server.errors()).to.equal("");
    expect((await send(server.url, { path: "/metrics" })).text).not.to.include(secret);
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()))
      expect(readFileSync(join(entry.parentPath, entry.name)).includes(secret), entry.name).to.equal(false);
  });

  it("a later start prints where the dashboard is and how to get a link, and makes no key", async () => {
    const before = (await read({ url: server.url, key: admin }, "/keys?limit=1")).pagination.total;
    await server.stop();
    server = await startServer(dir);
    expect(server.output()).to.include(
      `  Dashboard  ${server.url}  (a sign-in link: npm run tallyroot -- dashboard)\n`,
    );
    expect(server.output()).not.to.include("#sign-in");
    const { total } = (await read({ url: server.url, key: admin }, "/keys?limit=1")).pagination;
    expect(total).to.equal(before);
  });

  describe("the key that asks", () => {
    it("is told whose it is, without its secret", async () => {
      const view = dataOf(await current(admin));
      expect(view).to.have.all.keys("key", "tenant", "customerId", "mode");
      expect(view).to.deep.include({ tenant: "default", customerId: null, mode: "test" });
      expect(view.key).to.include({ publicId: idOf(admin), scope: "admin" });
      const { apiKey } = dataOf(await post("/tenants", admin, { name: "acme" }));
      expect(dataOf(await current(apiKey)).tenant).to.equal("acme");
    });

    it("of one customer is told which, from its first delta until it is erased", async () => {
      const body = { scope: "read", customerId: "cust_key", label: "for the counterparty" };
      const { apiKey, customerReference } = dataOf(await post("/keys", admin, body));
      const told = async () => dataOf(await current(apiKey));
      expect(await told()).to.have.property("customerId", null);
      await record({ url: server.url, key: admin }, { customerId: "cust_key", delta: 1, reason: "r" });
      expect(await told()).to.have.property("customerId", "cust_key");
      expect((await told()).key).to.have.property("customerReference", customerReference);
      const path = "/api/v1/balance/customers/cust_key/content";
      expect((await send(server.url, { method: "DELETE", path, key: admin })).status).to.equal(200);
      const after = await told();
      expect(after.customerId).to.equal(null);
      expect(after.key).to.include({ customerReference, label: null });
    });

    it("revokes itself whatever its scope is, and is refused from then on", async () => {
      const wanted = [
        { scope: "read" },
        { scope: "write" },
        { scope: "admin" },
        { scope: "read", customerId: "cust_key" },
      ];
      for (const body of wanted) {
        const { apiKey, publicId } = dataOf(await post("/keys", admin, body));
        const revoked = dataOf(await post("/keys/current/revoke", apiKey));
        expect(revoked.publicId).to.equal(publicId);
        expect(revoked.revokedAt).to.be.a("string");
        expect(codes([await current(apiKey), await post("/keys/current/revoke", apiKey)])).to.deep.equal([
          "INVALID_API_KEY",
          "INVALID_API_KEY",
        ]);
      }
    });

    it("stays when it is the last admin key without an end, beside any number of visits", async () => {
      const { keys } = await read({ url: server.url, key: admin }, "/keys?limit=1000");
      for (const { scope, revokedAt, expiresAt, publicId } of keys as Members[])
        if (scope === "admin" && !revokedAt && !expiresAt && publicId !== idOf(admin))
          expect((await post(`/keys/${publicId}/revoke`, admin)).status).to.equal(200);
      await link();
      const refused = errorOf(await post("/keys/current/revoke", admin));
      expect(refused.code).to.equal("VALIDATION_ERROR");
      expect(refused.message).to.match(/last admin key .* no end/);
      expect((await current(admin)).status).to.equal(200);
    });
  });
});
