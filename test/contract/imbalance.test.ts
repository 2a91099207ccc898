import { expect } from "chai";
import { type Address, getAddress, type Hex } from "viem";
import { type Deployment, deployment, imbalanceMarked, openLog, publish, refusal } from "./deployment.ts";
import { type Delta, deltaEvidence, headEvidence, headOf, history } from "./evidence.ts";

const alice: Address = `0x${"a1".repeat(20)}`;
const bob: Address = `0x${"b0".repeat(20)}`;
const largest = 2n ** 255n - 1n;
const smallest = -(2n ** 255n);

describe("an imbalance", () => {
  let d: Deployment;
  let log: Hex;
  const account = () => ({ account: d.stranger });
  before(async () => {
    d = await deployment();
  });
  after(() => d.close());
  let logs = 0;
  beforeEach(async () => {
    logs += 1;
    log = await openLog(d, `0x${logs.toString(16).padStart(64, "0")}`);
  });

  const honest = history(alice, [500n, -42n, -100n, 7n]);
  /** The history with fields of one delta replaced, and nothing repaired after it. */
  const lied = (sequence: number, lie: Partial<Delta>) =>
    honest.map((delta, position) => (position === sequence - 1 ? { ...delta, ...lie } : delta));

  describe("of neighbours", () => {
    const ask = async (deltas: Delta[], first: number, second: number) => {
      const head = headOf(deltas);
      const anchor = await publish(d, log, [head]);
      const [a, b] = [first, second].map((sequence) => deltaEvidence(anchor, head, deltas[sequence - 1]!));
      return d.contract.simulate.proveImbalance([log, a!, b!], account());
    };

    it("is none in an honest history", async () => {
      expect(await refusal(ask(honest, 1, 2))).to.equal("NoContradiction");
      expect(await refusal(ask(honest, 3, 4))).to.equal("NoContradiction");
    });

    it("is a balance that does not follow from the amount, or an amount that does not lead to the balance", async () => {
      await ask(lied(2, { balance: 457n }), 1, 2);
      await ask(lied(2, { balance: 457n }), 2, 3);
      await ask(lied(2, { amount: -41n }), 1, 2);
      expect(await refusal(ask(lied(2, { amount: -41n }), 2, 3))).to.equal("NoContradiction");
    });

    it("is a delta recorded before the one it follows, and none recorded in the same millisecond", async () => {
      await ask(lied(2, { recordedAt: 999n }), 1, 2);
      expect(await refusal(ask(lied(2, { recordedAt: 1000n }), 1, 2))).to.equal("NoContradiction");
    });

    it("is a balance that wrapped around either end of int256", async () => {
      const pair = (balance: bigint, amount: bigint, next: bigint) => [
        { ...honest[0]!, balance },
        { ...honest[1]!, amount, balance: next },
      ];
      await ask(pair(largest, 1n, smallest), 1, 2);
      await ask(pair(smallest, -1n, largest), 1, 2);
      await ask(pair(smallest, smallest, 0n), 1, 2);
      expect(await refusal(ask(pair(largest, smallest, -1n), 1, 2))).to.equal("NoContradiction");
      expect(await refusal(ask(pair(largest - 1n, 1n, largest), 1, 2))).to.equal("NoContradiction");
    });

    it("is not asked of deltas that are not neighbours in that order", async () => {
      const wrong = lied(2, { balance: 457n });
      for (const [first, second] of [
        [1, 3],
        [2, 1],
        [2, 2],
        [4, 1],
      ] as const) {
        expect(await refusal(ask(wrong, first, second))).to.equal("NotNeighbours");
      }
    });

    it("is not asked of the largest sequence, which no other follows", async () => {
      const largestSequence = lied(4, { sequence: 2n ** 64n - 1n });
      expect(await refusal(ask(largestSequence, 4, 1))).to.equal("NotNeighbours");
    });

    it("is not asked of two ledgers", async () => {
      const [alices, bobs] = [headOf(honest), headOf(history(bob, [1n, 2n]))];
      const anchor = await publish(d, log, [alices, bobs]);
      const args = [
        log,
        deltaEvidence(anchor, alices, honest[0]!),
        deltaEvidence(anchor, bobs, bobs.deltas[1]!),
      ] as const;
      expect(await refusal(d.contract.simulate.proveImbalance(args, account()))).to.equal("DifferentLedgers");
    });

    it("needs both deltas under the log", async () => {
      const head = headOf(lied(2, { balance: 457n }));
      const anchor = await publish(d, log, [head]);
      const [a, b] = [0, 1].map((position) => deltaEvidence(anchor, head, head.deltas[position]!));
      const prove = (one: typeof a, two: typeof b) => d.contract.simulate.proveImbalance([log, one!, two!], account());
      await prove(a, b);
      expect(await refusal(prove(a, { ...b!, delta: { ...b!.delta, amount: 0n } }))).to.equal("NotIncluded");
      expect(await refusal(prove({ ...a!, index: 2n }, b))).to.equal("NotAnchored");
    });

    it("marks the log and names the later sequence", async () => {
      const head = headOf(lied(2, { balance: 457n }));
      const anchor = await publish(d, log, [head]);
      const [a, b] = [0, 1].map((position) => deltaEvidence(anchor, head, head.deltas[position]!));
      const place = await imbalanceMarked(d, log, d.contract.write.proveImbalance([log, a!, b!], account()));
      expect(place).to.deep.equal({ log, ledger: getAddress(alice), sequence: 2n });
    });
  });

  describe("of a first delta", () => {
    const ask = async (deltas: Delta[], sequence: number) => {
      const head = headOf(deltas);
      const anchor = await publish(d, log, [head]);
      const evidence = deltaEvidence(anchor, head, deltas[sequence - 1]!);
      return d.contract.simulate.proveFirstImbalance([log, evidence], account());
    };

    it("is a balance other than the amount", async () => {
      await ask(lied(1, { balance: 501n }), 1);
      expect(await refusal(ask(honest, 1))).to.equal("NoContradiction");
    });

    it("is not asked of a later delta", async () => {
      expect(await refusal(ask(honest, 2))).to.equal("NotAtEdge");
    });

    it("marks the log and names sequence 1", async () => {
      const head = headOf(lied(1, { balance: 501n }));
      const first = deltaEvidence(await publish(d, log, [head]), head, head.deltas[0]!);
      const place = await imbalanceMarked(d, log, d.contract.write.proveFirstImbalance([log, first], account()));
      expect(place).to.deep.equal({ log, ledger: getAddress(alice), sequence: 1n });
    });

    it("needs a delta that is under the log", async () => {
      const head = headOf(honest);
      const evidence = deltaEvidence(await publish(d, log, [head]), head, honest[0]!);
      const invented = { ...evidence, delta: { ...honest[0]!, balance: 501n } };
      const call = d.contract.simulate.proveFirstImbalance([log, invented], account());
      expect(await refusal(call)).to.equal("NotIncluded");
    });
  });

  describe("of a head", () => {
    const ask = async (balance: bigint, sequence: number) => {
      const [wrong, right] = [headOf(honest.slice(0, 3), { balance }), headOf(honest)];
      const anchor = await publish(d, log, [wrong, right]);
      const through = sequence <= 3 ? wrong : right;
      const edge = deltaEvidence(anchor, through, honest[sequence - 1]!);
      return d.contract.simulate.proveHeadImbalance([log, headEvidence(anchor, wrong), edge], account());
    };

    it("is a balance other than its last delta's", async () => {
      await ask(999n, 3);
      expect(await refusal(ask(358n, 3))).to.equal("NoContradiction");
    });

    it("is not asked of any other delta", async () => {
      expect(await refusal(ask(999n, 2))).to.equal("NotAtEdge");
      expect(await refusal(ask(999n, 4))).to.equal("NotAtEdge");
    });

    it("marks the log and names the head's last sequence", async () => {
      const head = headOf(honest, { balance: 999n });
      const anchor = await publish(d, log, [head]);
      const args = [log, headEvidence(anchor, head), deltaEvidence(anchor, head, honest[3]!)] as const;
      const place = await imbalanceMarked(d, log, d.contract.write.proveHeadImbalance(args, account()));
      expect(place).to.deep.equal({ log, ledger: getAddress(alice), sequence: 4n });
    });

    it("is proven with the delta through another head of the log", async () => {
      const [wrong, right] = [headOf(honest.slice(0, 3), { balance: 999n }), headOf(honest)];
      const [first, second] = [await publish(d, log, [wrong]), await publish(d, log, [right])];
      const edge = deltaEvidence(second, right, honest[2]!);
      await d.contract.simulate.proveHeadImbalance([log, headEvidence(first, wrong), edge], account());
    });

    it("needs a head that is anchored, of the same ledger", async () => {
      const [right, bobs] = [headOf(honest), headOf(history(bob, [1n, 2n, 3n, 4n]))];
      const anchor = await publish(d, log, [right, bobs]);
      const edge = deltaEvidence(anchor, right, honest[3]!);
      const invented = { ...headEvidence(anchor, right), head: { ...right.head, balance: 999n } };
      const prove = (statement: typeof invented) =>
        d.contract.simulate.proveHeadImbalance([log, statement, edge], account());
      expect(await refusal(prove(invented))).to.equal("NotAnchored");
      expect(await refusal(prove(headEvidence(anchor, bobs)))).to.equal("DifferentLedgers");
    });

    it("needs a delta that is under the log", async () => {
      const head = headOf(honest);
      const anchor = await publish(d, log, [head]);
      const edge = deltaEvidence(anchor, head, honest[3]!);
      const invented = { ...edge, delta: { ...honest[3]!, balance: 999n } };
      const call = d.contract.simulate.proveHeadImbalance([log, headEvidence(anchor, head), invented], account());
      expect(await refusal(call)).to.equal("NotIncluded");
    });
  });
});
