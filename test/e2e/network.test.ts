import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import * as Keystore from "ox/Keystore";
import { deterministicAddress } from "#src/chain/deterministic-address.ts";
import { checksumAddress } from "#src/core/address.ts";
import { PUBLISHER, PUBLISHER_KEY } from "#test/chain/embedded-fixture.ts";
import { type ForeignNetwork, OTHER_KEY, POOR_KEY, startForeignNetwork } from "#test/chain/foreign-network.ts";
import { runHere } from "#test/cli/command.ts";
import { type Members, read, record, send, verified } from "#test/http/call.ts";
import {
  apiKeyOf,
  refusedStart,
  removeDirectory,
  type Server,
  startServer,
  temporaryDirectory,
} from "#test/http/server.ts";

/** A server that anchors in somebody else's network, from nothing to a receipt that is verified over it. */

const CHAIN = 710_200;
const PASSWORD = "correct horse";
const ADDRESS = checksumAddress(deterministicAddress());
const BODY = { customerId: "cust_001", delta: "-42.5", reason: "usage" };

describe("a server on any network", () => {
  const [dir, second, files] = [temporaryDirectory(), temporaryDirectory(), temporaryDirectory()];
  let network: ForeignNetwork;
  let server: Server;
  let keystore: Record<string, string>;
  let first: Members;

  const file = (name: string, text: string) => {
    writeFileSync(join(files, name), text, { mode: 0o600 });
    return join(files, name);
  };
  const rpc = (more: Record<string, string>) => ({
    TALLYROOT_CHAIN: "rpc",
    TALLYROOT_RPC_URL: network.rpcUrl,
    TALLYROOT_CONFIRMATIONS: "1",
    ...more,
  });

  before(async () => {
    network = await startForeignNetwork(CHAIN);
    const [key, options] = Keystore.scrypt({ password: PASSWORD, n: 2, r: 8, p: 1, iv: new Uint8Array(16).fill(1) });
    keystore = {
      TALLYROOT_PUBLISHER_KEYSTORE: file(
        "keystore.json",
        JSON.stringify(Keystore.encrypt(PUBLISHER_KEY, key, options)),
      ),
      TALLYROOT_PUBLISHER_KEYSTORE_PASSWORD_FILE: file("password", `${PASSWORD}\n`),
    };
  });
  after(async () => {
    await server?.stop();
    await network?.stop();
    for (const one of [dir, second, files]) removeDirectory(one);
  });

  it("refuses to start with a key that opens nothing or pays for nothing, in one sentence", async () => {
    const wrong = { ...keystore, TALLYROOT_PUBLISHER_KEYSTORE_PASSWORD_FILE: file("wrong", "wrong") };
    const locked = await refusedStart(dir, rpc(wrong));
    expect(locked.code).to.equal(1);
    expect(locked.errors).to.match(/^tallyroot: the password does not open [^\n]*\n$/);
    const poor = await refusedStart(dir, rpc({ TALLYROOT_PUBLISHER_KEY: POOR_KEY }));
    expect(poor.code).to.equal(1);
    expect(poor.errors).to.match(/^tallyroot: 0x\w{40} has 0 ether on chain 710200, [^\n]*: send it more\n$/);
    expect(poor.errors).not.to.include(POOR_KEY.slice(2));
  });

  it("begins from nothing: the contract at its address, said at the start, and a receipt that is verified over the network", async () => {
    server = await startServer(dir, rpc(keystore));
    expect(server).to.include({ chainId: CHAIN, contract: ADDRESS });
    expect(server.output()).to.match(new RegExp(`Contract +${ADDRESS} {2}\\(deployed now, at the address`));
    const target = { url: server.url, key: apiKeyOf(dir) };
    first = await record(target, BODY);
    await verified(target, first.recordId);
    expect((await read(target, `/verify/${first.receiptId}?source=chain`)).verified).to.equal(true);
    const receipt = file("receipt.json", (await send(server.url, { path: `/api/v1/receipt/${first.receiptId}` })).text);
    const policy = join(files, "policy.json");
    const made = await runHere(["policy", server.url, "--rpc", network.rpcUrl, "--out", policy]);
    expect(made.code, made.errors).to.equal(0);
    expect(made.errors).to.include("address is the one that its code has on every network, and nobody's word");
    const checked = await runHere(["verify", receipt, "--policy", policy]);
    expect(checked.code, checked.output).to.equal(0);
  });

  it("keeps the publisher's key to itself: no file, output or command line has it", () => {
    const { pid } = server.child;
    const secrets = [PUBLISHER_KEY.slice(2), PASSWORD];
    const commandLines = ["cmdline", ...readdirSync(`/proc/${pid}/task`).map((task) => `task/${task}/comm`)].map(
      (name) => readFileSync(`/proc/${pid}/${name}`, "utf8"),
    );
    const written = readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => readFileSync(join(dir, name), "latin1"));
    for (const secret of secrets)
      for (const text of [server.output(), server.errors(), ...commandLines, ...written])
        expect(text.includes(secret)).to.equal(false);
    expect(existsSync(join(dir, "publisher-key"))).to.equal(false);
  });

  it("finds its contract and its log again after a restart, and sends nothing for them", async () => {
    const { log } = server;
    await server.stop();
    const before = await network.client.getTransactionCount({ address: PUBLISHER.address });
    server = await startServer(dir, rpc(keystore));
    expect(server).to.include({ contract: ADDRESS, log });
    expect(server.output()).to.match(new RegExp(`Contract +${ADDRESS}\\n`));
    expect(await network.client.getTransactionCount({ address: PUBLISHER.address })).to.equal(before);
    const target = { url: server.url, key: apiKeyOf(dir) };
    expect((await read(target, `/verify/${first.receiptId}?source=chain`)).verified).to.equal(true);
    const later = await record(target, BODY);
    await verified(target, later.recordId);
  });

  it("shares the contract with another data directory, whose key a command prints that sees no secret", async () => {
    const seen = join(files, "seen");
    const program = file("print-key", `#!/bin/sh\nenv > '${seen}'\ncat '${file("other-key", OTHER_KEY)}'\n`);
    chmodSync(program, 0o700);
    const settings = {
      TALLYROOT_PUBLISHER_KEY_COMMAND: JSON.stringify([program]),
      TALLYROOT_MASTER_KEY: `0x${"4d".repeat(32)}`,
      TALLYROOT_METRICS_TOKEN: "a token of metrics".replaceAll(" ", "-"),
    };
    const other = await startServer(second, rpc(settings));
    try {
      expect(other).to.include({ chainId: CHAIN, contract: ADDRESS });
      expect(other.log).not.to.equal(server.log);
      expect(other.output()).to.match(new RegExp(`Contract +${ADDRESS} {2}\\(found there`));
      const target = { url: other.url, key: apiKeyOf(second) };
      const { recordId } = await record(target, BODY);
      await verified(target, recordId);
      const environment = readFileSync(seen, "utf8");
      expect(environment).to.include("TALLYROOT_DATA_DIR=");
      for (const value of [settings.TALLYROOT_MASTER_KEY, settings.TALLYROOT_METRICS_TOKEN])
        expect(environment).not.to.include(value);
    } finally {
      await other.stop();
    }
  });
});
