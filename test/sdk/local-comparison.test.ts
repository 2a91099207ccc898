import { expect } from "chai";
import { toHex } from "#src/core/bytes.ts";
import { leafOf } from "#src/core/fingerprint.ts";
import { installKeccak } from "#src/core/keccak.ts";
import { fastKeccak } from "#src/fast-keccak.ts";
import type { LocalEntry } from "#src/sdk/local-comparison.ts";
import { Tallyroot } from "#src/sdk/tallyroot.ts";
import { RUNS } from "#test/core/property.ts";
import { type Seed, seedDirectory } from "#test/http/seed.ts";
import { removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { openStoreOf } from "#test/run/record-of.ts";
import { rejection } from "./ground.ts";

/** A million where there is time for it. */
const COUNT = RUNS >= 10_000 ? 1_000_000 : 20_000;
const BATCH = 2_000;
const DIFFERENT = Math.floor(COUNT * 0.777) + 1;
/** What finding one difference among a million may cost. */
const [MOST_REQUESTS, MOST_BYTES] = [25, 100_000];

describe(`a local list of ${COUNT} entries against the record`, () => {
  const dir = temporaryDirectory();
  let server: Server;
  let seed: Seed;
  const own: { delta: bigint; receiptId: string }[] = [];
  const traffic = { requests: 0, bytes: 0 };

  /** Counts what goes out and comes in. */
  const counting: typeof fetch = async (url, init) => {
    const reply = await fetch(url, init);
    const text = await reply.text();
    traffic.requests += 1;
    traffic.bytes += String(init?.body ?? "").length + String(url).length + text.length;
    return new Response(text, reply);
  };

  before(async function () {
    this.timeout(600_000);
    installKeccak(await fastKeccak());
    seed = await seedDirectory(dir);
    const store = await openStoreOf(dir);
    const tenant = (await store.tenantByName("default"))!;
    for (let at = 0; at < COUNT; at += BATCH) {
      const requests = Array.from({ length: BATCH }, (_, i) => ({
        tenant,
        customerId: "many",
        amount: BigInt(((at + i) % 9) + 1),
        reason: "use",
      }));
      for (const outcome of await store.record(requests, true)) {
        if (outcome.kind !== "recorded") throw new Error("not recorded");
        own.push({ delta: outcome.delta.amount, receiptId: toHex(outcome.delta.fingerprint) });
      }
    }
    await store.close();
    server = await startServer(dir);
  });
  beforeEach(() => Object.assign(traffic, { requests: 0, bytes: 0 }));
  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const compare = (local: readonly LocalEntry[]) =>
    new Tallyroot({ apiKey: seed.keys.read, baseUrl: server.url, fetch: counting }).balance.compare({
      customerId: "many",
      local,
    });
  const changed = (change: Partial<LocalEntry>) =>
    own.map((entry, i) => (i === DIFFERENT - 1 ? { ...entry, ...change } : entry));
  const amountsOf = (entries: readonly LocalEntry[]) => entries.map(({ delta }) => ({ delta }));

  it("with one other amount: found by balances, within the bounds, and the list stays here", async () => {
    const found = await compare(amountsOf(changed({ delta: own[DIFFERENT - 1]!.delta + 3n })));
    expect(found).to.deep.include({ agrees: false, by: "balance", localCount: COUNT, deltasCount: COUNT });
    expect(found.divergence).to.deep.include({ sequence: DIFFERENT, kind: "DIFFERENT_AMOUNT" });
    expect(found.divergence!.recorded).to.include({ sequence: DIFFERENT, receiptId: own[DIFFERENT - 1]!.receiptId });
    expect(found.requests).to.equal(traffic.requests);
    expect(traffic.requests).to.be.at.most(MOST_REQUESTS);
    expect(traffic.bytes).to.be.at.most(MOST_BYTES);
  });

  it("with one other receipt: found by roots, within the bounds", async function () {
    this.timeout(120_000);
    const receiptId = toHex(leafOf(new Uint8Array(32)));
    const found = await compare(changed({ receiptId }));
    expect(found).to.include({ agrees: false, by: "receiptId" });
    expect(found.divergence).to.deep.include({ sequence: DIFFERENT, kind: "DIFFERENT_RECEIPT" });
    expect(found.divergence!.local).to.include({ receiptId });
    expect(traffic.requests).to.be.at.most(MOST_REQUESTS);
    expect(traffic.bytes).to.be.at.most(MOST_BYTES);
  });

  it("that is the record agrees in two requests, by balances and by roots", async () => {
    expect(await compare(amountsOf(own))).to.deep.include({ agrees: true, divergence: null, requests: 2 });
    expect(await compare(own.map(({ receiptId }) => ({ receiptId })))).to.include({ agrees: true, by: "receiptId" });
  });

  it("that ends early misses a delta, and one that goes on has one too many", async () => {
    const short = await compare(amountsOf(own.slice(0, -5)));
    expect(short.divergence).to.deep.include({ sequence: COUNT - 4, kind: "MISSING", local: null });
    const long = await compare(amountsOf([...own, { delta: 1n }]));
    expect(long.divergence).to.deep.include({ sequence: COUNT + 1, kind: "EXTRA", recorded: null });
    const none = await compare([]);
    expect(none.divergence).to.deep.include({ sequence: 1, kind: "MISSING" });
    expect(none.divergence!.recorded).to.include({ sequence: 1 });
  });

  it("is refused where entries say nothing, or only some name their receipt", async () => {
    expect(await rejection(compare([{}]))).to.be.instanceOf(RangeError);
    expect(await rejection(compare([{ delta: 1 }, own[1]!]))).to.be.instanceOf(RangeError);
  });
});
