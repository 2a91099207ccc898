import { expect } from "chai";
import { type TallyrootApiError, TallyrootConnectionError, TallyrootTimeoutError } from "#src/sdk/errors.ts";
import { pauseBefore, retryAfterOf } from "#src/sdk/retry.ts";
import { type Fault, type FaultyServer, startFaultyServer } from "./faulty-server.ts";
import { type Ground, rejection, startGround } from "./ground.ts";

const answering =
  (status: number, body = "", headers: Record<string, string> = {}): Fault =>
  (response) =>
    response.writeHead(status, headers).end(body);
const reset: Fault = (response) => response.destroy();
/** The real server does it, and its answer is lost on the way. */
const lost: Fault = async (response, forward) => {
  await forward();
  response.destroy();
};
const half: Fault = async (response, forward) => {
  const { status, body } = await forward();
  response.writeHead(status, { "Content-Length": String(body.length) });
  response.write(body.slice(0, body.length / 2), () => response.destroy());
};
const silent: Fault = () => undefined;

describe("a call through a network that fails", () => {
  let ground: Ground;
  let faulty: FaultyServer;

  before(async () => {
    ground = await startGround();
    faulty = await startFaultyServer(ground.server.url);
  });
  beforeEach(() => {
    faulty.faults.length = 0;
    faulty.seen.length = 0;
  });
  after(async () => {
    faulty.stop();
    await ground.stop();
  });

  const client = (more = {}) => ground.client({ baseUrl: faulty.url, ...more });
  const delta = (customerId: string) => ({ customerId, delta: 1, reason: "r" });

  const faults: readonly (readonly [what: string, fault: Fault])[] = [
    ["408", answering(408)],
    ["425", answering(425)],
    ["429", answering(429)],
    ["500", answering(500)],
    ["503 of something in between", answering(503, "<html>")],
    ["a connection that is reset", reset],
    ["an answer that is lost after the delta was recorded", lost],
    ["half an answer", half],
    ["200 with what is no envelope", answering(200, "<html>welcome</html>")],
    ["200 that says no success", answering(200, '{"success":false,"data":{}}')],
  ];
  for (const [i, [what, fault]] of faults.entries()) {
    it(`is tried again after ${what}, and records once`, async () => {
      faulty.faults.push(fault);
      await client().balance.emit(delta(`fault${i}`));
      const [first, second] = faulty.seen;
      expect(faulty.seen).to.have.length(2);
      expect(first!.key).to.be.a("string").and.equal(second!.key);
      expect((await ground.client().balance.derive(`fault${i}`)).deltasCount).to.equal(1);
    });
  }

  it("makes a new idempotency key for each call, and takes the caller's", async () => {
    const pac = client();
    await pac.balance.emit(delta("keys"));
    await pac.balance.emit(delta("keys"));
    await pac.balance.emit(delta("keys"), { idempotencyKey: "mine" });
    const again = await pac.balance.emit(delta("keys"), { idempotencyKey: "mine" });
    const keys = faulty.seen.map(({ key }) => key);
    expect(new Set(keys).size).to.equal(3);
    expect(keys.slice(2)).to.deep.equal(["mine", "mine"]);
    expect(again.idempotent).to.equal(true);
    expect((await ground.client().balance.derive("keys")).deltasCount).to.equal(3);
  });

  it("waits as long as Retry-After says", async () => {
    faulty.faults.push(answering(429, "", { "Retry-After": "1" }));
    await client().balance.usage();
    const [first, second] = faulty.seen;
    expect(second!.at - first!.at).to.be.within(990, 3_000);
  });

  it("gives up when it would have to wait longer than it may, and tells how long", async () => {
    faulty.faults.push(answering(503, "", { "Retry-After": "3600" }));
    const error = await rejection(client().balance.usage());
    expect(error).to.include({ name: "TallyrootApiError", code: "HTTP_503", status: 503, retryAfterSeconds: 3600 });
    expect(faulty.seen).to.have.length(1);
  });

  it("gives up after so many attempts", async () => {
    faulty.faults.push(...Array.from({ length: 9 }, () => reset));
    const error = await rejection(client({ maxRetries: 2 }).balance.usage());
    expect(error).to.be.instanceOf(TallyrootConnectionError).and.include({ code: "NO_ANSWER", retryable: true });
    expect(faulty.seen).to.have.length(3);
  });

  it("tells what the server says, and does not repeat what cannot succeed", async () => {
    const error = (await rejection(client().balance.derive("nobody"))) as unknown as TallyrootApiError;
    expect(error).to.include({ name: "TallyrootApiError", code: "CUSTOMER_NOT_FOUND", status: 404, retryable: false });
    expect(error.requestId).to.match(/\S/);
    expect(error.details.next).to.contain("Record a delta first");
    expect(faulty.seen).to.have.length(1);
    const wrong = await rejection(client({ apiKey: "pk_test_x.y" }).balance.usage());
    expect(wrong).to.include({ code: "INVALID_API_KEY", status: 401 });
  });

  it("ends an attempt that takes too long", async () => {
    faulty.faults.push(silent, silent);
    const error = await rejection(client({ timeoutMs: 60, maxRetries: 1 }).balance.usage());
    expect(error).to.be.instanceOf(TallyrootTimeoutError).and.include({ code: "TIMEOUT" });
    expect(faulty.seen).to.have.length(2);
  });

  it("ends at once when its signal is aborted: in an attempt, in a pause, and before", async () => {
    const ended = async (fault: Fault, reason: string) => {
      faulty.faults.push(fault);
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 60);
      expect(await rejection(client().balance.usage({ signal: controller.signal }))).to.equal(reason);
      const seen = faulty.seen.length;
      expect(await rejection(client().balance.usage({ signal: controller.signal }))).to.equal(reason);
      expect(faulty.seen).to.have.length(seen);
    };
    await ended(silent, "in an attempt");
    await ended(answering(503, "", { "Retry-After": "30" }), "in a pause");
  });

  it("does not follow a redirect, which would take the key with it", async () => {
    faulty.faults.push(answering(307, "", { Location: `${ground.server.url}/api/v1/balance/usage` }));
    const error = await rejection(client().balance.usage());
    expect(error).to.include({ code: "HTTP_307", retryable: false });
    expect(error.message).to.contain("redirects are not followed");
  });

  it("says when nobody listens", async () => {
    const error = await rejection(client({ baseUrl: "http://127.0.0.1:9", maxRetries: 0 }).balance.usage());
    expect(error).to.be.instanceOf(TallyrootConnectionError);
    expect(error.message).to.match(/^http:\/\/127\.0\.0\.1:9 does not answer: /);
  });

  it("takes a base URL with and without the API's path", async () => {
    for (const end of ["", "/", "/api/v1", "/api/v1/"])
      expect((await ground.client({ baseUrl: ground.server.url + end }).balance.usage()).plan).to.equal("unlimited");
    expect(() => ground.client({ baseUrl: "nowhere" })).to.throw(TypeError);
  });
});

describe("the pause before another attempt", () => {
  it("is a random share of twice as much each time, up to a bound, and never less than was asked for", () => {
    expect([1, 2, 3, 9].map((attempt) => pauseBefore(attempt, 1, null))).to.deep.equal([200, 400, 800, 10_000]);
    expect(pauseBefore(3, 0, null)).to.equal(0);
    expect(pauseBefore(1, 0.5, 2)).to.equal(2_100);
  });

  it("reads Retry-After as seconds or a date, and nothing else", () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    const read = (text: string | null) => retryAfterOf(text, now);
    expect(["0", "17", "999999"].map(read)).to.deep.equal([0, 17, 86_400]);
    expect(read("Thu, 01 Jan 2026 00:00:09 GMT")).to.equal(9);
    expect(read("Thu, 01 Jan 2025 00:00:09 GMT")).to.equal(0);
    expect([null, "", "-1", "1.5", "soon", "2026-01-02"].map(read)).to.deep.equal(Array(6).fill(null));
  });
});
