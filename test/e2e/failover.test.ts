import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type EmbeddedChain, startEmbeddedChain } from "#src/chain/embedded/start.ts";
import { startCommand } from "#test/cli/command.ts";
import { dataOf, eventually, type Members, read, send, verified } from "#test/http/call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { type Pair, startPair } from "#test/ports/postgres-standby.ts";

const PUBLISHER_KEY = `0x${"17".repeat(32)}` as const;
const MASTER_KEY = `0x${"07".repeat(32)}`;
/** Clients that record at once, in so many ledgers; what each gets recorded at least before the primary dies, and after. */
const CLIENTS = 12;
const LEDGERS = 4;
const BEFORE = 5;
const AFTER = 5;
/** Milliseconds for which nobody is the primary, and between two tries of a client. */
const NOBODY_MS = 1_500;
const AGAIN_MS = 50;

type Acknowledged = { customerId: string; delta: number; recordId: string; sequence: number };

describe("two servers over a primary that dies under load, with a standby that confirms commits", function () {
  this.timeout(120_000);
  const dirs = [temporaryDirectory(), temporaryDirectory(), temporaryDirectory()];
  const acknowledged: Acknowledged[] = [];
  const odd: string[] = [];
  let refusals = 0;
  let pair: Pair;
  let chain: EmbeddedChain;
  let nodes: Server[];
  let key: string;
  const target = (n: number) => ({ url: nodes[n]!.url, key });

  before(async () => {
    pair = await startPair();
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    chain = await startEmbeddedChain({ dir: dirs[2]!, port: 0, host: "127.0.0.1", publisherKey: PUBLISHER_KEY, log });
    const settings = {
      TALLYROOT_DATABASE_URL: pair.url,
      TALLYROOT_MASTER_KEY: MASTER_KEY,
      TALLYROOT_CHAIN: "rpc",
      TALLYROOT_RPC_URL: chain.rpcUrl,
      TALLYROOT_PUBLISHER_KEY: PUBLISHER_KEY,
      TALLYROOT_CONFIRMATIONS: "1",
    };
    nodes = await Promise.all([startServer(dirs[0]!, settings), startServer(dirs[1]!, settings)]);
    key = apiKeyOf(dirs.find((dir) => existsSync(join(dir, "api-key")))!);
    await pair.synchronous();
    await loadThroughFailover();
  });
  after(async () => {
    await Promise.all((nodes ?? []).map((node) => node.stop()));
    await chain?.stop();
    await pair?.stop();
    for (const dir of dirs) removeDirectory(dir);
  });

  async function loadThroughFailover(): Promise<void> {
    let promoted = false;
    const counts = Array.from({ length: CLIENTS }, () => 0);
    const clients = counts.map(async (_, n) => {
      for (let i = 0, after = 0; after < AFTER; i++) {
        const wasPromoted = promoted;
        acknowledged.push(await recordUntilAcknowledged(n, i));
        counts[n]! += 1;
        if (wasPromoted) after += 1;
      }
    });
    await eventually("load", async () => (counts.every((count) => count >= BEFORE) ? true : undefined), 30_000);
    await pair.kill();
    await sleep(NOBODY_MS);
    await pair.promote();
    promoted = true;
    await Promise.all(clients);
  }

  /** Sends a delta under one key to one server after the other until one says that it is recorded. */
  async function recordUntilAcknowledged(client: number, i: number): Promise<Acknowledged> {
    const customerId = `customer-${client % LEDGERS}`;
    const delta = client * 1_000 + i + 1;
    for (let tries = 0; ; tries++, await sleep(AGAIN_MS)) {
      const reply = await send(nodes[(client + tries) % 2]!.url, {
        path: "/api/v1/balance/delta",
        key,
        body: { customerId, delta, reason: "usage" },
        headers: { "Idempotency-Key": `${client} ${i}` },
      });
      if (reply.status === 201) {
        const { recordId, sequence } = dataOf(reply) as { recordId: string; sequence: number };
        return { customerId, delta, recordId, sequence };
      }
      refusals += 1;
      if (reply.status !== 503) odd.push(`${reply.status} ${reply.text}`);
    }
  }

  it("answer 503 meanwhile and nothing else, and go on by themselves", () => {
    expect(odd).to.deep.equal([]);
    expect(refusals).to.be.greaterThan(0);
    expect(nodes.map(({ child }) => child.exitCode)).to.deep.equal([null, null]);
  });

  it("have lost nothing that they acknowledged, and doubled nothing", async () => {
    for (let n = 0; n < LEDGERS; n++) {
      const customerId = `customer-${n}`;
      const own = acknowledged.filter((one) => one.customerId === customerId);
      expect(own.map(({ sequence }) => sequence).toSorted((a, b) => a - b)).to.deep.equal(own.map((_, i) => i + 1));
      for (const node of [0, 1]) {
        const derived = await read(target(node), `/balance/derive/${customerId}?limit=1000`);
        const shown = (derived.deltas as Members[]).map(({ recordId, delta }) => `${recordId} ${delta}`);
        expect(shown.toSorted()).to.deep.equal(own.map(({ recordId, delta }) => `${recordId} ${delta}`).toSorted());
        expect(derived.computedBalance).to.equal(own.reduce((sum, { delta }) => sum + delta, 0));
      }
    }
  });

  it("anchor on, each index once", async () => {
    const last = acknowledged.at(-1)!;
    await verified(target(0), last.recordId, 60_000);
    const { anchors } = await read(target(1), "/anchors?limit=1000");
    const indexes = (anchors as Members[]).map(({ index }) => Number(index));
    expect(indexes.toReversed()).to.deep.equal(indexes.map((_, i) => i + 1));
  });

  it("have a record that the audit finds clean, asked for with the same URL", async () => {
    const file = join(dirs[0]!, "master");
    writeFileSync(file, MASTER_KEY, { mode: 0o600 });
    const words = ["audit", pair.url, "--rpc", chain.rpcUrl, "--master-key-file", file];
    const { code, output, errors } = await startCommand(words).ended;
    expect(code, output + errors).to.equal(0);
    expect(output).to.contain("CLEAN").and.to.contain(new URL(pair.standbyUrl).host);
    expect(output + errors).not.to.contain("password");
    const doctor = await startCommand(["doctor", "--json"], {
      TALLYROOT_DATABASE_URL: pair.url,
      TALLYROOT_DATA_DIR: dirs[2]!,
    }).ended;
    const { checks } = JSON.parse(doctor.output) as { checks: { name: string; outcome: string; detail: string }[] };
    expect(checks.find(({ name }) => name === "database")).to.include({ outcome: "ok" });
  });
});
