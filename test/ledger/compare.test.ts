import { expect } from "chai";
import * as fc from "fast-check";
import { toHex } from "#src/core/bytes.ts";
import type { Party } from "#src/core/dispute.ts";
import { TallyrootError } from "#src/core/errors.ts";
import { recordIdOf } from "#src/core/record-id.ts";
import type { ScopeRequest } from "#src/core/scope.ts";
import { type Claim, type Compared, compare, MAX_COMPARED_DELTAS } from "#src/ledger/compare.ts";
import type { NamedEntry } from "#src/ledger/name-deltas.ts";
import type { Ledger, StoredDelta } from "#src/ledger/ports/ledgers.ts";
import { resolveScope } from "#src/ledger/scope.ts";
import { RUNS } from "#test/core/property.ts";
import { runsOfRecord } from "#test/run/engine.ts";
import { changeBehind } from "#test/run/record-of.ts";
import { deltasOf, type OpenRecord, openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";

const WHOLE: ScopeRequest = {
  startingBalance: undefined,
  startingPoint: undefined,
  window: undefined,
  at: undefined,
  granularity: undefined,
  finality: "recorded",
};

/** Disputes in short: "MISSING 2 -5 theirs". */
function shortOf({ disputed }: Compared): string[] {
  return disputed.map(({ kind, position, amount, party }) => `${kind} ${position} ${amount} ${party}`);
}

describe("comparing with the record", () => {
  const folder = temporaryFolder();
  let record: OpenRecord;
  let ledger: Ledger;
  let deltas: StoredDelta[];
  /** Amounts 10, -5, 5, 20, -3, 5; balances 10, 5, 10, 30, 27, 32; "twice" names deltas 3 and 6. */
  const AMOUNTS = [10n, -5n, 5n, 20n, -3n, 5n];
  const REFERENCES = ["ref-1", "ref-2", "twice", undefined, "ref-5", "twice"];

  before(async () => {
    record = await openRecord(folder.dir);
    const { store, tenant } = record;
    const asked = AMOUNTS.map((amount, i) =>
      request(tenant, "c", { amount, ...(REFERENCES[i] && { referenceId: REFERENCES[i] }) }),
    );
    deltas = deltasOf(await store.record(asked, true));
    ledger = deltas[0]!.ledger;
  });
  after(async () => {
    await record.close();
    folder.remove();
  });

  const scopeOf = (change: Partial<ScopeRequest> = {}) =>
    resolveScope(record.store, ledger, { ...WHOLE, ...change }, record.clock.now);
  const claim = (entries: readonly NamedEntry[] | undefined, balance?: bigint, party: Party = "theirs"): Claim => ({
    party,
    balance,
    entries,
  });
  const compared = async (claims: readonly Claim[], change: Partial<ScopeRequest> = {}) =>
    compare(record, await scopeOf(change), claims);
  const from = (sequence: number): Partial<ScopeRequest> => ({
    startingPoint: { type: "recordId", id: recordIdOf(ledger.address, sequence) },
  });
  const names = (...sequences: number[]) => sequences.map((sequence) => ({ sequence }));

  it("finds a delta by each of its names", async () => {
    const entries: NamedEntry[] = [
      { receiptId: toHex(deltas[0]!.fingerprint), delta: 10n },
      { referenceId: "ref-2", delta: -5n },
      { recordId: recordIdOf(ledger.address, 3), balance: 10n },
      { sequence: 4 },
      { referenceId: "ref-5" },
      { receiptId: toHex(deltas[5]!.fingerprint), balance: 32n },
    ];
    const { disputed, confirmedCount, confirmedPage, outcomes } = await compared([claim(entries, 32n)]);
    expect([disputed, confirmedCount, confirmedPage(0, 10)]).to.deep.equal([[], 6, [1, 2, 3, 4, 5, 6]]);
    expect(outcomes).to.deep.include({
      party: "theirs",
      balance: 32n,
      discrepancy: 0n,
      stoodAt: undefined,
      balanceAlone: false,
    });
  });

  const UNKNOWN: readonly (readonly [claim: string, entry: () => NamedEntry])[] = [
    ["a receipt of nothing", () => ({ receiptId: `0x${"5a".repeat(32)}` })],
    ["a commitment as a receipt", () => ({ receiptId: toHex(deltas[0]!.commitment) })],
    ["a reference of nothing", () => ({ referenceId: "ref-9" })],
    ["a sequence not reached", () => ({ sequence: 7 })],
    ["a record of a sequence not reached", () => ({ recordId: recordIdOf(ledger.address, 7) })],
    ["a record of another ledger", () => ({ recordId: recordIdOf(new Uint8Array(20), 1) })],
    ["a text that is no record id", () => ({ recordId: "rec_1" })],
  ];
  for (const [what, entry] of UNKNOWN) {
    it(`says that ${what} is not on record`, async () => {
      const result = await compared([claim([...names(1, 2, 3, 4, 5, 6), { ...entry(), delta: 4n }])]);
      expect(shortOf(result)).to.deep.equal(["NOT_ON_RECORD 6 4 theirs"]);
    });
  }

  it("does not find another customer's receipt, though it is recorded", async () => {
    const [other] = deltasOf(
      await record.store.record([request(record.tenant, "other", { referenceId: "ref-other" })], true),
    );
    const entries = [
      ...names(1, 2, 3, 4, 5, 6),
      { receiptId: toHex(other!.fingerprint) },
      { referenceId: "ref-other" },
    ];
    expect(shortOf(await compared([claim(entries)]))).to.deep.equal([
      "NOT_ON_RECORD 6 0 theirs",
      "NOT_ON_RECORD 6 0 theirs",
    ]);
  });

  it("takes each mention of a reference for the next delta that has it, and one too many for a duplicate", async () => {
    const twice = { referenceId: "twice" };
    expect(shortOf(await compared([claim([...names(1, 2), twice, ...names(4, 5), twice])]))).to.deep.equal([]);
    expect(shortOf(await compared([claim([...names(1, 2), twice, ...names(4, 5)])]))).to.deep.equal([
      "MISSING 6 -5 theirs",
    ]);
    expect(shortOf(await compared([claim([...names(1, 2), twice, ...names(4, 5), twice, twice])]))).to.deep.equal([
      "DUPLICATE 6 5 theirs",
    ]);
  });

  it("calls a delta outside of the scope extra, by whatever it is named", async () => {
    const outside: NamedEntry[] = [
      { referenceId: "ref-1" },
      { sequence: 2 },
      { receiptId: toHex(deltas[5]!.fingerprint) },
    ];
    const scope = { ...(await scopeOf(from(2))), last: 5, closingBalance: 27n };
    const result = await compare(record, scope, [claim([...outside, ...names(3, 4, 5)])]);
    expect(shortOf(result)).to.deep.equal(["EXTRA 1 10 theirs", "EXTRA 2 -5 theirs", "EXTRA 6 5 theirs"]);
    expect(result.searched).to.deep.equal({ from: 1, to: 6 });
  });

  it("counts balances from the starting balance", async () => {
    const entries = [
      { sequence: 3, balance: 105n },
      { sequence: 4, balance: 125n },
      { sequence: 5, balance: 122n },
      { sequence: 6, balance: 128n },
    ];
    const { computedBalance, divergence, outcomes } = await compared([claim(entries)], {
      ...from(2),
      startingBalance: 100n,
    });
    expect(computedBalance).to.equal(127n);
    expect(divergence).to.deep.equal({
      sequence: 6,
      kind: "DIFFERENT_BALANCE",
      party: "theirs",
      amount: 1n,
      balanceBefore: 122n,
      balanceAfter: 127n,
    });
    expect(outcomes[0]).to.deep.include({ balance: 128n, discrepancy: 1n });
  });

  it("confirms a delta only where both views agree", async () => {
    const { confirmedPage, disputed } = await compared([
      claim(names(1, 3, 4, 5, 6), undefined, "yours"),
      claim(names(1, 2, 3, 4, 5)),
    ]);
    expect(confirmedPage(0, 10)).to.deep.equal([1, 3, 4, 5]);
    expect(disputed.map(({ kind, party }) => `${kind} ${party}`)).to.deep.equal(["MISSING yours", "MISSING theirs"]);
    const later = await compared([claim(names(2, 3, 4, 5, 6))]);
    expect([later.confirmedPage(0, 2), later.confirmedPage(4, 2)]).to.deep.equal([[2, 3], [6]]);
  });

  describe("balances alone", () => {
    const TABLE: readonly (readonly [
      claim: string,
      balance: bigint,
      stoodAt: number | undefined,
      disputes: string[],
      confirmed: number,
    ])[] = [
      ["at the end", 32n, 6, [], 6],
      ["before the last delta", 27n, 5, ["MISSING 6 -5 theirs"], 5],
      [
        "the last time that it stood there",
        10n,
        3,
        ["MISSING 4 -20 theirs", "MISSING 5 3 theirs", "MISSING 6 -5 theirs"],
        3,
      ],
      [
        "before the first delta",
        0n,
        0,
        [
          "MISSING 1 -10 theirs",
          "MISSING 2 5 theirs",
          "MISSING 3 -5 theirs",
          "MISSING 4 -20 theirs",
          "MISSING 5 3 theirs",
          "MISSING 6 -5 theirs",
        ],
        0,
      ],
      ["never", 31n, undefined, ["DIFFERENT_BALANCE 6 -1 theirs"], 0],
    ];
    for (const [when, balance, stoodAt, disputes, confirmed] of TABLE) {
      it(`find that the record stood there ${when}`, async () => {
        const result = await compared([claim(undefined, balance)]);
        expect(shortOf(result)).to.deep.equal(disputes);
        expect(result.outcomes[0]).to.deep.include({ stoodAt, discrepancy: balance - 32n, balanceAlone: true });
        expect([result.confirmedCount, result.confirmedPage(0, 10).length]).to.deep.equal([confirmed, confirmed]);
        expect(result.undecidedCount).to.equal(stoodAt === undefined ? 5 : 0);
        expect(result.divergence?.sequence).to.equal(
          disputes.length === 0 ? undefined : Number(disputes[0]!.split(" ")[1]),
        );
      });
    }

    it("of two parties confirm what both have seen", async () => {
      const { confirmedCount, disputed } = await compared([claim(undefined, 27n, "yours"), claim(undefined, 30n)]);
      expect([confirmedCount, disputed.length]).to.deep.equal([4, 3]);
    });

    it("beside the other party's entries are found in the same way", async () => {
      const claims = [claim(names(1, 2, 3, 4, 5, 6), undefined, "yours"), claim(undefined, 27n)];
      expect(shortOf(await compared(claims))).to.deep.equal(["MISSING 6 -5 theirs"]);
      const never = await compared([claims[0]!, claim(undefined, 31n)]);
      expect([never.confirmedCount, never.undecidedCount, shortOf(never)]).to.deep.equal([
        0,
        5,
        ["DIFFERENT_BALANCE 6 -1 theirs"],
      ]);
    });

    it("over an empty scope are right or wrong", async () => {
      const right = await compared([claim(undefined, 32n)], from(6));
      expect([right.deltasCount, shortOf(right), right.confirmedCount]).to.deep.equal([0, [], 0]);
      expect(shortOf(await compared([claim(undefined, 1n)], from(6)))).to.deep.equal([
        "DIFFERENT_BALANCE 6 -31 theirs",
      ]);
    });
  });

  it("without any claim answers the balance, and decides about no delta", async () => {
    const { computedBalance, confirmedCount, undecidedCount, disputed, outcomes } = await compared([]);
    expect([computedBalance, confirmedCount, undecidedCount, disputed, outcomes]).to.deep.equal([32n, 0, 6, [], []]);
  });

  it("whatever is sent, each delta is confirmed or disputed, and the amounts add up to the discrepancy", async () => {
    const amount = fc.bigInt({ min: -50n, max: 50n });
    const optional = fc.option(amount, { nil: undefined });
    const name = fc.oneof(
      fc.record({ sequence: fc.integer({ min: 1, max: 8 }) }),
      fc.record({ referenceId: fc.constantFrom("ref-1", "ref-2", "twice", "ref-5", "none") }),
      fc.integer({ min: 0, max: 5 }).map((i) => ({ receiptId: toHex(deltas[i]!.fingerprint) })),
      fc.integer({ min: 1, max: 8 }).map((sequence) => ({ recordId: recordIdOf(ledger.address, sequence) })),
    );
    const entry = fc
      .tuple(name, optional, optional)
      .map(([named, delta, balance]): NamedEntry => ({ ...named, delta, balance }));
    const view = fc.tuple(fc.array(entry, { maxLength: 9 }), optional);
    const property = fc.asyncProperty(
      view,
      view,
      fc.integer({ min: 0, max: 5 }),
      amount,
      async (yours, theirs, before, startingBalance) => {
        const claims = [claim(...yours, "yours"), claim(...theirs)];
        const result = await compared(claims, { ...(before > 0 && from(before)), startingBalance });
        for (const { party, discrepancy } of result.outcomes) {
          const amounts = result.disputed.filter((dispute) => dispute.party === party).map((dispute) => dispute.amount);
          expect(amounts.reduce((sum, one) => sum + one, 0n)).to.equal(discrepancy);
        }
        const confirmed = result.confirmedPage(0, 10);
        const disputed = result.disputed.flatMap(({ sequence }) =>
          sequence !== undefined && sequence > before && sequence <= 6 ? [sequence] : [],
        );
        expect([...new Set([...confirmed, ...disputed])].sort()).to.deep.equal([1, 2, 3, 4, 5, 6].slice(before));
        expect([result.confirmedCount, result.undecidedCount]).to.deep.equal([6 - before - new Set(disputed).size, 0]);
      },
    );
    await fc.assert(property, { numRuns: runsOfRecord(Math.min(RUNS, 1_000)) });
  }).timeout(30_000);

  it("refuses a reference that erased content may have had, and finds the others by their other names", async () => {
    const place = temporaryFolder();
    let erased = await openRecord(place.dir);
    const [delta] = deltasOf(await erased.store.record([request(erased.tenant, "e", { referenceId: "gone" })], true));
    await erased.close();
    await changeBehind(place.dir, "UPDATE ledger_keys SET wrapped = NULL, sealed_customer_id = NULL");
    erased = await openRecord(place.dir);
    const scope = await resolveScope(erased.store, delta!.ledger, WHOLE, erased.clock.now);
    const refusal = await compare(erased, scope, [claim([{ referenceId: "gone" }])]).catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(TallyrootError).with.property("code", "CONTENT_ERASED");
    expect((await compare(erased, scope, [claim([{ receiptId: toHex(delta!.fingerprint) }])])).confirmedCount).to.equal(
      1,
    );
    await erased.close();
    place.remove();
  });
});

describe("comparing a long ledger", () => {
  const folder = temporaryFolder();
  const COUNT = MAX_COMPARED_DELTAS + 2_000;
  let record: OpenRecord;
  let ledger: Ledger;

  before(async () => {
    record = await openRecord(folder.dir);
    for (let at = 0; at < COUNT; at += 2_000) {
      const asked = Array.from({ length: 2_000 }, () => request(record.tenant, "long", { amount: 1n }));
      [{ ledger }] = deltasOf(await record.store.record(asked, true)) as [StoredDelta];
    }
  });
  after(async () => {
    await record.close();
    folder.remove();
  });

  const scopeFrom = (sequence: number) =>
    resolveScope(
      record.store,
      ledger,
      {
        ...WHOLE,
        ...(sequence > 0 && { startingPoint: { type: "recordId", id: recordIdOf(ledger.address, sequence) } }),
      },
      record.clock.now,
    );

  it("refuses entries over more deltas than are gone through, naming the limit", async () => {
    const refusal = await compare(record, await scopeFrom(0), [
      { party: "yours", balance: undefined, entries: [] },
    ]).catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(TallyrootError).with.property("code", "SCOPE_TOO_WIDE");
    expect((refusal as TallyrootError).facts).to.deep.equal({
      maxComparedDeltas: MAX_COMPARED_DELTAS,
      deltasCount: COUNT,
    });
  });

  it("finds a balance near the end by reading the end alone", async () => {
    const result = await compare(record, await scopeFrom(0), [
      { party: "yours", balance: BigInt(COUNT - 150), entries: undefined },
    ]);
    expect([result.confirmedCount, result.disputed.length, result.outcomes[0]!.stoodAt]).to.deep.equal([
      COUNT - 150,
      150,
      COUNT - 150,
    ]);
    expect(result.searched.from).to.be.greaterThan(COUNT - 300);
    expect(result.confirmedPage(COUNT - 152, 10)).to.deep.equal([COUNT - 151, COUNT - 150]);
  });

  it("says how far it looked for a balance that it did not find", async () => {
    const result = await compare(record, await scopeFrom(0), [{ party: "yours", balance: 1_000n, entries: undefined }]);
    expect(result.searched).to.deep.equal({ from: COUNT - MAX_COMPARED_DELTAS + 1, to: COUNT });
    expect([result.outcomes[0]!.stoodAt, result.confirmedCount, result.undecidedCount]).to.deep.equal([
      undefined,
      0,
      COUNT - 1,
    ]);
  });

  it("lets recording go on in between", async () => {
    let recorded = 0;
    let done = false;
    const recording = (async () => {
      while (!done) {
        await record.store.record([request(record.tenant, "meanwhile")], true);
        recorded += 1;
      }
    })();
    const entries = Array.from({ length: 20_000 }, (_, i) => ({ sequence: COUNT - i }));
    const { disputed } = await compare(record, await scopeFrom(COUNT - 20_000), [
      { party: "theirs", balance: undefined, entries },
    ]);
    done = true;
    await recording;
    expect(disputed.length).to.equal(19_999);
    expect(recorded).to.be.greaterThan(10);
  });
});
