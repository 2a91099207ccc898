import { expect } from "chai";
import { type Address, getAddress, type Hex } from "viem";
import { type Deployment, deployment, imbalanceMarked, openLog, publish, refusal } from "./deployment.ts";
import {
  type Checkpoint,
  checkpointEvidence,
  checkpointOf,
  type Delta,
  deltaEvidence,
  headOf,
  history,
} from "./evidence.ts";

const alice: Address = `0x${"a1".repeat(20)}`;
const bob: Address = `0x${"b0".repeat(20)}`;
const largest = 2n ** 255n - 1n;
const smallest = -(2n ** 255n);

describe("a checkpoint's imbalance", () => {
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

  describe("against a delta", () => {
    /** The window [2000, 4000) holds deltas 2 and 3: opening 500, closing 358. */
    const ask = async (lie: Partial<Checkpoint>, sequence: number, deltas = honest) => {
      const [statement, head] = [checkpointOf(honest, 2000n, 4000n, lie), headOf(deltas)];
      const anchor = await publish(d, log, [statement, head]);
      const contrary = deltaEvidence(anchor, head, deltas[sequence - 1]!);
      const args = [log, checkpointEvidence(anchor, statement), contrary] as const;
      return d.contract.simulate.proveCheckpointImbalance(args, account());
    };

    it("is none in an honest one, whatever delta it is held against", async () => {
      for (const sequence of [1, 2, 3, 4]) expect(await refusal(ask({}, sequence))).to.equal("NoContradiction");
    });

    it("is an opening balance other than that of the delta before, or before the first's amount", async () => {
      expect(await ask({ openingBalance: 501n }, 1)).to.have.property("request");
      expect(await ask({ openingBalance: 501n }, 2)).to.have.property("request");
      expect(await refusal(ask({ openingBalance: 501n }, 3))).to.equal("NoContradiction");
      expect(await refusal(ask({ openingBalance: 501n }, 4))).to.equal("NoContradiction");
    });

    it("marks the log and names the contrary delta's sequence", async () => {
      const statement = checkpointOf(honest, 2000n, 4000n, { closingBalance: 359n });
      const anchor = await publish(d, log, [statement]);
      const contrary = deltaEvidence(anchor, statement, honest[2]!);
      const args = [log, checkpointEvidence(anchor, statement), contrary] as const;
      const place = await imbalanceMarked(d, log, d.contract.write.proveCheckpointImbalance(args, account()));
      expect(place).to.deep.equal({ log, ledger: getAddress(alice), sequence: 3n });
    });

    it("is a closing balance other than the last delta's", async () => {
      expect(await ask({ closingBalance: 359n }, 3)).to.have.property("request");
      for (const sequence of [1, 2, 4]) {
        expect(await refusal(ask({ closingBalance: 359n }, sequence))).to.equal("NoContradiction");
      }
    });

    it("is a counted delta that was recorded outside of the window", async () => {
      expect(await ask({ from: 2001n }, 2)).to.have.property("request");
      expect(await ask({ to: 3000n }, 3)).to.have.property("request");
      expect(await refusal(ask({ to: 3001n }, 3))).to.equal("NoContradiction");
    });

    it("is none if a delta in the window is not counted yet: the window was still open", async () => {
      expect(await refusal(ask({ to: 9000n }, 4))).to.equal("NoContradiction");
    });

    it("is an opening balance that only a sum past int256 would explain", async () => {
      const wrapped = lied(2, { amount: 1n, balance: smallest });
      expect(await ask({ openingBalance: largest }, 2, wrapped)).to.have.property("request");
    });

    it("is an empty window's opening balance other than that of the delta before", async () => {
      const empty = { firstSequence: 3n, count: 0n };
      expect(await ask({ ...empty, openingBalance: 1n, closingBalance: 1n }, 2)).to.have.property("request");
      expect(await refusal(ask({ ...empty, openingBalance: 458n, closingBalance: 458n }, 2))).to.equal(
        "NoContradiction",
      );
      expect(await refusal(ask({ ...empty, openingBalance: 458n, closingBalance: 458n }, 3))).to.equal(
        "NoContradiction",
      );
    });

    it("is not protected by a count that runs past uint64", async () => {
      const endless = { firstSequence: 2n, count: 2n ** 64n - 1n };
      expect(await ask({ ...endless, from: 2001n }, 2)).to.have.property("request");
      expect(await refusal(ask(endless, 3))).to.equal("NoContradiction");
    });

    it("needs a checkpoint that is anchored, of the same ledger", async () => {
      const [right, head] = [checkpointOf(honest, 2000n, 4000n), headOf(honest)];
      const bobs = checkpointOf(history(bob, [1n, 2n, 3n]), 2000n, 4000n);
      const anchor = await publish(d, log, [right, bobs, head]);
      const contrary = deltaEvidence(anchor, head, honest[2]!);
      const invented = {
        ...checkpointEvidence(anchor, right),
        checkpoint: { ...right.checkpoint, closingBalance: 9n },
      };
      const prove = (statement: typeof invented) =>
        d.contract.simulate.proveCheckpointImbalance([log, statement, contrary], account());
      expect(await refusal(prove(invented))).to.equal("NotAnchored");
      expect(await refusal(prove(checkpointEvidence(anchor, bobs)))).to.equal("DifferentLedgers");
    });

    it("needs a delta that is under the log", async () => {
      const statement = checkpointOf(honest, 2000n, 4000n);
      const anchor = await publish(d, log, [statement]);
      const last = deltaEvidence(anchor, statement, honest[2]!);
      const invented = { ...last, delta: { ...honest[2]!, balance: 999n } };
      const args = [log, checkpointEvidence(anchor, statement), invented] as const;
      const call = d.contract.simulate.proveCheckpointImbalance(args, account());
      expect(await refusal(call)).to.equal("NotIncluded");
    });
  });

  describe("within itself", () => {
    const ask = async (lie: Partial<Checkpoint>, from = 2000n, to = 4000n) => {
      const statement = checkpointOf(honest, from, to, lie);
      const anchor = await publish(d, log, [statement]);
      const args = [log, checkpointEvidence(anchor, statement)] as const;
      return d.contract.simulate.proveBareCheckpointImbalance(args, account());
    };

    it("is none in an honest one, empty or not", async () => {
      for (const [from, to] of [
        [0n, 1000n],
        [0n, 3000n],
        [2000n, 4000n],
        [9000n, 9999n],
      ] as const) {
        expect(await refusal(ask({}, from, to))).to.equal("NoContradiction");
      }
    });

    it("is an empty window that changes the balance", async () => {
      expect(await ask({ closingBalance: 1n }, 9000n, 9999n)).to.have.property("request");
    });

    it("marks the log and names the window's first sequence", async () => {
      const statement = checkpointOf(honest, 9000n, 9999n, { closingBalance: 1n });
      const args = [log, checkpointEvidence(await publish(d, log, [statement]), statement)] as const;
      const place = await imbalanceMarked(d, log, d.contract.write.proveBareCheckpointImbalance(args, account()));
      expect(place).to.deep.equal({ log, ledger: getAddress(alice), sequence: 5n });
    });

    it("is a beginning with a balance other than zero", async () => {
      expect(await ask({ openingBalance: 1n }, 0n, 3000n)).to.have.property("request");
      expect(await ask({ openingBalance: 1n, closingBalance: 1n }, 0n, 1000n)).to.have.property("request");
    });

    it("needs a checkpoint that is anchored", async () => {
      const statement = checkpointOf(honest, 9000n, 9999n);
      const anchor = await publish(d, log, [statement]);
      const evidence = checkpointEvidence(anchor, statement);
      const invented = { ...evidence, checkpoint: { ...evidence.checkpoint, closingBalance: 9n } };
      const call = d.contract.simulate.proveBareCheckpointImbalance([log, invented], account());
      expect(await refusal(call)).to.equal("NotAnchored");
    });
  });
});
