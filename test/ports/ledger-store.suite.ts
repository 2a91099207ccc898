import { createHash } from "node:crypto";
import { expect } from "chai";
import { ledgerAddress } from "#src/core/address.ts";
import { MAX_BALANCE, MAX_DELTA } from "#src/core/amount.ts";
import { concatBytes } from "#src/core/bytes.ts";
import { commitmentOf } from "#src/core/content.ts";
import { TallyrootError } from "#src/core/errors.ts";
import { deltaFingerprint, leafOf } from "#src/core/fingerprint.ts";
import { peakPositions, rootOf, rootOfLeaves } from "#src/core/tree.ts";
import type { Contents } from "#src/ledger/contents.ts";
import type { AnchorStore } from "#src/ledger/ports/anchoring.ts";
import type { LedgerStore, RecordedDelta, RecordOutcome, RecordRequest, Tenant } from "#src/ledger/ports/ledgers.ts";
import type { TenantStore } from "#src/ledger/ports/tenants.ts";

/** One implementation, open on a place of its own. */
export type OpenStore = {
  store: LedgerStore & TenantStore;
  anchors: AnchorStore;
  contents: Contents;
  tenant: Tenant;
  /** Unix milliseconds, as the store sees them; tests move it. */
  clock: { now: number };
  /** Closes it and opens it again on the same place, as a restart does. */
  reopen(): Promise<OpenStore>;
  close(): Promise<void>;
};

/** More deltas than the newest that an implementation may keep in memory for finding them by fingerprint or request id. */
const MORE_THAN_MEMORY = 25_000;

const requestId = (text: string) => createHash("sha256").update(text).digest().subarray(0, 16);

