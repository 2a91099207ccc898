import { expect } from "chai";
import { eventually, type Members, read, record, type Target, verified } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

describe("the confirmations of an anchor", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let target: Required<Target>;

  before(async () => {
    server = await startServer(dir);
    target = { url: server.url, key: apiKeyOf(dir) };
  });

  after(async () => {
    await server?.stop();
    removeDirectory(dir);
  });

  async function headOfTheChain(): Promise<number> {
    const body = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}';
    const answer = (await (await fetch(server.rpcUrl, { method: "POST", body })).json()) as { result: string };
    return Number(answer.result);
  }

  it("are its own block and those after it, and grow with the chain", async () => {
    const anchored = async () => {
      const { recordId } = await record(target, { customerId: "cust_001", delta: 1, reason: "r" });
      await verified(target, recordId);
    };
    await anchored();
    const first = await read(target, "/anchors/1");
    expect(first.confirmations).to.be.within(1, (await headOfTheChain()) - first.blockNumber + 1);
    for (let i = 0; i < 3; i++) await anchored();
    const head = await headOfTheChain();
    expect(head).to.be.greaterThan(first.blockNumber);
    // The job looks at the chain in each of its rounds.
    const grown = await eventually("the last block seen", async () => {
      const anchor = await read(target, "/anchors/1");
      return anchor.confirmations === head - anchor.blockNumber + 1 ? anchor : undefined;
    });
    const { anchors } = await read(target, "/anchors");
    expect((anchors as Members[]).find(({ index }) => index === 1)).to.deep.equal(grown);
    for (const { blockNumber, confirmations } of anchors as Members[])
      expect(confirmations).to.equal(head - blockNumber + 1);
  });
});
