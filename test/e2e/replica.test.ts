import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { dataOf, eventually, type Members, record, send, verified } from "#test/http/call.ts";
import {
  apiKeyOf,
  refusedStart,
  removeDirectory,
  type Server,
  startServer,
  temporaryDirectory,
} from "#test/http/server.ts";
import { type Pair, startPair } from "#test/ports/postgres-standby.ts";

/** Longer than any test takes, in seconds. */
const ANY = "max-stale=120";

describe("a server with a replica of its database", function () {
  this.timeout(90_000);
  const dir = temporaryDirectory();
  let pair: Pair;
  let server: Server;
  let key: string;
  const target = () => ({ url: server.url, key });
  const get = (path: string, cacheControl?: string, by = key) =>
    send(server.url, {
      path: `/api/v1${path}`,
      key: by,
      ...(cacheControl !== undefined && { headers: { "Cache-Control": cacheControl } }),
    });
  const balance = async (cacheControl?: string) => {
    const reply = await get("/balance/derive/kept", cacheControl);
    return { balance: dataOf(reply).computedBalance as number, age: reply.headers.get("age") };
  };
  const give = (customerId: string, delta: number, reason = "usage") => record(target(), { customerId, delta, reason });
  /** From here on the replica hears nothing of what is recorded; it knows what was before, and this server that it does. */
  const standStill = async () => {
    await pair.caughtUp();
    await sleep(1_500);
    await pair.ask(pair.standbyUrl, "SELECT pg_wal_replay_pause()");
    still = true;
    await eventually("paused", async () => {
      const text = "SELECT pg_get_wal_replay_pause_state() = 'paused' AS is";
      return (await pair.ask<{ is: boolean }>(pair.standbyUrl, text))[0]!.is || undefined;
    });
  };
  let still = false;
  const goOn = async () => {
    if (still) await pair.ask(pair.standbyUrl, "SELECT pg_wal_replay_resume()");
    still = false;
  };

  before(async () => {
    pair = await startPair();
    server = await startServer(dir, {
      TALLYROOT_DATABASE_URL: pair.primaryUrl,
      TALLYROOT_DATABASE_REPLICA_URL: pair.standbyUrl,
    });
    key = apiKeyOf(dir);
  });
  after(async () => {
    await server?.stop();
    await pair?.stop();
    removeDirectory(dir);
  });
  afterEach(goOn);

  it("answers from it only who says that the answer may be old, and says how old it is", async () => {
    await give("kept", 1);
    await standStill();
    await give("kept", 10);
    expect(await balance()).to.deep.equal({ balance: 11, age: null });
    const stale = await balance(ANY);
    expect(stale.balance).to.equal(1);
    expect(Number(stale.age)).to.be.within(1, 120);
    expect((await balance("max-stale")).balance).to.equal(1);
    for (const fresh of [`${ANY}, no-cache`, "max-stale=soon", "max-age=60", "no-cache"])
      expect(await balance(fresh), fresh).to.deep.equal({ balance: 11, age: null });
  });

  it("does not where it is older than that", async () => {
    await standStill();
    await give("kept", 100);
    await sleep(2_500);
    expect(await balance("max-stale=1")).to.deep.equal({ balance: 111, age: null });
    expect((await balance(ANY)).balance).to.equal(11);
    await goOn();
    await eventually("heard of", async () => ((await balance("max-stale=5")).balance === 111 ? true : undefined));
  });

  it("gives lists and receipts of it, and what it has not heard of from the record", async () => {
    const delta = await give("listed", 7);
    await verified(target(), delta.recordId);
    await standStill();
    const fresh = await give("new", 5);
    const paths = [
      "/balance/customers",
      "/balance/customers/listed",
      "/balance/customers/listed/receipts",
      `/balance/receipts/${delta.receiptId}`,
      `/receipt/${delta.receiptId}`,
      "/balance/checkpoints",
      "/anchors",
    ];
    for (const path of paths) {
      const [old, now] = [await get(path, ANY), await get(path)];
      expect(old.status, path).to.equal(200);
      expect(old.headers.get("age"), path).to.match(/^[0-9]+$/);
      expect(now.headers.get("age"), path).to.equal(null);
    }
    const names = async (cacheControl?: string) =>
      (dataOf(await get("/balance/customers", cacheControl)).customers as Members[]).map(
        ({ customerId }) => customerId,
      );
    expect(await names(ANY))
      .to.include("listed")
      .and.not.to.include("new");
    expect(await names()).to.include("new");
    const unheard = await get("/balance/derive/new", ANY);
    expect([unheard.status, unheard.headers.get("age")]).to.deep.equal([200, null]);
    const shown = await get(`/balance/delta/${fresh.recordId}`, ANY);
    expect([shown.status, shown.headers.get("age")], "another route").to.deep.equal([200, null]);
  });

  it("shows nothing of it that was erased, and believes no key that was revoked", async () => {
    await give("gone", 1, "private matters");
    const made = await send(server.url, { path: "/api/v1/keys", key, body: { scope: "read", label: "reader" } });
    const reader = dataOf(made) as { apiKey: string; publicId: string };
    expect((await get("/balance/derive/gone", undefined, reader.apiKey)).text).to.contain("private matters");
    await standStill();
    for (const path of ["/balance/customers/gone/content", `/keys/${reader.publicId}`]) {
      const { status, text } = await send(server.url, { method: "DELETE", path: `/api/v1${path}`, key });
      expect(status, text).to.equal(200);
    }
    const old = await get("/balance/customers/gone/receipts", ANY);
    expect(old.text).not.to.contain("private matters");
    expect((await get("/balance/derive/kept", ANY, reader.apiKey)).status).to.equal(401);
  });

  it("answers from the record where it is away", async () => {
    await pair.stopStandby();
    expect(await balance(ANY)).to.deep.equal({ balance: 111, age: null });
    expect(server.output()).to.contain("a replica of the database cannot be read");
  });

  it("is refused without the database that it is a replica of", async () => {
    const { code, errors } = await refusedStart(temporaryDirectory(), {
      TALLYROOT_DATABASE_URL: "",
      TALLYROOT_DATABASE_REPLICA_URL: pair.standbyUrl,
    });
    expect(code).to.equal(1);
    expect(errors).to.contain("TALLYROOT_DATABASE_REPLICA_URL is of no use without").and.not.to.contain("password");
  });
});