/** What every implementation of LedgerStore must do. */
export function ledgerStoreSuite(name: string, open: () => Promise<OpenStore>): void {
  describe(`LedgerStore: ${name}`, () => {
    let opened: OpenStore;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());

    const of = (customerId: string, more: Partial<RecordRequest> = {}): RecordRequest => ({
      tenant: opened.tenant,
      customerId,
      amount: 10n ** 18n,
      reason: "usage",
      ...more,
    });
    const record = async (...requests: RecordRequest[]) => (await opened.store.record(requests, false)).map(stored);
    const ledgerOf = async (customerId: string, tenant = opened.tenant) => {
      const ledger = await opened.store.ledger(tenant.id, ledgerAddress(tenant.namespace, customerId));
      if (!ledger) throw new Error(`no ledger of ${customerId}`);
      return ledger;
    };

    it("numbers a ledger's deltas 1, 2, 3 … however many callers record at once", async () => {
      const calls = Array.from({ length: 120 }, (_, i) => record(of(`c${i % 3}`), of(`c${(i + 1) % 3}`)));
      const all = (await Promise.all(calls)).flat();
      for (const customerId of ["c0", "c1", "c2"]) {
        const ledger = await ledgerOf(customerId);
        const numbers = all.filter((delta) => delta.ledger.id === ledger.id).map((delta) => delta.sequence);
        const expected = Array.from({ length: 80 }, (_, i) => i + 1);
        expect(numbers.toSorted((a, b) => a - b)).to.deep.equal(expected);
        expect((await opened.store.deltas(ledger, 1, 1000)).map((delta) => delta.sequence)).to.deep.equal(expected);
      }
    });

    it("answers in the order of the requests, with what a read finds afterwards", async () => {
      const [a, b, c] = await record(of("x", { amount: 5n }), of("y", { amount: 6n }), of("x", { amount: 7n }));
      expect([a!.amount, b!.amount, c!.amount]).to.deep.equal([5n, 6n, 7n]);
      for (const delta of [a!, b!, c!]) {
        expect(plain(await opened.store.delta(delta.ledger, delta.sequence))).to.deep.equal(plain(delta));
      }
    });

    it("never lets recordedAt go back, even when the clock does and after a restart", async () => {
      const { now } = opened.clock;
      await record(of("c"));
      opened.clock.now = now - 60_000;
      await record(of("c"));
      opened = await opened.reopen();
      opened.clock.now = now - 90_000;
      await record(of("c"));
      opened.clock.now = now + 1;
      await record(of("c"));
      const deltas = await opened.store.deltas(await ledgerOf("c"), 1, 10);
      expect(deltas.map((delta) => delta.recordedAt)).to.deep.equal([now, now, now, now + 1]);
    });

    it("keeps the running balance, over a restart too", async () => {
      await record(of("c", { amount: 5n }), of("c", { amount: -8n }));
      opened = await opened.reopen();
      await record(of("c", { amount: 2n * 10n ** 27n }));
      const deltas = await opened.store.deltas(await ledgerOf("c"), 1, 10);
      expect(deltas.map((delta) => delta.balance)).to.deep.equal([5n, -3n, 2n * 10n ** 27n - 3n]);
    });

    it("stores the commitment and the fingerprint that the arithmetic gives", async () => {
      const metadata = JSON.parse('{"__proto__":{"a":1},"n":1.5,"t":"ü"}') as Record<string, never>;
      const full = { referenceId: "inv-1", metadata, adjusts: { referenceId: "inv-0" } };
      await record(of("c"), of("c", full), of("c", { amount: -1n }));
      for (const delta of await opened.store.deltas(await ledgerOf("c"), 1, 3)) {
        const content = await opened.contents.contentOf(delta);
        expect(content?.customerId).to.equal("c");
        expect(delta.commitment).to.deep.equal(Buffer.from(commitmentOf(content!)));
        const fields = { ...delta, ledger: delta.ledger.address };
        expect(delta.fingerprint).to.deep.equal(Buffer.from(deltaFingerprint(fields)));
      }
      const second = await opened.store.delta(await ledgerOf("c"), 2);
      const { salt: _, ...content } = (await opened.contents.contentOf(second!))!;
      expect(content).to.deep.equal({ customerId: "c", delta: "1", reason: "usage", ...full });
    });

    it("has the tree's nodes at hand for every size", async () => {
      const deltas = await record(...Array.from({ length: 33 }, () => of("c")));
      opened = await opened.reopen();
      deltas.push(...(await record(...Array.from({ length: 4 }, () => of("c")))));
      const ledger = await ledgerOf("c");
      for (let count = 1; count <= 37; count++) {
        const peaks = await opened.store.nodes(ledger, peakPositions(count));
        const leaves = concatBytes(...deltas.slice(0, count).map((delta) => leafOf(delta.fingerprint)));
        expect(rootOf({ count, peaks }), `size ${count}`).to.deep.equal(rootOfLeaves(leaves));
      }
    });

    it("records a request id once: within one call, over calls, and after a restart", async () => {
      const again = () => of("c", { requestId: requestId("k") });
      const first = await opened.store.record([again(), of("c"), again()], false);
      expect(first.map((outcome) => outcome.kind)).to.deep.equal(["recorded", "recorded", "replayed"]);
      const [together] = await Promise.all([
        opened.store.record([again()], false),
        opened.store.record([again()], false),
      ]);
      expect(together[0]!.kind).to.equal("replayed");
      opened = await opened.reopen();
      const [after] = await opened.store.record([again()], false);
      expect(after!.kind).to.equal("replayed");
      expect(stored(after!).sequence).to.equal(1);
      expect((await opened.store.lastDelta(await ledgerOf("c")))?.sequence).to.equal(2);
    });

    it("tells request ids apart that begin alike", async () => {
      const ids = [1, 2, 3].map((last) => Buffer.from([...Array(15).fill(9), last]));
      await record(...ids.map((id, i) => of("c", { requestId: id, amount: BigInt(i + 1) })));
      opened = await opened.reopen();
      const found = await opened.store.record(
        ids.map((id) => of("c", { requestId: id })),
        false,
      );
      expect(found.map((outcome) => [outcome.kind, stored(outcome).sequence])).to.deep.equal([
        ["replayed", 1],
        ["replayed", 2],
        ["replayed", 3],
      ]);
    });

    it("records an atomic unit as a whole", async () => {
      const outcomes = await opened.store.record([of("a"), of("b"), of("a")], true);
      expect(outcomes.map((outcome) => outcome.kind)).to.deep.equal(["recorded", "recorded", "recorded"]);
      expect((await opened.store.lastDelta(await ledgerOf("a")))?.sequence).to.equal(2);
    });

    it("records nothing of an atomic unit of which one is refused, and says so for each", async () => {
      await record(of("full", { amount: MAX_BALANCE, requestId: requestId("before") }));
      const outcomes = await opened.store.record(
        [
          of("new", { requestId: requestId("in") }),
          of("full", { amount: 1n }),
          of("new", { requestId: requestId("in") }),
          of("full", { requestId: requestId("before") }),
        ],
        true,
      );
      expect(outcomes.map((outcome) => outcome.kind)).to.deep.equal(["refused", "refused", "refused", "replayed"]);
      expect(await opened.store.ledger(1, ledgerAddress(opened.tenant.namespace, "new"))).to.equal(undefined);
      const [later] = await opened.store.record([of("new", { requestId: requestId("in") })], false);
      expect(later!.kind).to.equal("recorded");
      expect(stored(later!).sequence).to.equal(1);
    });

    it("records a request id that stands twice in an atomic unit once", async () => {
      const twice = of("c", { requestId: requestId("twice") });
      const outcomes = await opened.store.record([twice, twice], true);
      expect(outcomes.map((outcome) => outcome.kind)).to.deep.equal(["recorded", "replayed"]);
      expect((await opened.store.lastDelta(await ledgerOf("c")))?.sequence).to.equal(1);
    });

    it("refuses the one delta that would overflow, and goes on with the others", async () => {
      await record(of("full", { amount: MAX_BALANCE - 1n }));
      const outcomes = await opened.store.record([of("full", { amount: 2n }), of("full", { amount: 1n })], false);
      expect(outcomes.map((outcome) => outcome.kind)).to.deep.equal(["refused", "recorded"]);
      const error = outcomes[0]!.kind === "refused" ? outcomes[0]!.error : undefined;
      expect(error?.code).to.equal("BALANCE_OVERFLOW");
      expect(stored(outcomes[1]!).balance).to.equal(MAX_BALANCE);
      // What the API lets through cannot get there: it takes 10^31 deltas of the largest size.
      expect(MAX_BALANCE / MAX_DELTA > 10n ** 31n).to.equal(true);
    });

    it("opens no ledger for a refused delta", async () => {
      const outcomes = await opened.store.record([of("never", { amount: MAX_BALANCE + 1n })], false);
      expect(outcomes[0]!.kind).to.equal("refused");
      expect(await opened.store.ledgerCount(opened.tenant.id)).to.equal(0);
      const [delta] = await record(of("later"));
      expect(await opened.store.ledgerById(delta!.ledger.id)).to.deep.equal(await ledgerOf("later"));
    });

    it("gives pages of deltas and of ledgers, empty ones beyond the end", async () => {
      await record(...Array.from({ length: 7 }, (_, i) => of(i < 5 ? "a" : `b${i}`)));
      const ledger = await ledgerOf("a");
      const page = async (first: number, limit: number) =>
        (await opened.store.deltas(ledger, first, limit)).map((delta) => delta.sequence);
      expect(await page(1, 2)).to.deep.equal([1, 2]);
      expect(await page(4, 10)).to.deep.equal([4, 5]);
      expect(await page(6, 10)).to.deep.equal([]);
      expect(await opened.store.delta(ledger, 6)).to.equal(undefined);
      const { id } = opened.tenant;
      expect(await opened.store.ledgerCount(id)).to.equal(3);
      expect((await opened.store.ledgers(id, { offset: 0, limit: 1 }))[0]).to.deep.equal(ledger);
      expect(await opened.store.ledgers(id, { offset: 1, limit: 5 })).to.have.length(2);
      expect(await opened.store.ledgers(id, { offset: Number.MAX_SAFE_INTEGER, limit: 5 })).to.deep.equal([]);
      expect((await opened.store.anchors({ offset: Number.MAX_SAFE_INTEGER, limit: 5 })).anchors).to.deep.equal([]);
    });

    it("keeps tenants apart: the same customer id is another ledger, and not to be found", async () => {
      const other = await opened.store.addTenant("other", opened.clock.now);
      const [mine, theirs] = await record(of("same"), { ...of("same"), tenant: other });
      expect(theirs!.sequence).to.equal(1);
      expect(theirs!.ledger.address).not.to.deep.equal(mine!.ledger.address);
      expect(await opened.store.ledger(other.id, mine!.ledger.address)).to.equal(undefined);
      expect(await opened.store.ledger(opened.tenant.id, theirs!.ledger.address)).to.equal(undefined);
      expect(await opened.store.ledgers(other.id, { offset: 0, limit: 10 })).to.deep.equal([
        await ledgerOf("same", other),
      ]);
      expect(await opened.store.tenantByName("third")).to.equal(undefined);
    });

    it("counts a head as under way from `prepare` on, and as confirmed once its anchor is", async () => {
      const [, last] = await record(of("c"), of("c"));
      const { store, anchors } = opened;
      const { id } = last!.ledger;
      const hash = Buffer.alloc(32, 1);
      const leaf = {
        ledgerId: id,
        count: 2,
        balance: last!.balance,
        root: hash,
        leaf: hash,
        nodes: Buffer.alloc(0),
        checkpointId: null,
      };
      await anchors.addLeaves(1, 0, [leaf]);
      expect(await store.anchoredCounts(id)).to.deep.equal({ confirmed: 0, underWay: 0 });
      expect(await store.headsFrom(id, 1, 10)).to.deep.equal([]);
      const { through } = await anchors.moved(0);
      await anchors.prepare({ index: 1, root: hash, size: 1, through, createdAt: 5, throughCheckpoint: 0 });
      expect(await store.anchoredCounts(id)).to.deep.equal({ confirmed: 0, underWay: 2 });
      expect((await store.anchor(1))?.state).to.equal("prepared");
      const block = { transactionHash: hash, blockNumber: 3, blockHash: hash, blockTime: 4, confirmedAt: 6 };
      await anchors.markConfirmed(1, { ...block, gasUsed: 2 ** 53 - 1 });
      expect(await store.anchor(1)).to.include({ state: "confirmed", blockNumber: 3, gasUsed: 2 ** 53 - 1 });
      expect(await store.anchoredCounts(id)).to.deep.equal({ confirmed: 2, underWay: 2 });
      const heads = await store.headsFrom(id, 2, 10);
      expect(heads.map(({ anchorIndex, count }) => ({ anchorIndex, count }))).to.deep.equal([
        { anchorIndex: 1, count: 2 },
      ]);
      expect(await store.headsFrom(id, 3, 10)).to.deep.equal([]);
      expect((await store.anchors({ offset: 0, limit: 10 })).total).to.equal(1);
      await anchors.markUnconfirmed(1);
      expect(await store.anchoredCounts(id)).to.deep.equal({ confirmed: 0, underWay: 2 });
      expect(await store.anchor(1)).to.include({ state: "sent", blockHash: null, gasUsed: null });
    });

    it("finds a delta by its fingerprint and by its request id, old and new, over a restart, and refuses what is too much", async () => {
      // Among them are some whose ids begin alike, far apart and side by side.
      const alike = [5, 15_000, 15_001, 20_001];
      const idOf = (i: number) =>
        alike.includes(i) ? Buffer.from([...Array(14).fill(3), i >> 8, i & 255]) : requestId(`k${i}`);
      const unit = (from: number) =>
        Array.from({ length: 5_000 }, (_, i) => of(`c${i % 10}`, { requestId: idOf(from + i) }));
      // Nothing is written while this turn lasts, so all of it waits at once.
      const calls = Array.from({ length: 11 }, (_, i) => opened.store.record(unit(i * 5_000), false));
      const settled = await Promise.allSettled(calls);
      const deltas = settled.flatMap((call) => (call.status === "fulfilled" ? call.value.map(stored) : []));
      const failures = settled.filter((call) => call.status === "rejected").map((call) => call.reason as unknown);
      expect(deltas).to.have.length.of.at.least(MORE_THAN_MEMORY);
      expect(failures).to.have.length.of.at.least(1);
      expect(failures[0]).to.be.instanceOf(TallyrootError).with.property("code", "SERVICE_UNAVAILABLE");
      const probes = [...alike, 0, 9_999, 10_000, 19_999, 20_000, deltas.length - 1].map((i) => ({
        ...deltas[i]!,
        requestId: idOf(i),
      }));
      const findAll = async () => {
        for (const probe of probes) {
          expect(plain(await opened.store.deltaByFingerprint(probe.fingerprint))).to.deep.equal(plain(probe));
          const [outcome] = await opened.store.record([of("c0", { requestId: probe.requestId })], false);
          expect([outcome!.kind, stored(outcome!).fingerprint]).to.deep.equal(["replayed", probe.fingerprint]);
        }
      };
      await findAll();
      opened = await opened.reopen();
      await findAll();
      const nearly = Buffer.from(probes[0]!.fingerprint);
      nearly[31]! ^= 1;
      expect(await opened.store.deltaByFingerprint(nearly)).to.equal(undefined);
    }).timeout(30_000);

    it("takes 10,000 deltas in one go", async () => {
      const deltas = await record(...Array.from({ length: 10_000 }, (_, i) => of(`c${i % 4}`)));
      expect(deltas.at(-1)!.sequence).to.equal(2_500);
      expect((await opened.store.lastDelta(await ledgerOf("c3")))?.balance).to.equal(2_500n * 10n ** 18n);
    });
  });
}

function stored(outcome: RecordOutcome): RecordedDelta {
  if (outcome.kind === "refused") throw outcome.error;
  return outcome.delta;
}

/** What everybody may see of a delta, with all its bytes of one kind, to compare what was answered with what was read. */
function plain(delta: RecordedDelta | undefined): unknown {
  const bytes = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value) : value);
  if (!delta) return undefined;
  const ledger = { ...delta.ledger, address: bytes(delta.ledger.address) };
  const { sequence, amount, balance, recordedAt, commitment, fingerprint } = delta;
  return {
    sequence,
    amount,
    balance,
    recordedAt,
    commitment: bytes(commitment),
    fingerprint: bytes(fingerprint),
    ledger,
  };
}
