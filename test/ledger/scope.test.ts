import { expect } from "chai";
import * as fc from "fast-check";
import { toHex } from "#src/core/bytes.ts";
import { TallyrootError } from "#src/core/errors.ts";
import { recordIdOf } from "#src/core/record-id.ts";
import type { ScopeRequest, StartingPoint } from "#src/core/scope.ts";
import type { Granularity } from "#src/ledger/calendar.ts";
import { checkpointLedger } from "#src/ledger/checkpoint.ts";
import { breakDown, derive } from "#src/ledger/derive.ts";
import type { Ledger, StoredDelta } from "#src/ledger/ports/ledgers.ts";
import { resolveScope } from "#src/ledger/scope.ts";
import { RUNS } from "#test/core/property.ts";
import { runsOfRecord } from "#test/run/engine.ts";
import { deltasOf, type OpenRecord, openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";
import { anchor, freshLog, type Ground, type Log, startGround } from "./anchoring-ground.ts";

const START = Date.parse("2026-01-15T00:00:00Z");
const HOUR = 3_600_000;
const WHOLE: ScopeRequest = {
  startingBalance: undefined,
  startingPoint: undefined,
  window: undefined,
  at: undefined,
  granularity: undefined,
  finality: "recorded",
};

/** What a loop over all deltas says of those that `isIn`. */
function looped(all: readonly StoredDelta[], startingBalance: bigint, isIn: (delta: StoredDelta) => boolean) {
  const deltas = all.filter(isIn);
  return {
    count: deltas.length,
    balance: deltas.reduce((sum, { amount }) => sum + amount, startingBalance),
    sequences: deltas.map(({ sequence }) => sequence),
  };
}

describe("deriving a scope", () => {
  let ground: Ground;
  let log: Log;
  let folder: ReturnType<typeof temporaryFolder>;
  let record: OpenRecord;
  let ledger: Ledger;
  let all: StoredDelta[];
  /** How many of the deltas are in a final anchor. */
  let confirmed: number;

  before(async () => {
    ground = await startGround();
    log = await freshLog(ground);
    folder = temporaryFolder();
    record = await openRecord(folder.dir, { now: START });
    all = await recorded("c", 400);
    ledger = all[0]!.ledger;
    await anchor(record, log.chain);
    confirmed = all.length;
    all.push(...(await recorded("c", 200)));
    await recorded("other", 30);
  });
  after(async () => {
    await record.close();
    folder.remove();
    await ground.stop();
  });

  /** Deltas over about half a year, some of them in the same millisecond. */
  async function recorded(customerId: string, count: number): Promise<StoredDelta[]> {
    const deltas: StoredDelta[] = [];
    let state = 42;
    for (let i = 0; i < count; i++) {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      if (state % 5 > 0) record.clock.now += (state % 13) * HOUR + (state % 997);
      const amount = BigInt((state % 2_000_001) - 1_000_000) * 10n ** 12n + 1n;
      deltas.push(...deltasOf(await record.store.record([request(record.tenant, customerId, { amount })], false)));
    }
    return deltas;
  }

  const last = () => all.at(-1)!;
  const resolved = (change: Partial<ScopeRequest>) =>
    resolveScope(record.store, ledger, { ...WHOLE, ...change }, last().recordedAt);

  async function expectLooped(
    change: Partial<ScopeRequest>,
    isIn: (delta: StoredDelta) => boolean,
    startingBalance = change.startingBalance ?? 0n,
  ): Promise<void> {
    const scope = await resolved(change);
    const derived = await derive(record.store, scope, { offset: 0, limit: 1000 });
    const expected = looped(all, startingBalance, isIn);
    const verified = looped(all, startingBalance, (delta) => isIn(delta) && delta.sequence <= confirmed);
    expect(derived.deltas.map(({ sequence }) => sequence)).to.deep.equal(expected.sequences);
    expect(derived).to.deep.include({
      computedBalance: expected.balance,
      deltasCount: expected.count,
      verifiedBalance: verified.balance,
      verifiedCount: verified.count,
      pendingCount: expected.count - verified.count,
    });
    expect(derived.latest?.sequence).to.equal(expected.sequences.at(-1));
  }

  const time = fc.integer({ min: START - 100 * HOUR, max: START + 6000 * HOUR });

  it("finds what a loop over all deltas finds, for any window", async () => {
    const scopes = fc.tuple(time, time, fc.bigInt(-(10n ** 24n), 10n ** 24n));
    const holdsFor = fc.asyncProperty(scopes, ([a, b, startingBalance]) => {
      const [from, to] = a < b ? [a, b] : [b, a + 1];
      const isIn = ({ recordedAt }: StoredDelta) => recordedAt >= from && recordedAt < to;
      return expectLooped({ window: { kind: "custom", from, to }, startingBalance }, isIn);
    });
    await fc.assert(holdsFor, { numRuns: runsOfRecord(RUNS) });
  }).timeout(600_000);

  it("has the first millisecond of a window in it and its end out of it, where deltas share a millisecond", async () => {
    const twins = all.findIndex(({ recordedAt }, i) => i > 0 && all[i - 1]!.recordedAt === recordedAt);
    const { recordedAt } = all[twins]!;
    const custom = (from: number, to: number) => ({ window: { kind: "custom", from, to } }) as const;
    await expectLooped(custom(recordedAt, recordedAt + 1), (delta) => delta.recordedAt === recordedAt);
    await expectLooped(custom(START - 1, recordedAt), (delta) => delta.recordedAt < recordedAt);
    await expectLooped(custom(recordedAt + 1, recordedAt + HOUR * 500), (delta) => {
      return delta.recordedAt > recordedAt && delta.recordedAt < recordedAt + HOUR * 500;
    });
  });

  it("is a month, and knows its name", async () => {
    const isIn = ({ recordedAt }: StoredDelta) => new Date(recordedAt).toISOString().startsWith("2026-02");
    await expectLooped({ window: { kind: "month", period: "2026-02" } }, isIn);
    const { window, period } = await resolved({ window: { kind: "month", period: "2026-02" } });
    expect(window).to.deep.include({ from: Date.UTC(2026, 1), to: Date.UTC(2026, 2) });
    expect(period).to.equal("2026-02");
    const current = new Date(last().recordedAt).toISOString().slice(0, 7);
    expect((await resolved({ window: { kind: "current_month" } })).period).to.equal(current);
    await expectLooped({ window: { kind: "current_month" } }, ({ recordedAt }) => {
      return new Date(recordedAt).toISOString().startsWith(current);
    });
  });

  it("is the whole history unless told otherwise, and nothing of another customer's", async () => {
    await expectLooped({}, () => true);
    await expectLooped({ startingBalance: -7n }, () => true);
    const { window } = await resolved({});
    expect(window).to.deep.equal({ from: all[0]!.recordedAt, to: last().recordedAt + 1 });
  });

  it("is as of a time, which is not in it, or of a sequence, which is", async () => {
    for (const { recordedAt, sequence } of [all[0]!, all[200]!, last()]) {
      await expectLooped({ at: { time: recordedAt } }, (delta) => delta.recordedAt < recordedAt);
      await expectLooped({ at: { time: recordedAt + 1 } }, (delta) => delta.recordedAt <= recordedAt);
      await expectLooped({ at: { sequence } }, (delta) => delta.sequence <= sequence);
    }
    await expectLooped({ at: { time: START - HOUR } }, () => false);
    await expectLooped({ at: { time: START + 10 ** 12 } }, () => true);
    expect(await codeOf(resolved({ at: { sequence: all.length + 1 } }))).to.equal("VALIDATION_ERROR");
  });

  it("counts anchored deltas only where it is to be verified", async () => {
    await expectLooped({ finality: "verified" }, ({ sequence }) => sequence <= confirmed);
    const from = all[confirmed - 10]!.recordedAt;
    const window = { kind: "custom", from, to: from + 10_000 * HOUR } as const;
    const isIn = ({ recordedAt, sequence }: StoredDelta) => recordedAt >= from && sequence <= confirmed;
    await expectLooped({ finality: "verified", window }, isIn);
  });

  it("starts from a checkpoint, by its proofRoot or its root", async () => {
    const window = { from: START, to: all[150]!.recordedAt };
    const { statementId } = await checkpointLedger(record.store, ledger, window, { now: last().recordedAt });
    const checkpoint = (await record.store.checkpoint(record.tenant.id, statementId))!;
    const isIn = ({ recordedAt }: StoredDelta) => recordedAt >= window.to;
    for (const [type, hash] of [
      ["proofRoot", checkpoint.fingerprint],
      ["itemsRoot", checkpoint.root],
    ] as const) {
      await expectLooped({ startingPoint: { type, id: toHex(hash) } }, isIn, checkpoint.closingBalance);
    }
    const from = { type: "proofRoot", id: toHex(checkpoint.fingerprint) } as const;
    await expectLooped({ startingPoint: from, startingBalance: 5n }, isIn);
    await expectLooped({ startingPoint: from, at: { sequence: 3 } }, () => false, checkpoint.closingBalance);
  });

  it("starts from a delta, or from the ledger's head in an anchor", async () => {
    const { sequence, balance } = all[99]!;
    const byRecord = { type: "recordId", id: recordIdOf(ledger.address, sequence) } as const;
    await expectLooped({ startingPoint: byRecord }, (delta) => delta.sequence > sequence, balance);
    const head = all[confirmed - 1]!;
    const byAnchor = { type: "anchorId", id: "1" } as const;
    await expectLooped({ startingPoint: byAnchor }, (delta) => delta.sequence > head.sequence, head.balance);
    await expectLooped({ startingPoint: byAnchor, finality: "verified" }, () => false, head.balance);
  });

  it("starts from nothing that this ledger does not have", async () => {
    const [theirs] = deltasOf(await record.store.record([request(record.tenant, "another")], false));
    const window = { from: START, to: theirs!.recordedAt + 1 };
    const asking = { now: theirs!.recordedAt };
    const { statementId } = await checkpointLedger(record.store, theirs!.ledger, window, asking);
    const checkpoint = (await record.store.checkpoint(record.tenant.id, statementId))!;
    const points: StartingPoint[] = [
      { type: "proofRoot", id: toHex(checkpoint.fingerprint) },
      { type: "itemsRoot", id: toHex(checkpoint.root) },
      { type: "proofRoot", id: toHex(all[0]!.fingerprint) },
      { type: "proofRoot", id: "chk_1" },
      { type: "recordId", id: recordIdOf(theirs!.ledger.address, 1) },
      { type: "recordId", id: recordIdOf(ledger.address, all.length + 1) },
      { type: "recordId", id: "rec_1" },
      { type: "anchorId", id: "2" },
      { type: "anchorId", id: "0" },
      { type: "anchorId", id: "-1" },
    ];
    for (const startingPoint of points) {
      expect(await codeOf(resolved({ startingPoint })), JSON.stringify(startingPoint)).to.equal("NOT_FOUND");
    }
  });

  it("shows any page, with balance and counts of the whole scope", async () => {
    const scope = await resolved({ window: { kind: "month", period: "2026-02" } });
    const whole = await derive(record.store, scope, { offset: 0, limit: 1000 });
    const paged: StoredDelta[] = [];
    for (let offset = 0; offset < whole.deltasCount + 7; offset += 7) {
      const { deltas, ...rest } = await derive(record.store, scope, { offset, limit: 7 });
      expect(rest).to.deep.include({ computedBalance: whole.computedBalance, deltasCount: whole.deltasCount });
      paged.push(...deltas);
    }
    expect(paged).to.deep.equal(whole.deltas);
  });

  it("breaks down into buckets that add up to the scope's change, each the change that a loop finds", async () => {
    const scopes: Partial<ScopeRequest>[] = [
      {},
      { window: { kind: "custom", from: START - 50 * HOUR, to: START + 1000 * HOUR + 1 } },
      { window: { kind: "month", period: "2026-03" } },
      { at: { time: all[300]!.recordedAt } },
      { at: { sequence: 123 } },
      { finality: "verified" },
      { startingPoint: { type: "recordId", id: recordIdOf(ledger.address, 250) } },
      { startingPoint: { type: "recordId", id: recordIdOf(ledger.address, all.length) } },
      { at: { time: START - 1 } },
    ];
    for (const change of scopes) {
      const scope = await resolved(change);
      for (const granularity of ["day", "week", "month"] as Granularity[]) {
        const found = await breakDown(record.store, scope, granularity);
        const sum = found.reduce((total, { netChange }) => total + netChange, 0n);
        expect(sum).to.equal(scope.closingBalance - scope.openingBalance);
        expect(found.reduce((total, { deltasCount }) => total + deltasCount, 0)).to.equal(scope.last - scope.first + 1);
        for (const { from, to, netChange, deltasCount } of found) {
          const isIn = ({ recordedAt, sequence }: StoredDelta) =>
            recordedAt >= from && recordedAt < to && sequence >= scope.first && sequence <= scope.last;
          const { count, balance } = looped(all, 0n, isIn);
          expect({ netChange, deltasCount }).to.deep.equal({ netChange: balance, deltasCount: count });
        }
      }
    }
  });

  it("is refused where it is too wide, or has too many buckets", async () => {
    const day = 86_400_000;
    const custom = (days: number) => ({ window: { kind: "custom", from: START, to: START + days * day } }) as const;
    expect(await codeOf(resolved(custom(120 * 31 + 1)))).to.equal("SCOPE_TOO_WIDE");
    const widest = await resolved(custom(120 * 31));
    expect(await codeOf(breakDown(record.store, widest, "day"))).to.equal("SCOPE_TOO_WIDE");
    expect(await breakDown(record.store, await resolved(custom(1000)), "day")).to.have.length(1000);
    expect(await codeOf(breakDown(record.store, await resolved(custom(1001)), "day"))).to.equal("SCOPE_TOO_WIDE");
  });

  it("counts before any time what a loop counts", async () => {
    const holdsFor = fc.asyncProperty(time, async (at) => {
      const count = all.filter(({ recordedAt }) => recordedAt < at).length;
      expect(await record.store.countBefore(ledger, at)).to.equal(count);
    });
    await fc.assert(holdsFor, { numRuns: runsOfRecord(RUNS) });
  }).timeout(600_000);
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  const outcome = await work.catch((error: unknown) => error);
  expect(outcome).to.be.instanceOf(TallyrootError);
  return (outcome as TallyrootError).code;
}
