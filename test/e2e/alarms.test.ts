import { expect } from "chai";
import { REMEDIES } from "#src/jobs/remedies.ts";
import { PUBLISHER, PUBLISHER_KEY } from "#test/chain/embedded-fixture.ts";
import { type ForeignNetwork, startForeignNetwork } from "#test/chain/foreign-network.ts";
import { AWAY, baseFee, GWEI, logOver } from "#test/chain/log-over-endpoints.ts";
import { errorOf, eventually, type Members, read, record, send, type Target, verified } from "#test/http/call.ts";
import {
  apiKeyOf,
  refusedStart,
  removeDirectory,
  type Server,
  startServer,
  temporaryDirectory,
} from "#test/http/server.ts";
import { startReceiver } from "#test/webhooks/receiver.ts";
import { about, type LyingEndpoint, startLyingEndpoint } from "#test/witness/lying-endpoint.ts";

const BODY = { customerId: "cust_001", delta: 1, reason: "r" };
/** Milliseconds for what is looked at every fifteen seconds. */
const PATIENCE_MS = 40_000;

describe("a server in a network of somebody else's says what is wrong and what to do, and records all the while:", () => {
  const dir = temporaryDirectory();
  let network: ForeignNetwork;
  let endpoints: LyingEndpoint[];
  let settings: Record<string, string>;
  let server: Server;
  let target: Required<Target>;

  before(async () => {
    network = await startForeignNetwork(7104);
    endpoints = await Promise.all([1, 2, 3].map(() => startLyingEndpoint(network.rpcUrl)));
    settings = {
      TALLYROOT_CHAIN: "rpc",
      TALLYROOT_RPC_URL: endpoints.map(({ url }) => `${url}/v3/the-secret-key`).join(),
      TALLYROOT_PUBLISHER_KEY: PUBLISHER_KEY,
      TALLYROOT_CONFIRMATIONS: "finalized",
      TALLYROOT_MAX_FEE_GWEI: "20",
      TALLYROOT_HALT_AFTER_MS: "1000",
      TALLYROOT_WEBHOOK_ALLOW_PRIVATE: "true",
    };
    server = await startServer(dir, settings);
    target = { url: server.url, key: apiKeyOf(dir) };
  });

  afterEach(() => {
    for (const endpoint of endpoints) endpoint.lie = () => undefined;
  });

  after(async () => {
    await server?.stop();
    for (const endpoint of endpoints) endpoint.stop();
    await network.stop();
    removeDirectory(dir);
  });

  const recorded = async () => (await record(target, BODY)).recordId as string;

  /** What `/readyz` says, whether the server is ready or not. */
  async function checks(): Promise<Members> {
    const reply = await send(server.url, { path: "/readyz" });
    expect(reply.text).not.to.contain("secret");
    const body = JSON.parse(reply.text) as Members;
    return reply.status === 200 ? body.data.checks : errorOf(reply).details.checks;
  }
  const until = (what: string, part: string, holds: (check: Members) => boolean) =>
    eventually(
      what,
      async () => {
        const check = (await checks())[part] as Members;
        return holds(check) ? check : undefined;
      },
      PATIENCE_MS,
    );
  async function figure(series: string): Promise<number | undefined> {
    const { text } = await send(server.url, { path: "/metrics" });
    const line = text.split("\n").find((one) => one.startsWith(`tallyroot_${series} `));
    return line === undefined ? undefined : Number(line.split(" ").at(-1));
  }
  const figureIs = (series: string, holds: (value: number | undefined) => boolean) =>
    eventually(series, async () => (holds(await figure(series)) ? true : undefined), PATIENCE_MS);

  it("nothing, where nothing is: anchors are final by the chain's word, and the balance is told in anchors", async () => {
    await verified(target, await recorded());
    expect(await read(target, "/chain")).to.include({ finality: "finalized", confirmations: 1 });
    expect((await read(target, "/anchors")).finality).to.equal("finalized");
    const publisher = await until("the balance", "publisher", ({ detail }) => /anchors at/.test(detail));
    expect(publisher.ok, publisher.detail).to.equal(true);
    expect(publisher.detail).to.match(
      /^it has 999\.\d+ ether, which pays for \d+ anchors at \d+(\.\d+)? gwei per gas$/,
    );
    expect((await checks()).endpoints).to.deep.equal({ ok: true, detail: "3 of 3 answer" });
    expect(await figure("publisher_balance_ether")).to.be.closeTo(1000, 1);
    expect(await figure("fee_ceiling_gwei")).to.equal(20);
    expect(await figure('rpc_endpoints{state="up"}')).to.equal(3);
  });

  it("a fee above the ceiling: both figures, until the fee falls, by itself", async () => {
    // Rounds without anything new make no transactions, so that blocks are made by this test alone.
    await baseFee(network, 50n * GWEI);
    const recordId = await recorded();
    const { detail } = await until("the wait", "anchoring", ({ ok }) => !ok);
    expect(detail).to.match(
      /^waiting for the chain: the network asks \d+(\.\d+)? gwei per gas, and TALLYROOT_MAX_FEE_GWEI is 20/,
    );
    expect(detail).to.match(/goes on by itself when the fee falls/);
    expect(await figure('anchoring_reason{reason="FEE_ABOVE_CEILING"}')).to.equal(1);
    const later = await recorded();
    await baseFee(network, 5n * GWEI);
    await verified(target, recordId, PATIENCE_MS);
    await verified(target, later, PATIENCE_MS);
    expect(await figure('anchoring_reason{reason="FEE_ABOVE_CEILING"}')).to.equal(undefined);
  });

  it("endpoints that are away or of another chain, by name and number, while the others carry on", async () => {
    endpoints[0]!.lie = AWAY;
    const { detail } = await until("one away", "endpoints", ({ ok }) => !ok);
    expect(detail).to.match(/^2 of 3 answer; endpoint 1 at http:\/\/127\.0\.0\.1:\d+ answers with HTTP status 500$/);
    await verified(target, await recorded());
    await figureIs('rpc_endpoints{state="down"}', (count) => count === 1);
    endpoints[0]!.lie = about("eth_chainId", () => "0x1");
    const other = await until("another chain", "endpoints", (check) => /of chain 1,/.test(check.detail));
    expect(other.detail).to.contain("is of chain 1, not of chain 7104");
    await figureIs('rpc_endpoints{state="other chain"}', (count) => count === 1);
    await verified(target, await recorded());
    expect(server.output() + server.errors()).to.contain("is of chain 1, not of chain 7104");
  });

  it("endpoints that contradict one another, and that an anchor waits for it", async () => {
    endpoints[2]!.lie = about("eth_getTransactionReceipt", (truth: object) => truth && { ...truth, status: "0x0" });
    const recordId = await recorded();
    const { detail } = await until("the dispute", "endpoints", (check) => /disagree/.test(check.detail));
    expect(detail).to.match(/endpoint 3 at \S+ says that it failed in block .*take it out of TALLYROOT_RPC_URL/);
    expect(await figure("rpc_endpoints_disagree")).to.equal(1);
    expect(await figure("oldest_transaction_seconds")).to.be.greaterThan(0);
    expect((await read(target, `/balance/delta/${recordId}`)).status).to.equal("PROCESSING");
    endpoints[2]!.lie = () => undefined;
    await verified(target, recordId, PATIENCE_MS);
  });

  it("an account that runs dry: how many anchors it still pays for, and then that it is empty", async () => {
    await network.client.setBalance({ address: PUBLISHER.address, value: GWEI * 53_000n * 100n });
    const { detail } = await until("the warning", "publisher", ({ ok }) => !ok);
    expect(detail).to.match(/which pays for \d{1,3} anchors at .*; send it ether before it runs out$/);
    await figureIs("publisher_balance_anchors", (left) => left !== undefined && left < 1000);
    await network.client.setBalance({ address: PUBLISHER.address, value: 1n });
    const recordId = await recorded();
    await until("the wait", "anchoring", (check) => /ether to the publisher's account/.test(check.detail));
    await network.client.setBalance({ address: PUBLISHER.address, value: GWEI * GWEI });
    await verified(target, recordId, PATIENCE_MS);
  });

  it("a halt: why, by a code, and what to look at; recording goes on", async () => {
    const { log, contract, publisher } = await read(target, "/chain");
    expect(publisher).to.equal(PUBLISHER.address);
    const place = {
      ...{ chainId: network.chainId, origin: "named" as const, codeHash: new Uint8Array(32) },
      ...{ contract: bytesOf(contract), log: bytesOf(log), publisher: bytesOf(publisher) },
    };
    const stranger = logOver(network.rpcUrl, place);
    const index = (await stranger.anchoredCount()) + 1;
    const root = new Uint8Array(32).fill(0xee);
    await stranger.send((await stranger.sign({ index, root, size: 1 })).raw);
    const receiver = await startReceiver();
    const webhook = { url: receiver.url, events: ["anchoring.halted"] };
    await send(server.url, { path: "/api/v1/webhooks", key: target.key, body: webhook });
    await recorded();
    const halted = await until("the halt", "anchoring", ({ detail }) => /^halted/.test(detail));
    expect(halted.detail).to.match(
      /^halted \(OTHER_ROOT\): the chain has root 0x(ee){32} at index .*tallyroot audit --rpc/,
    );
    expect((await send(server.url, { path: "/readyz" })).status).to.equal(503);
    expect(await figure("anchoring_halted")).to.equal(1);
    expect(await figure('anchoring_reason{reason="OTHER_ROOT"}')).to.equal(1);
    const [told] = await receiver.until(1);
    expect(JSON.parse(told!.body).data).to.include({ reason: "OTHER_ROOT", next: REMEDIES.OTHER_ROOT });
    await receiver.stop();
    await recorded();
  });

  it("the same contradiction at the next start, which is refused before anything is recorded on it", async () => {
    await server.stop();
    const { code, errors } = await refusedStart(dir, settings);
    expect(code).to.equal(1);
    expect(errors).to.match(/the log on chain has root 0x(ee){32} at index/);
  });
}).timeout(120_000);

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.slice(2), "hex"));
