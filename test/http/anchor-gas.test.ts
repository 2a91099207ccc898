import { expect } from "chai";
import { changeBehind } from "#test/run/record-of.ts";
import { read, record, type Target, verified } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

describe("the gas of an anchor", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let target: Required<Target>;

  const start = async () => {
    server = await startServer(dir);
    target = { url: server.url, key: apiKeyOf(dir) };
  };
  before(start);
  after(async () => {
    await server?.stop();
    removeDirectory(dir);
  });

  async function gasOnTheChain(transactionHash: string): Promise<number> {
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "eth_getTransactionReceipt",
      params: [transactionHash],
    });
    const answer = (await (await fetch(server.rpcUrl, { method: "POST", body })).json()) as {
      result: { gasUsed: string };
    };
    return Number(answer.result.gasUsed);
  }

  it("is what its receipt says, and no more than 55,000", async () => {
    const { recordId } = await record(target, { customerId: "cust_001", delta: 1, reason: "r" });
    await verified(target, recordId);
    const anchor = await read(target, "/anchors/1");
    expect(anchor.gasUsed).to.equal(await gasOnTheChain(anchor.transactionHash));
    expect(anchor.gasUsed).to.be.within(21_000, 55_000);
  });

  it("is null where the anchor was confirmed before it was kept", async () => {
    await server.stop();
    await changeBehind(dir, "UPDATE anchor_progress SET gas_used = NULL WHERE anchor = 1");
    await start();
    expect(await read(target, "/anchors/1")).to.include({ status: "CONFIRMED", gasUsed: null });
    expect((await read(target, "/anchors")).anchors[0]).to.include({ index: 1, gasUsed: null });
  });
});
