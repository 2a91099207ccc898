import { expect } from "chai";
import * as fc from "fast-check";
import {
  type Contradiction,
  contradictionText,
  findContradictions,
  sourcesOf,
  statementsIn,
} from "#src/core/arbitration/contradiction.ts";
import { addConsistency, noStatements, type ProvenDelta, type Statements } from "#src/core/arbitration/statement.ts";
import { findUnjudged } from "#src/core/arbitration/unjudged.ts";
import type { Delta } from "#src/core/fingerprint.ts";
import { holds } from "../property.ts";
import {
  ALICE,
  BOB,
  checkpointOf,
  consistencyOf,
  everythingIn,
  headOf,
  historyOf,
  type Published,
  publishedAs,
  type Stated,
  seen,
  sideOf,
} from "./published-log.ts";

const placeOf = ({ judgedBy, ledger, sequence }: Contradiction) =>
  `${judgedBy} ${ledger === ALICE ? "alice" : "bob"} ${sequence}`;
const found = (statements: Statements) => findContradictions(statements).map(placeOf);
const unjudged = (statements: Statements) =>
  findUnjudged(statements).map(({ name, sequence }) => `${name} ${sequence}`);

const honest = historyOf(ALICE, [500n, -42n, -100n, 7n]);
/** The history with fields of one delta replaced, and nothing repaired after it. */
const lied = (sequence: number, lie: Partial<Delta>) =>
  honest.map((delta, i) => (i === sequence - 1 ? { ...delta, ...lie } : delta));

/** What an honest publisher does: record for one of two ledgers, state a window that has begun, anchor what is new. */
type Act =
  | { act: "record"; bob: boolean; amount: bigint; after: number }
  | { act: "state"; bob: boolean; begun: number; length: number }
  | { act: "anchor" };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constant("record" as const),
      bob: fc.boolean(),
      amount: fc.bigInt({ min: -9n, max: 9n }),
      // 0 is the same millisecond; less is a clock that went back, which takes no delta with it.
      after: fc.integer({ min: -2, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant("state" as const),
      bob: fc.boolean(),
      begun: fc.integer({ min: 0, max: 12 }),
      length: fc.integer({ min: 0, max: 12 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ act: "anchor" as const }) },
);

function honestLog(acts: readonly Act[]): Published[] {
  const ledgers = [ALICE, BOB].map((ledger) => ({ ledger, deltas: [] as Delta[], anchored: 0 }));
  const anchors: Published[] = [];
  let waiting: Stated[] = [];
  let now = 20;
  for (const one of [...acts, { act: "anchor" } as const]) {
    if (one.act === "anchor") {
      const moved = ledgers.filter(({ deltas, anchored }) => deltas.length > anchored);
      const stated = [...moved.map(({ deltas }) => headOf(deltas)), ...waiting];
      for (const ledger of moved) ledger.anchored = ledger.deltas.length;
      waiting = [];
      if (stated.length > 0) anchors.push(publishedAs(BigInt(anchors.length + 1), stated));
      continue;
    }
    const own = ledgers[one.bob ? 1 : 0]!;
    if (one.act === "record") {
      now += one.after;
      const last = own.deltas.at(-1);
      const [plain] = historyOf(own.ledger, [one.amount]);
      own.deltas = [
        ...own.deltas,
        {
          ...plain!,
          sequence: BigInt(own.deltas.length + 1),
          balance: (last?.balance ?? 0n) + one.amount,
          recordedAt: BigInt(Math.max(now, Number(last?.recordedAt ?? 0))),
        },
      ];
    } else {
      const from = BigInt(Math.max(0, now - one.begun));
      waiting.push(checkpointOf(own.deltas, from, from + BigInt(one.length), { ledger: own.ledger }));
    }
  }
  return anchors;
}

/** Some of the statements: nobody has every receipt. */
function someOf(all: Statements, kept: bigint): Statements {
  const isKept = (_: unknown, i: number) => ((kept >> BigInt(i % 64)) & 1n) === 1n;
  return {
    ...all,
    heads: all.heads.filter(isKept),
    checkpoints: all.checkpoints.filter(isKept),
    deltas: all.deltas.filter(isKept),
  };
}

