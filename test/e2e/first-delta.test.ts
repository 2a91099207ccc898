import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { getContractAddress, keccak256, toBytes } from "viem";
import { dataOf, errorOf, type Members, read, type Target, verified } from "#test/http/call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";

/** The first example of the other API's manual, letter for letter. */
const EXAMPLE = `# First emit for "cust_001" -- creates the ledger automatically
curl -X POST https://balance-api.pacspace.io/api/v1/balance/delta \\
-H "X-Api-Key: YOUR_API_KEY" \\
-H "Content-Type: application/json" \\
-d '{
"customerId": "cust_001",
"delta": 500,
"reason": "initial_deposit"
}'
`;

const ANCHOR_INTERVAL_MS = 2000;
/** Milliseconds that a delta may take to be VERIFIED once its anchor's turn has come. */
const ANCHOR_MS = 2000;

describe("the first delta", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let target: Required<Target>;
  let delta: Members;

  before(async () => {
    server = await startServer(dir, { TALLYROOT_ANCHOR_INTERVAL_MS: String(ANCHOR_INTERVAL_MS) });
    target = { url: server.url, key: apiKeyOf(dir) };
    // curl's own settings, so that the command itself stays as it is printed.
    writeFileSync(join(dir, ".curlrc"), 'silent\nwrite-out = "\\n%{http_code}"\n');
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  async function shell(command: string): Promise<{ status: number; text: string }> {
    const { stdout } = await promisify(execFile)("bash", ["-c", command], {
      env: { PATH: process.env.PATH, CURL_HOME: dir },
    });
    const cut = stdout.lastIndexOf("\n");
    return { status: Number(stdout.slice(cut + 1)), text: stdout.slice(0, cut) };
  }

  const example = (key: string) =>
    EXAMPLE.replace("https://balance-api.pacspace.io", server.url).replace("YOUR_API_KEY", key);

  it("is recorded by the manual's example with nothing changed but base URL and key", async () => {
    const { status, text } = await shell(example(target.key));
    expect(status, text).to.equal(201);
    delta = dataOf({ status, text, headers: new Headers() });
    expect(delta).to.include({ customerId: "cust_001", delta: 500, reason: "initial_deposit", status: "QUEUED" });
    expect(delta).to.include({ sequence: 1, sequenceNumber: "1", balance: 500, referenceId: null });
  });

  it("is VERIFIED within the interval of the anchors and a little", async () => {
    const final = await verified(target, delta.recordId, ANCHOR_INTERVAL_MS + ANCHOR_MS);
    expect(final.verificationReference).to.match(/^0x[0-9a-f]{64}$/);
    expect(final.proof).to.include({ proofHash: delta.receiptId, contentHash: delta.commitment });
  });

  it("makes a ledger of one delta and a balance of 500", async () => {
    const ledger = await read(target, "/balance/customers/cust_001");
    expect(ledger).to.include({ totalDeltas: 1, computedBalance: 500, verifiedBalance: 500 });
    const { customers } = await read(target, "/balance/customers");
    expect((customers as Members[]).map((customer) => customer.customerId)).to.deep.equal(["cust_001"]);
  });

  it("is in the ledger that any EVM tool computes from the namespace", async () => {
    const { namespace } = await read(target, `/balance/receipts/${delta.receiptId}`);
    const address = getContractAddress({
      opcode: "CREATE2",
      from: namespace,
      salt: keccak256(toBytes("cust_001")),
      bytecodeHash: keccak256(toBytes("tallyroot.ledger.v1")),
    });
    expect(delta.ledgerIdentifier).to.equal(address);
  });

  it("is not recorded by the example as it is printed: its key is none", async () => {
    const { status, text } = await shell(example("YOUR_API_KEY"));
    expect(status).to.equal(401);
    expect(errorOf({ status, text, headers: new Headers() }).code).to.equal("INVALID_API_KEY");
  });

  it("is recorded by the command that the server prints at its start", async () => {
    const [, command] = /(curl [^\n]*balance\/delta(?:[^\n]*\\\n)[\s\S]*?)\n\n/.exec(server.output()) ?? [];
    const { status, text } = await shell(command ?? "");
    expect(status, text).to.equal(201);
    expect(dataOf({ status, text, headers: new Headers() })).to.include({ sequence: 2, balance: 1000 });
  });
});
