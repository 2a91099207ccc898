import { expect } from "chai";
import { type Members, read, record, send, type Target, verified } from "#test/http/call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";

type Snapshot = {
  place: Members;
  anchors: Members[];
  blind: string;
  open: Members;
  delta: Members;
};

describe("a restart", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let target: Required<Target>;
  let before_: Snapshot;
  let delta: Members;

  const begin = async () => {
    server = await startServer(dir);
    target = { url: server.url, key: apiKeyOf(dir) };
  };

  /** The anchors without how deep they are, which grows with the chain. */
  async function anchorsNow(): Promise<Members[]> {
    const { anchors } = await read(target, "/anchors?limit=1000");
    return (anchors as Members[]).map(({ confirmations: _, ...anchor }) => anchor);
  }

  async function snapshot(): Promise<Snapshot> {
    const { latestIndex: _, rpcUrl: __, ...place } = await read(target, "/chain");
    const anchors = await anchorsNow();
    return {
      place,
      anchors,
      blind: (await send(server.url, { path: `/api/v1/receipt/${delta.receiptId}` })).text,
      open: await read(target, `/balance/receipts/${delta.receiptId}`),
      delta: await read(target, `/balance/delta/${delta.recordId}`),
    };
  }

  before(async () => {
    await begin();
    delta = await record(target, { customerId: "cust_001", delta: 500, reason: "initial_deposit" });
    await verified(target, delta.recordId);
    before_ = await snapshot();
    await server.stop("SIGINT");
    await begin();
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  it("brings back the same contract, log, transactions and receipts, byte for byte", async () => {
    expect(await snapshot()).to.deep.equal(before_);
  });

  it("leaves a chain that agrees with its old receipts", async () => {
    const { verified: agreed, message } = await read(target, `/verify/${delta.receiptId}?source=chain`);
    expect(agreed, message).to.equal(true);
  });

  it("does not print the API key again", () => {
    expect(server.output()).not.to.include(target.key);
    expect(server.output()).to.include("/api-key");
  });

  it("goes on with the next sequence and the next anchor", async () => {
    const next = await record(target, { customerId: "cust_001", delta: -1, reason: "usage" });
    expect(next).to.include({ sequence: 2, balance: 499 });
    await verified(target, next.recordId);
    const anchors = await anchorsNow();
    expect(anchors.slice(1)).to.deep.equal(before_.anchors);
    expect(anchors[0]!.index).to.equal(before_.anchors[0]!.index + 1);
  });

  it("does not change a receipt that was given away, when its ledger grows", async () => {
    const { text } = await send(server.url, { path: `/api/v1/receipt/${delta.receiptId}` });
    expect(text).to.equal(before_.blind);
  });
});
