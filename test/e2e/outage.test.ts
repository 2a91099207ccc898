import { expect } from "chai";
import { fromHex } from "#src/core/bytes.ts";
import { PUBLISHER_KEY, start } from "#test/chain/embedded-fixture.ts";
import {
  dataOf,
  errorOf,
  eventually,
  type Members,
  read,
  record,
  send,
  type Target,
  verified,
} from "#test/http/call.ts";
import { type Seed, seedDirectory } from "#test/http/seed.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { changeBehind } from "#test/run/record-of.ts";

const BODY = { customerId: "cust_001", delta: 1, reason: "r" };

describe("while the chain does not answer", () => {
  const chainDir = temporaryDirectory();
  const dir = temporaryDirectory();
  let server: Server;
  let target: Required<Target>;
  let early: Members;
  let late: Members;
  let chainPort: number;
  let stopChain: () => Promise<void>;

  const startChain = async (port: number) => {
    const chain = await start(chainDir, { port });
    stopChain = chain.stop;
    return chain.rpcUrl;
  };

  before(async () => {
    const rpcUrl = await startChain(0);
    chainPort = Number(new URL(rpcUrl).port);
    const settings = { TALLYROOT_CHAIN: "rpc", TALLYROOT_RPC_URL: rpcUrl, TALLYROOT_PUBLISHER_KEY: PUBLISHER_KEY };
    server = await startServer(dir, { ...settings, TALLYROOT_CONFIRMATIONS: "1" });
    target = { url: server.url, key: apiKeyOf(dir) };
    early = await record(target, BODY);
    await verified(target, early.recordId);
    await stopChain();
  });

  after(async () => {
    await server?.stop();
    await stopChain();
    for (const one of [chainDir, dir]) removeDirectory(one);
  });

  it("recording goes on", async () => {
    late = await record(target, BODY);
    expect(late).to.include({ status: "QUEUED", sequence: 2, balance: 2 });
  });

  it("asking the chain is 503 with a time to come back", async () => {
    for (const source of ["chain", "both"]) {
      const reply = await send(server.url, { path: `/api/v1/verify/${early.receiptId}?source=${source}` });
      expect(reply.status, reply.text).to.equal(503);
      expect(errorOf(reply)).to.include({ code: "SERVICE_UNAVAILABLE", retryAfterSeconds: 2 });
      expect(reply.headers.get("Retry-After")).to.equal("2");
      expect(reply.text).not.to.match(/127\.0\.0\.1|ECONNREFUSED|viem/);
    }
  });

  it("asking the record, and the receipts of before, still work", async () => {
    expect((await read(target, `/verify/${early.receiptId}?source=db`)).verified).to.equal(true);
    expect((await send(server.url, { path: `/api/v1/receipt/${early.receiptId}` })).status).to.equal(200);
  });

  it("a delta of now has no receipt yet, and is not called verified", async () => {
    const receipt = await send(server.url, { path: `/api/v1/receipt/${late.receiptId}` });
    expect([receipt.status, errorOf(receipt).code]).to.deep.equal([404, "NOT_FOUND"]);
    const { verified: is, status, verification } = await read(target, `/verify/${late.receiptId}`);
    expect(is).to.equal(false);
    expect(status).to.be.oneOf(["QUEUED", "PROCESSING"]);
    expect(verification).to.equal(null);
    const derived = await read(target, "/balance/derive/cust_001");
    expect(derived).to.include({ verifiedCount: 1, pendingCount: 1, verifiedBalance: 1, computedBalance: 2 });
  });

  it("the server is ready, and says what anchoring waits for", async () => {
    const anchoring = await eventually("anchoring waits", async () => {
      const { checks } = dataOf(await send(server.url, { path: "/readyz" }));
      return checks.anchoring.ok ? undefined : checks.anchoring;
    });
    expect(anchoring.detail).to.match(/waiting for the chain.*; the oldest delta that waits was recorded at \d{4}-/);
  });

  it("the endpoint, which may have a key in it, is nobody else's", async () => {
    expect((await read(target, "/chain")).rpcUrl).to.equal(null);
  });

  it("what was recorded meanwhile is VERIFIED once it answers again", async () => {
    await startChain(chainPort);
    await verified(target, late.recordId);
    expect((await read(target, `/verify/${late.receiptId}?source=chain`)).verified).to.equal(true);
  });
});

describe("a row that was changed in the database before it was anchored", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let seed: Seed;

  before(async () => {
    seed = await seedDirectory(dir);
    const change = "UPDATE deltas SET amount = '8', balance = '8' WHERE fingerprint = ?";
    expect(await changeBehind(dir, change, fromHex(seed.theirs.receiptId))).to.equal(1);
    server = await startServer(dir);
  });

  after(async () => {
    await server?.stop();
    removeDirectory(dir);
  });

  it("stops anchoring: the server is not ready, and says so", async () => {
    const reply = await eventually("not ready", async () => {
      const found = await send(server.url, { path: "/readyz" });
      return found.status === 503 ? found : undefined;
    });
    const { code, details } = errorOf(reply);
    expect(code).to.equal("SERVICE_UNAVAILABLE");
    expect(details.checks.anchoring.ok).to.equal(false);
    expect(reply.headers.get("Retry-After")).to.equal("1");
  });

  it("never reaches the chain", async () => {
    expect((await read({ url: server.url }, "/chain")).latestIndex).to.equal(0);
  });

  it("does not keep anybody from recording", async () => {
    const { status } = await record({ url: server.url, key: seed.keys.admin }, BODY);
    expect(status).to.equal("QUEUED");
  });
});
