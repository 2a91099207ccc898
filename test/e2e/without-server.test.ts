import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { createPublicClient, type Hex, http, keccak256, type PublicClient } from "viem";
import { anchorLogAbi } from "#src/chain/anchor-log-abi.ts";
import type { EmbeddedChain } from "#src/chain/embedded/start.ts";
import { fromHex } from "#src/core/bytes.ts";
import { type Policy, policyText } from "#src/core/policy.ts";
import { ADDRESS } from "#src/core/shape.ts";
import { verifyReceipt } from "#src/core/verify-receipt.ts";
import { start } from "#test/chain/embedded-fixture.ts";
import { run } from "#test/cli/verify-ground.ts";
import { type Members, read, record, send, verified } from "#test/http/call.ts";
import { apiKeyOf, removeDirectory, startServer, temporaryDirectory } from "#test/http/server.ts";

/** A receipt whose server is gone: the file, the chain and a public library are all there is. */

describe("a receipt without its server", () => {
  const dir = temporaryDirectory();
  /** What the counterparty has: the receipt, and what it pinned. */
  const files = temporaryDirectory();
  let open: Members;
  let blind: Members;
  let pinned: Members;
  let chain: EmbeddedChain | undefined;
  let client: PublicClient;

  before(async () => {
    const server = await startServer(dir);
    const target = { url: server.url, key: apiKeyOf(dir) };
    for (let i = 1; i <= 4; i++) await record(target, { customerId: "cust_other", delta: i, reason: "r" });
    await record(target, { customerId: "cust_001", delta: "-42.5", reason: "usage_charge" });
    const { recordId, receiptId } = await record(target, {
      customerId: "cust_001",
      delta: "0.000000000000000001",
      reason: "r",
    });
    await record(target, { customerId: "cust_001", delta: 3, reason: "r" });
    await verified(target, recordId);
    open = await read(target, `/balance/receipts/${receiptId}`);
    const file = await send(server.url, { path: `/api/v1/receipt/${receiptId}` });
    expect(file.headers.get("Content-Type")).to.equal("application/vnd.tallyroot.receipt+json");
    blind = JSON.parse(file.text) as Members;
    pinned = await read(target, "/chain");
    const policy: Policy = {
      chainId: BigInt(pinned.chainId),
      contract: ADDRESS.decode("contract", pinned.contract),
      codeHash: fromHex(pinned.codeHash),
      log: fromHex(pinned.log),
      confirmations: 1,
      rpc: [],
    };
    await server.stop();
    writeFileSync(join(files, "receipt.json"), file.text);
    writeFileSync(join(files, "policy.json"), policyText(policy));
    for (const name of readdirSync(dir)) if (name.startsWith("tallyroot.db")) rmSync(join(dir, name));

    const publisherKey = readFileSync(join(dir, "publisher-key"), "utf8").trim() as Hex;
    chain = await start(dir, { publisherKey });
    client = createPublicClient({ transport: http(chain.rpcUrl, { retryCount: 0 }) });
  });

  after(async () => {
    await chain?.stop();
    removeDirectory(dir);
    removeDirectory(files);
  });

  const bigints = (fields: Members, names: string[]): Members => ({
    ...fields,
    ...Object.fromEntries(names.map((name) => [name, BigInt(fields[name])])),
  });

  function askContract({ anchor, delta, head, ledgerProof, anchorProof }: Members): Promise<boolean> {
    return client.readContract({
      address: anchor.contract,
      abi: anchorLogAbi,
      functionName: "verifyDelta",
      args: [
        anchor.log,
        BigInt(anchor.index),
        bigints(delta, ["sequence", "amount", "balance", "recordedAt"]) as never,
        ledgerProof,
        bigints(head, ["count", "balance"]) as never,
        anchorProof,
      ],
    });
  }

  it("passes every step that needs nothing but the file", () => {
    const outcomes = (file: Members) => verifyReceipt(file).steps.map(({ outcome }) => outcome);
    expect(outcomes(open)).to.deep.equal(["passed", "passed", "passed", "passed", "passed"]);
    expect(outcomes(blind)).to.deep.equal(["passed", "skipped", "passed", "passed", "passed"]);
  });

  it("tells nobody who the customer is when it is blind", () => {
    expect(blind).not.to.have.any.keys("content", "namespace");
    expect(JSON.stringify(blind)).not.to.match(/cust_001|usage_charge/);
    const { content, namespace, ...rest } = open;
    expect(blind).to.deep.equal(rest);
    expect(content.customerId).to.equal("cust_001");
    expect(namespace).to.match(/^0x/);
  });

  it("is confirmed by the contract itself, asked with a public library", async () => {
    expect(await askContract(blind)).to.equal(true);
  });

  it("with an amount changed by the last digit is refused by both", async () => {
    const forged = { ...blind, delta: { ...blind.delta, amount: "2" } };
    expect(await askContract(forged)).to.equal(false);
    expect(verifyReceipt(forged).steps.at(-1)).to.include({ outcome: "failed", failure: "FINGERPRINT_MISMATCH" });
  });

  it("names a contract whose code is what the server said, and a block and transaction that are there", async () => {
    const { anchor } = blind;
    const code = await client.getCode({ address: anchor.contract });
    expect(keccak256(code ?? "0x")).to.equal(pinned.codeHash);
    const transaction = await client.getTransactionReceipt({ hash: anchor.transactionHash });
    expect(transaction).to.include({ status: "success", blockHash: anchor.blockHash });
    expect(transaction.blockNumber).to.equal(BigInt(anchor.blockNumber));
    const { timestamp } = await client.getBlock({ blockHash: anchor.blockHash });
    expect(timestamp).to.equal(BigInt(anchor.blockTime));
  });

  it("is VERIFIED in all six steps by the command, though server and database are gone", async () => {
    expect(existsSync(join(dir, "server.json"))).to.equal(false);
    expect(readdirSync(dir).filter((name) => name.startsWith("tallyroot.db"))).to.deep.equal([]);
    const { code, output } = await run(
      "verify",
      ["receipt.json", "--policy", "policy.json", "--rpc", chain!.rpcUrl],
      files,
    );
    expect(code).to.equal(0);
    expect(output.match(/^(ok|-) +[1-6]/gm)).to.have.length(6);
    expect(output).to.match(/\nVERIFIED\n$/);
  });

  it("passes steps 1 to 5 once the chain is gone too, and step 6 is reported as not done", async () => {
    const { rpcUrl } = chain!;
    await chain!.stop();
    chain = undefined;
    const { code, output } = await run("verify", ["receipt.json", "--policy", "policy.json", "--rpc", rpcUrl], files);
    expect(code).to.equal(3);
    expect(output.match(/^ok +[1-5]/gm)).to.have.length(4);
    expect(output).to.match(/\n- {4}6 chain {7}not done: endpoint at .* does not answer: ECONNREFUSED\nCONSISTENT/);
  });
});
