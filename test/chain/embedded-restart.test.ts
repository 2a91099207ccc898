import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { type Hash, type Hex, parseEther } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { EmbeddedChain } from "#src/chain/embedded/start.ts";
import {
  CELL_CREATION,
  CELL_RUNTIME,
  clientOf,
  journalLines,
  journalPath,
  PUBLISHER,
  start,
  temporaryDirectory,
  word,
} from "./embedded-fixture.ts";

describe("embedded chain over restarts", () => {
  let place: ReturnType<typeof temporaryDirectory>;
  let chain: EmbeddedChain | undefined;

  beforeEach(() => {
    place = temporaryDirectory();
    chain = undefined;
  });
  afterEach(async () => {
    await chain?.stop();
    place.remove();
  });

  async function whole(running: EmbeddedChain) {
    const client = clientOf(running);
    const height = Number(await client.getBlockNumber());
    return Promise.all(
      Array.from({ length: height + 1 }, (_, n) =>
        client.getBlock({ blockNumber: BigInt(n), includeTransactions: true }),
      ),
    );
  }

  it("brings back the same addresses, transactions and blocks", async () => {
    chain = await start(place.dir);
    const client = clientOf(chain);
    const [someone] = await client.getAddresses();
    const deployment = await client.sendTransaction({ account: PUBLISHER, data: CELL_CREATION });
    const { contractAddress } = await client.waitForTransactionReceipt({ hash: deployment });
    await client.sendTransaction({ account: someone!, to: contractAddress!, data: word(7) });
    await client.mine({ blocks: 2 });
    const reverted = await client.sendTransaction({
      account: PUBLISHER,
      to: contractAddress!,
      data: word(1),
      gas: 90_000n,
    });
    const before = await whole(chain);
    const receipt = await client.getTransactionReceipt({ hash: reverted });
    await chain.stop();

    chain = await start(place.dir);
    const again = clientOf(chain);
    expect(await whole(chain)).to.deep.equal(before);
    expect(await again.getTransactionReceipt({ hash: reverted })).to.deep.equal(receipt);
    expect(receipt.status).to.equal("reverted");
    expect(await again.getCode({ address: contractAddress! })).to.equal(CELL_RUNTIME);
    expect((await again.call({ to: contractAddress! })).data).to.equal(word(7));
  });

  it("goes on where it stopped, any number of times", async () => {
    const hashes: Hash[] = [];
    for (let round = 0; round < 2; round += 1) {
      chain = await start(place.dir);
      const client = clientOf(chain);
      for (const hash of hashes) expect((await client.getTransactionReceipt({ hash })).status).to.equal("success");
      hashes.push(await client.sendTransaction({ account: PUBLISHER, to: PUBLISHER.address, value: 1n }));
      await chain.stop();
    }
    chain = await start(place.dir);
    expect(await clientOf(chain).getBlockNumber()).to.equal(3n);
  });

  it("loses no acknowledged transaction when its thread is killed in the middle of sending", async () => {
    chain = await start(place.dir);
    const client = clientOf(chain);
    const accounts = await client.getAddresses();
    const acknowledged: Hash[] = [];
    const sender = async (account: Hex) => {
      for (;;) acknowledged.push(await client.sendTransaction({ account, to: PUBLISHER.address, value: 1n }));
    };
    const outcomes = Promise.allSettled(accounts.slice(0, 4).map(sender));
    while (acknowledged.length < 40) await new Promise((resolve) => setTimeout(resolve, 1));
    await chain.kill();
    for (const { status } of await outcomes) expect(status).to.equal("rejected");
    expect((await chain.failed).code).to.equal("CHAIN_CRASHED");

    chain = await start(place.dir);
    const again = clientOf(chain);
    const receipts = await Promise.all(acknowledged.map((hash) => again.getTransactionReceipt({ hash })));
    expect(receipts.length).to.be.at.least(40);
    expect(new Set(receipts.map(({ status }) => status))).to.deep.equal(new Set(["success"]));
  });

  it("does not report a failure when it is stopped, even twice", async () => {
    chain = await start(place.dir);
    await Promise.all([chain.stop(), chain.stop()]);
    expect(await Promise.race([chain.failed, "nothing failed"])).to.equal("nothing failed");
  });

  it("funds the publisher once, and does not hold its key", async () => {
    chain = await start(place.dir);
    await chain.stop();
    chain = await start(place.dir);
    const client = clientOf(chain);
    expect(await client.getBlockNumber()).to.equal(1n);
    expect(await client.getBalance(PUBLISHER)).to.equal(parseEther("10000"));
    expect(await client.getAddresses())
      .to.have.length(20)
      .and.not.include(PUBLISHER.address);
    const theft = client.sendTransaction({ account: PUBLISHER.address, to: PUBLISHER.address, gas: 21_000n });
    expect(await theft.catch((error: Error) => error.message)).to.contain("is not unlocked");
  });

  it("funds another publisher when one comes", async () => {
    chain = await start(place.dir);
    await chain.stop();
    const successor: Hex = `0x${"23".repeat(32)}`;
    chain = await start(place.dir, { publisherKey: successor });
    const balance = await clientOf(chain).getBalance(privateKeyToAccount(successor));
    expect(balance).to.equal(parseEther("10000"));
  });

  it("refuses a port in use, and leaves no journal behind", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const refusal = await start(place.dir, { port }).catch((error: unknown) => error);
    other.close();
    expect(refusal).to.include({ name: "ChainStartError", code: "CHAIN_PORT_IN_USE" });
    expect((refusal as Error).message).to.contain(`port ${port} on 127.0.0.1 is in use`);
    expect(existsSync(journalPath(place.dir))).to.equal(false);
  });

  it("gives the port back when it stops", async () => {
    chain = await start(place.dir);
    const port = Number(new URL(chain.rpcUrl).port);
    await chain.stop();
    chain = await start(place.dir, { port });
    expect(new URL(chain.rpcUrl).port).to.equal(String(port));
  });

  it("may be stopped and started again in a process that has never run Hardhat itself", async () => {
    const script = `
      import { start } from ${JSON.stringify(import.meta.resolve("./embedded-fixture.ts"))};
      for (let round = 0; round < 2; round += 1) await (await start(${JSON.stringify(place.dir)})).stop();
    `;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "ignore" });
    const [code, signal] = await once(child, "exit");
    expect({ code, signal }).to.deep.equal({ code: 0, signal: null });
    expect(journalLines(place.dir)).to.have.length(2);
  });

  it("takes transactions of several accounts at once, one block each", async () => {
    chain = await start(place.dir);
    const client = clientOf(chain);
    const accounts = await client.getAddresses();
    const sent = accounts.flatMap((account) => [1n, 2n].map((value) => ({ account, value })));
    const hashes = await Promise.all(
      sent.map(({ account, value }) => client.sendTransaction({ account, to: PUBLISHER.address, value })),
    );
    const receipts = await Promise.all(hashes.map((hash) => client.getTransactionReceipt({ hash })));
    expect(new Set(receipts.map(({ blockNumber }) => blockNumber)).size).to.equal(sent.length);
    expect(journalLines(place.dir)).to.have.length(1 + 1 + sent.length);
  });
});
