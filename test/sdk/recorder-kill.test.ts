import { randomInt } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { openRecorder, type Recorder } from "#src/sdk/recorder.ts";
import { openTransport } from "#src/sdk/transport.ts";
import { read } from "#test/http/call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { ledgerOf } from "./recorder-ledgers.ts";

/**
 * A recorder delivers while the server is killed and started again over what it left, as often as KILLS says. RECORDER_DELTAS
 * sets how many deltas; RECORDER_SEED repeats the moments of a run, as far as the operating system's scheduling allows.
 */

const IS_LONG = Number(process.env.PROPERTY_RUNS ?? 0) >= 10_000;
const DELTAS = Number(process.env.RECORDER_DELTAS ?? (IS_LONG ? 50_000 : 5_000));
const KILLS = Number(process.env.RECORDER_KILLS ?? (DELTAS > 5_000 ? 5 : 2));
const SEED = Number(process.env.RECORDER_SEED ?? randomInt(2 ** 31));
const CUSTOMERS = 50;
/** Deltas that the recorder may hold; few enough that the test's own deltas do not fit. */
const MAX_PENDING = 2_000;
/** Milliseconds for all of it: of a start, and of a thousand deltas, on a busy machine. */
const PATIENCE_MS = 60_000 + (DELTAS / 1_000) * 1_000;

/** Shares from 0 to 1 that can be repeated (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The server comes back where it was: a port that nobody has, below those that a system gives away while it is down. */
async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(randomInt(20_000, 32_000), "127.0.0.1");
  const outcome = await Promise.race([once(probe, "listening"), once(probe, "error").then(() => "taken")]);
  if (outcome === "taken") return freePort();
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

describe(`a recorder of ${DELTAS} deltas whose server is killed ${KILLS} times (RECORDER_SEED=${SEED})`, function () {
  this.timeout(PATIENCE_MS);
  const dir = temporaryDirectory();
  const random = seeded(SEED);
  const refused: unknown[] = [];
  const given = new Map<string, number>();
  const retries: string[] = [];
  const most = { pending: 0, residentBytes: 0 };
  let server: Server;
  let recorder: Recorder;
  let port: string;
  let kills = 0;
  let closed = false;

  const start = () => startServer(dir, { PORT: port, TALLYROOT_ANCHOR_INTERVAL_MS: "2000" });

  /** Kills it when so many deltas are confirmed, while the next are under way, and starts it again. */
  async function killAt(confirmed: number): Promise<void> {
    while (recorder.counts().recorded < confirmed) await sleep(1);
    await sleep(10 + random() * 70);
    const before = retries.length;
    await server.stop("SIGKILL");
    kills++;
    while (retries.length === before) await sleep(1);
    server = await start();
  }

  async function killAll(): Promise<void> {
    for (let kill = 0; kill < KILLS; kill++) {
      const share = (kill + 0.2 + 0.6 * random()) / KILLS;
      await killAt(Math.floor(share * (DELTAS - MAX_PENDING)));
    }
  }

  /** The amount of a customer's i-th delta; no two of one customer are equal. */
  const amountOf = (customer: number, i: number) => `${i}.${customer + 1}1`;

  async function recordAll(): Promise<void> {
    for (let k = 0; k < DELTAS; k++) {
      const customer = Math.floor(random() * CUSTOMERS);
      const customerId = `cust_${customer}`;
      const i = (given.get(customerId) ?? 0) + 1;
      given.set(customerId, i);
      await recorder.record({ customerId, delta: amountOf(customer, i), reason: "usage", referenceId: `ref-${i}` });
      most.pending = Math.max(most.pending, recorder.counts().pending);
      if (k % 1_000 === 0) most.residentBytes = Math.max(most.residentBytes, process.memoryUsage.rss());
    }
    await recorder.close();
    closed = true;
  }

  before(async () => {
    port = String(await freePort());
    server = await start();
    const transport = openTransport({ apiKey: apiKeyOf(dir), baseUrl: server.url, timeoutMs: 10_000 });
    recorder = openRecorder(
      { transport },
      {
        // Few and large: the server records a batch in several commits, and most kills fall between two of one batch.
        lanes: 2,
        maxPending: MAX_PENDING,
        onRefused: (one) => void refused.push(one),
        onRetry: ({ error }) => retries.push(error.message),
      },
    );
    const begun = performance.now();
    await Promise.all([recordAll(), killAll()]);
    const seconds = (performance.now() - begun) / 1000;
    if (process.env.RECORDER_DELTAS) {
      const report = {
        seconds,
        perSecond: DELTAS / seconds,
        kills,
        mostPending: most.pending,
        mostResidentMB: most.residentBytes / 2 ** 20,
      };
      process.stderr.write(`${JSON.stringify({ ...report, retries: [...new Set(retries)] })}\n`);
    }
  });

  after(async () => {
    await server?.stop();
    removeDirectory(dir);
  });

  it("was interrupted as often, while deltas were under way, or the drill would prove nothing", () => {
    expect(kills).to.equal(KILLS);
    expect(retries.length).to.be.at.least(KILLS);
  });

  it("confirms every delta and holds no more than it may", () => {
    expect(closed).to.equal(true);
    expect(refused).to.deep.equal([]);
    expect(recorder.counts()).to.deep.equal({ pending: 0, pendingBytes: 0, waiting: 0, recorded: DELTAS, refused: 0 });
    expect(most.pending).to.be.within(1, MAX_PENDING);
  });

  it("has each delta on record once, and each customer's in the order in which they were given", async () => {
    const target = { url: server.url, key: apiKeyOf(dir) };
    let count = 0;
    for (let customer = 0; customer < CUSTOMERS; customer++) {
      const customerId = `cust_${customer}`;
      if (!given.has(customerId)) continue;
      const ledger = await ledgerOf(target, customerId);
      expect(ledger.length, customerId).to.equal(given.get(customerId));
      for (const [k, line] of ledger.entries()) {
        const i = k + 1;
        const right =
          line.sequence === i && line.referenceId === `ref-${i}` && line.deltaExact === amountOf(customer, i);
        if (!right) expect.fail(`${customerId}: ${JSON.stringify(line)} stands where ${amountOf(customer, i)} should`);
      }
      count += ledger.length;
    }
    const summary = await read(target, "/balance/customers/summary");
    expect([count, summary.totalDeltas]).to.deep.equal([DELTAS, DELTAS]);
  });
});
