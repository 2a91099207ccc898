import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import * as Keystore from "ox/Keystore";
import type { Hex } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import { deterministicAddress } from "#src/chain/deterministic-address.ts";
import { checksumAddress } from "#src/core/address.ts";
import { PUBLISHER, PUBLISHER_KEY } from "#test/chain/embedded-fixture.ts";
import { type ForeignNetwork, OTHER_KEY, POOR_KEY, startForeignNetwork } from "#test/chain/foreign-network.ts";
import { runHere } from "#test/cli/command.ts";
import type { Members } from "#test/http/call.ts";
import { removeDirectory, startServer, temporaryDirectory } from "#test/http/server.ts";
import { databaseOf } from "#test/run/engine.ts";

const CHAIN = 710_300;
const ADDRESS = checksumAddress(deterministicAddress());
const GWEI = 10n ** 9n;

describe("the doctor of a server on any network", () => {
  const [dir, files] = [temporaryDirectory(), temporaryDirectory()];
  let network: ForeignNetwork;
  let elsewhere: ForeignNetwork;
  let log: string;
  let database: Record<string, string>;

  const settings = (more: Record<string, string> = {}): Record<string, string> => ({
    TALLYROOT_CHAIN: "rpc",
    TALLYROOT_RPC_URL: network.rpcUrl,
    TALLYROOT_CONFIRMATIONS: "1",
    TALLYROOT_DATA_DIR: dir,
    ...database,
    ...more,
  });
  const withKey = (key: Hex, more: Record<string, string> = {}) => settings({ TALLYROOT_PUBLISHER_KEY: key, ...more });
  const examined = async (env: Record<string, string>) => {
    const { code, output, errors } = await runHere(["doctor", "--json"], env);
    expect(errors).to.equal("");
    expect(output).not.to.include(PUBLISHER_KEY.slice(2));
    const { checks } = JSON.parse(output) as { checks: Members[] };
    const found = Object.fromEntries(checks.map(({ name, outcome, detail }) => [name, `${outcome}: ${detail}`]));
    return { code, ...found } as Members;
  };

  before(async () => {
    [network, elsewhere] = await Promise.all([startForeignNetwork(CHAIN), startForeignNetwork(CHAIN + 1)]);
    const url = await databaseOf(dir);
    database = url === undefined ? {} : { TALLYROOT_DATABASE_URL: url };
  });
  after(async () => {
    for (const one of [network, elsewhere]) await one?.stop();
    for (const one of [dir, files]) removeDirectory(one);
  });

  it("tells before the first start where the contract will be, whose the key is, and how far its ether goes", async () => {
    const found = await examined(withKey(PUBLISHER_KEY));
    expect(found).to.include({
      code: 0,
      key: `ok: it is that of ${PUBLISHER.address}`,
      log: `ok: the first start puts the contract at ${ADDRESS}, and opens one there`,
      endpoints: "ok: 1 of 1 answer",
    });
    expect(found.funds).to.match(
      /^ok: 0x\w{40}: it has 1000 ether, which pays for \d{4,} anchors at [\d.]+ gwei per gas$/,
    );
    const named = await examined(withKey(PUBLISHER_KEY, { TALLYROOT_CONTRACT: `0x${"ab".repeat(20)}` }));
    expect(named).to.include({ code: 10 });
    expect(named.log).to.match(/^failed: there is no contract at 0x(?:ab){20}/);
  });

  it("warns of ether that does not go far, with the number of anchors, and calls none a failure", async () => {
    await network.client.setNextBlockBaseFeePerGas({ baseFeePerGas: 2n * GWEI });
    await network.client.mine({ blocks: 1 });
    const address = privateKeyToAddress(POOR_KEY);
    expect((await examined(withKey(POOR_KEY))).funds).to.match(/^failed: .* it has 0 ether, which pays for 0 anchors/);
    // At 3 gwei, a tip of 1 included.
    await network.client.setBalance({ address, value: 53_000n * 3n * GWEI * 999n });
    const low = await examined(withKey(POOR_KEY));
    expect(low.funds).to.match(/^warned: .* pays for 999 anchors at 3 gwei per gas; send it ether before it runs out$/);
    expect(low.code).to.equal(0);
    await network.client.setBalance({ address, value: 53_000n * 3n * GWEI * 1_000n });
    expect((await examined(withKey(POOR_KEY))).funds).to.match(/^ok: .* pays for 1000 anchors/);
    const dear = await examined(withKey(PUBLISHER_KEY, { TALLYROOT_MAX_FEE_GWEI: "2.5" }));
    expect(dear.funds).to.match(/^warned: .*TALLYROOT_MAX_FEE_GWEI \(2\.5\)$/);
  });

  it("finds the log of this key once there is one, beside the server", async () => {
    const env = withKey(PUBLISHER_KEY);
    const server = await startServer(dir, env);
    ({ log } = server);
    try {
      const beside = await examined(env);
      expect(beside).to.include({ code: 0, log: `ok: ${log} takes anchors from this key` });
      expect(beside.contract).to.match(new RegExp(`^ok: ${ADDRESS} has the code`));
      expect(beside.server).to.match(/^ok: .* is ready/);
    } finally {
      await server.stop();
    }
  });

  it("finds it without the server too", async () => {
    const alone = await examined(withKey(PUBLISHER_KEY));
    expect(alone).to.include({ code: 0, log: `ok: ${log} takes anchors from this key` });
    expect(alone.contract).to.match(new RegExp(`^ok: ${ADDRESS} has the code`));
  });

  it("finds another key, another chain, and an endpoint that is away", async () => {
    const other = await examined(withKey(OTHER_KEY));
    expect(other.code).to.equal(10);
    expect(other.log).to.match(new RegExp(`^failed: 0x\\w{64} takes anchors from ${PUBLISHER.address}: is this the`));
    const moved = await examined(withKey(PUBLISHER_KEY, { TALLYROOT_RPC_URL: elsewhere.rpcUrl }));
    expect(moved.code).to.equal(10);
    expect(moved.endpoints).to.match(/^failed: .*is of chain 710301, not of chain 710300/);
    const away = await examined(withKey(PUBLISHER_KEY, { TALLYROOT_RPC_URL: "http://127.0.0.1:2" }));
    expect(away.code).to.equal(10);
    expect(away.endpoints).to.match(/^failed: .*ECONNREFUSED/);
  });

  it("finds a keystore that others can read, and one that does not open", async () => {
    const [key, options] = Keystore.scrypt({ password: "p", n: 2, r: 8, p: 1, iv: new Uint8Array(16).fill(1) });
    const [keystore, password] = [join(files, "keystore.json"), join(files, "password")];
    writeFileSync(keystore, JSON.stringify(Keystore.encrypt(PUBLISHER_KEY, key, options)), { mode: 0o600 });
    writeFileSync(password, "p\n", { mode: 0o600 });
    const env = settings({
      TALLYROOT_PUBLISHER_KEYSTORE: keystore,
      TALLYROOT_PUBLISHER_KEYSTORE_PASSWORD_FILE: password,
    });
    expect(await examined(env)).to.include({ code: 0, key: `ok: it is that of ${PUBLISHER.address}` });
    chmodSync(password, 0o644);
    const open = await examined(env);
    expect(open.code).to.equal(10);
    expect(open.key).to.match(/^failed: others can read \S*password: chmod 600 them/);
    writeFileSync(password, "q\n");
    expect((await examined(env)).key).to.match(/^failed: the password does not open/);
  });
});