describe("contradictions among statements", () => {
  it("are none in an honest log, however it was recorded, stated and anchored", () => {
    holds(
      fc.property(fc.array(act, { maxLength: 30 }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (acts, kept) => {
        const all = someOf(everythingIn(honestLog(acts)), kept);
        expect({ judged: found(all), unjudged: unjudged(all), leftOut: all.leftOut }).to.deep.equal({
          judged: [],
          unjudged: [],
          leftOut: [],
        });
      }),
    );
  });

  const KINDS: readonly (readonly [what: string, () => Stated[][], expected: string])[] = [
    [
      "two deltas at one sequence",
      () => [[headOf(honest)], [headOf(lied(3, { recordedAt: 3001n }))]],
      "proveFork alice 3",
    ],
    ["a balance that does not follow", () => [[headOf(lied(3, { balance: 0n }))]], "proveImbalance alice 3"],
    [
      "a delta recorded before its predecessor",
      () => [[headOf(lied(3, { recordedAt: 1999n }))]],
      "proveImbalance alice 3",
    ],
    [
      "a first balance that is not the amount",
      () => [[headOf(lied(1, { balance: 501n }).slice(0, 1))]],
      "proveFirstImbalance alice 1",
    ],
    ["a head's balance", () => [[headOf(honest, { balance: 364n })]], "proveHeadImbalance alice 4"],
    [
      "a head's balance, shown through another head",
      () => [[headOf(honest.slice(0, 2), { balance: 1n }), headOf(honest)]],
      "proveHeadImbalance alice 2",
    ],
    [
      "an opening balance, by the delta before",
      () => [
        [
          headOf(honest.slice(0, 1)),
          checkpointOf(honest, 2000n, 4000n, { openingBalance: 1n, root: honest[0]!.commitment }),
        ],
      ],
      "proveCheckpointImbalance alice 1",
    ],
    [
      "an opening balance, by the first delta",
      () => [[checkpointOf(honest, 2000n, 4000n, { openingBalance: 1n })]],
      "proveCheckpointImbalance alice 2",
    ],
    [
      "a closing balance",
      () => [[checkpointOf(honest, 2000n, 4000n, { closingBalance: 1n })]],
      "proveCheckpointImbalance alice 3",
    ],
    [
      "a counted delta from before the window",
      () => [[checkpointOf(honest, 2000n, 4000n, { from: 2001n })]],
      "proveCheckpointImbalance alice 2",
    ],
    [
      "a counted delta from after the window",
      () => [[checkpointOf(honest, 2000n, 4000n, { to: 3000n })]],
      "proveCheckpointImbalance alice 3",
    ],
    [
      "an empty window that changes the balance",
      () => [[checkpointOf(honest, 9000n, 9999n, { closingBalance: 0n })]],
      "proveBareCheckpointImbalance alice 5",
    ],
    [
      "a beginning with a balance",
      () => [[checkpointOf(honest, 0n, 1000n, { openingBalance: 9n, closingBalance: 9n })]],
      "proveBareCheckpointImbalance alice 1",
    ],
  ];
  for (const [what, log, expected] of KINDS) {
    it(`are found: ${what}`, () => {
      const all = seen(...log());
      expect(found(all)[0]).to.equal(expected);
      expect(contradictionText(findContradictions(all)[0]!)).to.contain("(anchor 1)");
    });
  }

  it("are found where a balance wrapped around int256, which equals no sum", () => {
    const largest = 2n ** 255n - 1n;
    const wrapped = [
      { ...honest[0]!, amount: largest, balance: largest },
      { ...honest[1]!, amount: 1n, balance: -largest - 1n },
    ];
    expect(found(seen([headOf(wrapped)]))).to.deep.equal(["proveImbalance alice 2"]);
  });

  it("are listed by function, ledger and sequence, whatever the order of the files", () => {
    const bobs = historyOf(BOB, [1n, 2n, 3n]);
    const anchors = [
      publishedAs(1n, [headOf(honest), headOf(bobs, { balance: 1n })]),
      publishedAs(2n, [
        headOf(lied(2, { amount: 1n })),
        checkpointOf(honest, 0n, 500n, { openingBalance: 1n, closingBalance: 1n }),
      ]),
    ];
    const expected = [
      "proveFork alice 2",
      "proveImbalance alice 2",
      "proveHeadImbalance bob 3",
      "proveBareCheckpointImbalance alice 1",
    ];
    expect(found(everythingIn(anchors))).to.deep.equal(expected);
    expect(found(everythingIn([...anchors].reverse()))).to.deep.equal(expected);
  });

  it("are listed in the order of the ledgers' addresses", () => {
    const bobs = historyOf(BOB, [1n, 2n, 3n]);
    const lie = { closingBalance: 1n };
    const wrong = [checkpointOf(bobs, 0n, 9000n, lie), checkpointOf(honest, 2000n, 9000n, lie)];
    expect(found(seen(wrong))).to.deep.equal(["proveCheckpointImbalance alice 4", "proveCheckpointImbalance bob 3"]);
  });

  it("take of several ways into the log the shortest", () => {
    const wrong = headOf(lied(1, { balance: 9n }).slice(0, 1));
    for (const anchors of [
      [[wrong, headOf(honest)], [wrong]],
      [[wrong], [wrong, headOf(honest)]],
    ]) {
      const one = findContradictions(seen(...anchors)).find(({ judgedBy }) => judgedBy === "proveFirstImbalance");
      expect(one && statementsIn(one).map(({ anchorProof }) => anchorProof.length)).to.deep.equal([0]);
    }
  });

  it("are not made by one delta through several statements, which is what an honest log looks like", () => {
    const all = seen([headOf(honest.slice(0, 3)), checkpointOf(honest, 0n, 9000n)], [headOf(honest)]);
    expect(all.deltas).to.have.length(3 + 4 + 4);
    expect(found(all)).to.deep.equal([]);
  });

  it("name the files that show them", () => {
    const all = seen([headOf(honest)], [headOf(lied(3, { amount: 1n }))]);
    expect(sourcesOf(findContradictions(all)[0]!)).to.have.members(["anchor 1", "anchor 2"]);
  });

  it("are found between the sides of a consistency file and the last deltas of their windows", () => {
    const [first, second] = [headOf(honest.slice(0, 2)), headOf(honest)];
    const window = checkpointOf(honest, 2000n, 9000n, { closingBalance: 9n });
    const [one, other] = [publishedAs(1n, [first]), publishedAs(2n, [second, window])];
    const all = noStatements();
    addConsistency(all, "c.json", consistencyOf(sideOf(one, first), sideOf(other, second, window), honest));
    expect([all.heads.length, all.checkpoints.length, all.deltas.length, all.leftOut.length]).to.deep.equal([
      2, 1, 2, 0,
    ]);
    expect(found(all)).to.deep.equal(["proveCheckpointImbalance alice 4"]);
  });

  it("are exactly those that the contract's rules name, among statements of any sort", () => {
    const tiny = (max: number) => fc.bigInt({ min: 0n, max: BigInt(max) });
    const delta = fc.record({
      sequence: fc.bigInt({ min: 1n, max: 4n }),
      amount: tiny(2),
      balance: tiny(2),
      recordedAt: tiny(3),
    });
    const head = fc.record({ count: tiny(4), balance: tiny(2) });
    const checkpoint = fc.record({
      from: tiny(3),
      to: tiny(3),
      firstSequence: tiny(4),
      count: tiny(3),
      openingBalance: tiny(2),
      closingBalance: tiny(2),
    });
    holds(
      fc.property(
        fc.array(delta, { maxLength: 4 }),
        fc.array(head, { maxLength: 2 }),
        fc.array(checkpoint, { maxLength: 2 }),
        (deltas, heads, checkpoints) => {
          const all = anyStatements({ deltas, heads, checkpoints });
          const ours = new Set(found(all));
          const forked = (sequence: bigint) =>
            new Set(
              all.deltas
                .filter((one) => one.delta.sequence === sequence)
                .map(({ delta }) => JSON.stringify([delta.amount, delta.balance, delta.recordedAt].map(String))),
            ).size > 1;
          // Beside a fork, which is evidence enough, not every pair of neighbours is listed.
          const theirs = [...byTheRules(all)].filter(
            ([place, sequence]) => !(place.startsWith("proveImbalance") && (forked(sequence) || forked(sequence - 1n))),
          );
          for (const [place] of theirs) expect(ours).to.include(place);
          const rules = new Set([...byTheRules(all)].map(([place]) => place));
          for (const place of ours) expect(rules).to.include(place);
        },
      ),
      3,
    );
  });
});

type Tiny = {
  deltas: readonly Pick<Delta, "sequence" | "amount" | "balance" | "recordedAt">[];
  heads: readonly { count: bigint; balance: bigint }[];
  checkpoints: readonly {
    from: bigint;
    to: bigint;
    firstSequence: bigint;
    count: bigint;
    openingBalance: bigint;
    closingBalance: bigint;
  }[];
};

/** Statements as they are after their proofs were checked, all in one anchor. */
function anyStatements({ deltas, heads, checkpoints }: Tiny): Statements {
  const [commitment, root] = [honest[0]!.commitment, honest[1]!.commitment];
  const anchored = { source: "f", index: 1n, anchoredRoot: root, anchorProof: [] };
  const cover = { kind: "head" as const, head: { ledger: BOB, count: 9n, balance: 0n, root }, ...anchored };
  return {
    ...noStatements(),
    heads: heads.map((head) => ({ kind: "head", head: { ...head, ledger: ALICE, root }, ...anchored })),
    checkpoints: checkpoints.map((one) => ({
      kind: "checkpoint",
      checkpoint: { ...one, ledger: ALICE, root },
      ...anchored,
    })),
    deltas: deltas.map((delta) => ({
      delta: { ...delta, ledger: ALICE, commitment },
      through: cover,
      proof: () => [],
    })),
  };
}

/** The rules of AnchorLog.sol written a second time, over every pair; where each contradiction is, with its sequence. */
function* byTheRules({ deltas, heads, checkpoints }: Statements): Generator<readonly [string, bigint]> {
  const fields = ({ delta }: ProvenDelta) => ({
    ...delta,
    sequence: BigInt(delta.sequence),
    recordedAt: BigInt(delta.recordedAt),
  });
  const all = deltas.map(fields);
  for (const a of all) {
    const at = (judgedBy: string) => [`${judgedBy} alice ${a.sequence}`, a.sequence] as const;
    if (a.sequence === 1n && a.balance !== a.amount) yield at("proveFirstImbalance");
    for (const b of all) {
      const same = a.amount === b.amount && a.balance === b.balance && a.recordedAt === b.recordedAt;
      if (a.sequence === b.sequence && !same) yield at("proveFork");
      if (b.sequence + 1n === a.sequence && (b.balance + a.amount !== a.balance || a.recordedAt < b.recordedAt))
        yield at("proveImbalance");
    }
    for (const { head } of heads)
      if (a.sequence === head.count && a.balance !== head.balance) yield at("proveHeadImbalance");
    for (const { checkpoint } of checkpoints) {
      const [first, count] = [BigInt(checkpoint.firstSequence), BigInt(checkpoint.count)];
      const counted = a.sequence >= first && a.sequence < first + count;
      const contrary =
        a.sequence + 1n === first
          ? a.balance !== checkpoint.openingBalance
          : counted &&
            (a.recordedAt < BigInt(checkpoint.from) ||
              a.recordedAt >= BigInt(checkpoint.to) ||
              (a.sequence === first && checkpoint.openingBalance + a.amount !== a.balance) ||
              (a.sequence + 1n === first + count && a.balance !== checkpoint.closingBalance));
      if (contrary) yield at("proveCheckpointImbalance");
    }
  }
  for (const { checkpoint } of checkpoints) {
    const first = BigInt(checkpoint.firstSequence);
    const changes = BigInt(checkpoint.count) === 0n && checkpoint.openingBalance !== checkpoint.closingBalance;
    if (changes || (first === 1n && checkpoint.openingBalance !== 0n))
      yield [`proveBareCheckpointImbalance alice ${first}`, first];
  }
}
