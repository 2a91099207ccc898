import { expect } from "chai";
import { networkOf } from "#src/http/rate-limit.ts";
import { dataOf, errorOf, type Reply, send } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const USAGE = "/api/v1/balance/usage";
const CHAIN = "/api/v1/chain";

/** What the headers of draft-ietf-httpapi-ratelimit-headers say. */
function limitsIn({ headers }: Reply) {
  const [, quota, window] = /^"\w+";q=(\d+);w=(\d+)$/.exec(headers.get("RateLimit-Policy") ?? "") ?? [];
  const [, remaining, seconds] = /^"\w+";r=(\d+);t=(\d+)$/.exec(headers.get("RateLimit") ?? "") ?? [];
  return { quota: Number(quota), window: Number(window), remaining: Number(remaining), seconds: Number(seconds) };
}

describe("rate limits", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let admin: string;

  before(async () => {
    server = await startServer(dir, {
      TALLYROOT_RATE_LIMIT_PER_MINUTE: "5",
      TALLYROOT_PUBLIC_RATE_LIMIT_PER_MINUTE: "3",
      TALLYROOT_TRUSTED_PROXIES: "1",
    });
    admin = apiKeyOf(dir);
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const from = (address: string) => send(server.url, { path: CHAIN, headers: { "X-Forwarded-For": address } });

  it("of a key are told with each answer, and counted down", async () => {
    const body = { scope: "read" };
    const made = await send(server.url, { path: "/api/v1/keys", key: admin, body });
    expect(limitsIn(made)).to.include({ quota: 5, window: 60, remaining: 4 });
    const { apiKey } = dataOf(made);
    const remaining: number[] = [];
    for (let i = 0; i < 5; i++) {
      const reply = await send(server.url, { path: USAGE, key: apiKey });
      expect(reply.status).to.equal(200);
      remaining.push(limitsIn(reply).remaining);
    }
    expect(remaining).to.deep.equal([4, 3, 2, 1, 0]);

    const refused = await send(server.url, { path: USAGE, key: apiKey });
    expect(refused.status).to.equal(429);
    const error = errorOf(refused);
    expect(error.code).to.equal("RATE_LIMITED");
    expect(error.retryAfterSeconds).to.be.within(1, 60);
    expect(refused.headers.get("Retry-After")).to.equal(String(error.retryAfterSeconds));
    expect(limitsIn(refused)).to.include({ quota: 5, remaining: 0, seconds: error.retryAfterSeconds });

    const other = await send(server.url, { path: USAGE, key: admin });
    expect(other.status, "another key").to.equal(200);
  });

  it("refuse before the body is read", async () => {
    const { apiKey } = dataOf(await send(server.url, { path: "/api/v1/keys", key: admin, body: { scope: "write" } }));
    const path = "/api/v1/balance/delta";
    const codes: string[] = [];
    for (let i = 0; i < 6; i++) codes.push(errorOf(await send(server.url, { path, key: apiKey, body: "{" })).code);
    expect(codes).to.deep.equal([...Array(5).fill("VALIDATION_ERROR"), "RATE_LIMITED"]);
  });

  it("of a key do not count what a wrong key asks", async () => {
    const wrong = admin.replace(/\..*/, `.${"0".repeat(43)}`);
    const reply = await send(server.url, { path: USAGE, key: wrong });
    expect(reply.status).to.equal(401);
    expect(reply.headers.get("RateLimit")).to.equal(null);
  });

  it("of the public routes are per address, and one proxy's word is taken for it", async () => {
    for (let i = 0; i < 3; i++) expect((await from("192.0.2.1")).status).to.equal(200);
    const refused = await from("192.0.2.1");
    expect(errorOf(refused).code).to.equal("RATE_LIMITED");
    expect(refused.headers.get("Access-Control-Allow-Origin"), "pages may read the refusal").to.equal("*");
    expect(refused.headers.get("Access-Control-Expose-Headers")).to.include("RateLimit").and.to.include("Retry-After");
    expect((await from("192.0.2.2")).status, "another address").to.equal(200);
    expect((await from("192.0.2.2, 192.0.2.1")).status, "what the caller itself wrote").to.equal(429);
  });

  it("of the public routes do not keep probes away", async () => {
    for (const path of ["/healthz", "/readyz", "/metrics"]) {
      for (let i = 0; i < 5; i++) {
        const reply = await send(server.url, { path, headers: { "X-Forwarded-For": "192.0.2.9" } });
        expect(reply.status, path).to.equal(200);
        expect(reply.headers.get("RateLimit")).to.equal(null);
      }
    }
  });
});

describe("rate limits that nobody configured", () => {
  const dir = temporaryDirectory();
  let server: Server;

  before(async () => {
    server = await startServer(dir);
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  it("are not there", async () => {
    for (const request of [{ path: CHAIN }, { path: USAGE, key: apiKeyOf(dir) }]) {
      const { headers } = await send(server.url, request);
      expect(headers.get("RateLimit")).to.equal(null);
      expect(headers.get("RateLimit-Policy")).to.equal(null);
    }
  });
});

describe("the network of an address", () => {
  const same: readonly (readonly [claim: string, one: string, other: string, same: boolean])[] = [
    ["two IPv4 addresses differ", "192.0.2.1", "192.0.2.2", false],
    ["an IPv4 address is the same when it is written as IPv6", "192.0.2.1", "::ffff:192.0.2.1", true],
    ["IPv6 addresses of one /64 are one", "2001:db8::1", "2001:db8::ffff:1", true],
    ["IPv6 addresses of two /64 differ", "2001:db8:0:1::1", "2001:db8:0:2::1", false],
    ["what is no address is one", "a", "b", true],
  ];
  for (const [claim, one, other, expected] of same) {
    it(claim, () => expect(networkOf(one) === networkOf(other)).to.equal(expected));
  }
});
