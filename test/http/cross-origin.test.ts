import { expect } from "chai";
import { send } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const ALLOWED = "https://app.example";
const LISTED = "http://127.0.0.1:5173";
const OTHER = "https://elsewhere.example";
const DERIVE = "/api/v1/balance/derive/cust_001";
const CHAIN = "/api/v1/chain";

describe("a page of another origin", () => {
  let dir: string;
  let server: Server;

  before(async () => {
    dir = temporaryDirectory();
    server = await startServer(dir, { TALLYROOT_CORS_ORIGINS: `${ALLOWED}, ${LISTED}` });
  });
  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const from = (Origin: string, path = DERIVE, more: Record<string, string> = {}) =>
    send(server.url, { path, headers: { Origin, ...more } });
  const preflight = (Origin: string, path = DERIVE) =>
    send(server.url, {
      method: "OPTIONS",
      path,
      headers: { Origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-api-key" },
    });

  it("that the operator lists may send a key, and read the answer and the refusal", async () => {
    for (const origin of [ALLOWED, LISTED]) {
      const granted = (await preflight(origin)).headers;
      expect(granted.get("Access-Control-Allow-Origin")).to.equal(origin);
      expect(granted.get("Access-Control-Allow-Headers")).to.equal("*, Authorization");
      expect(granted.get("Access-Control-Allow-Methods")).to.equal("GET, HEAD");
      const refused = await from(origin);
      expect([refused.status, refused.headers.get("Access-Control-Allow-Origin")]).to.deep.equal([401, origin]);
    }
    const reply = await from(ALLOWED, "/api/v1/balance/customers", { "X-Api-Key": apiKeyOf(dir) });
    expect([reply.status, reply.headers.get("Access-Control-Allow-Origin")]).to.deep.equal([200, ALLOWED]);
    expect(reply.headers.get("Access-Control-Expose-Headers")).to.include("Retry-After");
  });

  it("that is not listed is granted nothing, whatever its name begins or ends with", async () => {
    for (const origin of [OTHER, `${ALLOWED}.elsewhere.example`, `${ALLOWED}:8443`, "http://app.example", "null"]) {
      for (const { headers } of [await preflight(origin), await from(origin)])
        expect(headers.get("Access-Control-Allow-Origin"), origin).to.equal(null);
    }
  });

  it("gets no answer that was kept for another origin", async () => {
    for (const origin of [ALLOWED, OTHER]) expect((await from(origin)).headers.get("Vary")).to.include("Origin");
  });

  it("may read what is public, listed or not, and is never asked for cookies", async () => {
    for (const origin of [ALLOWED, OTHER]) {
      const { headers } = await from(origin, CHAIN);
      expect(headers.get("Access-Control-Allow-Origin")).to.equal("*");
      for (const one of [headers, (await preflight(origin, CHAIN)).headers, (await preflight(origin)).headers])
        expect(one.get("Access-Control-Allow-Credentials")).to.equal(null);
    }
  });
});
