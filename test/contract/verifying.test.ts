import { expect } from "chai";
import type { Address, Hex } from "viem";
import { type Deployment, deployment, openLog, publish } from "./deployment.ts";
import {
  type Anchor,
  anchorProof,
  type CheckpointStatement,
  checkpointOf,
  type Delta,
  deltaFingerprint,
  deltaLeaf,
  fold,
  type Head,
  type HeadStatement,
  headOf,
  history,
  inclusionProof,
  ledgerProof,
  node,
  statementLeaf,
  treeRoot,
  zeroHash,
} from "./evidence.ts";

const alice: Address = `0x${"a1".repeat(20)}`;
const bob: Address = `0x${"b0".repeat(20)}`;

describe("the contract's answers", () => {
  let d: Deployment;
  let log: Hex;
  let anchor: Anchor;
  let other: Hex;
  const deltas = history(alice, [500n, -42n, -100n, 7n, 1n]);
  const bobs = history(bob, [3n, 4n]);
  const head: HeadStatement = headOf(deltas);
  const bobsHead: HeadStatement = headOf(bobs);
  const checkpoint: CheckpointStatement = checkpointOf(deltas, 2000n, 5000n);

  before(async () => {
    d = await deployment();
    log = await openLog(d);
    other = await openLog(d, `0x${"0e".repeat(32)}`);
    anchor = await publish(d, log, [head, checkpoint, bobsHead]);
    await publish(d, log, [bobsHead]);
  });
  after(() => d.close());

  type Question = { log: Hex; index: bigint; delta: Delta; proof: Hex[]; head: Head; anchorProof: Hex[] };
  const honest = (delta: Delta): Question => ({
    log,
    index: 1n,
    delta,
    proof: ledgerProof(head, delta),
    head: head.head,
    anchorProof: anchorProof(anchor, head),
  });
  const ask = (q: Question) => d.contract.read.verifyDelta([q.log, q.index, q.delta, q.proof, q.head, q.anchorProof]);

  it("confirm every delta of a ledger", async () => {
    for (const delta of deltas) expect(await ask(honest(delta))).to.equal(true);
  });

  it("confirm a head and a checkpoint, and neither with a changed field", async () => {
    const asHead = (lie: Partial<Head>) =>
      d.contract.read.verifyHead([log, 1n, { ...head.head, ...lie }, anchorProof(anchor, head)]);
    expect(await asHead({})).to.equal(true);
    for (const lie of [{ ledger: bob }, { count: 4n }, { count: 6n }, { balance: 0n }, { root: zeroHash }]) {
      expect(await asHead(lie), Object.keys(lie)[0]).to.equal(false);
    }
    const asCheckpoint = (lie: object) =>
      d.contract.read.verifyCheckpoint([
        log,
        1n,
        { ...checkpoint.checkpoint, ...lie },
        anchorProof(anchor, checkpoint),
      ]);
    expect(await asCheckpoint({})).to.equal(true);
    const lies = { ledger: bob, from: 1n, to: 1n, firstSequence: 1n, count: 9n, openingBalance: 1n };
    for (const [field, value] of Object.entries({ ...lies, closingBalance: 1n, root: zeroHash })) {
      expect(await asCheckpoint({ [field]: value }), field).to.equal(false);
    }
  });

  const delta = deltas[1]!;
  const attacks: [string, () => Question][] = [
    ["a changed amount", () => ({ ...honest(delta), delta: { ...delta, amount: -41n } })],
    ["a changed balance", () => ({ ...honest(delta), delta: { ...delta, balance: 459n } })],
    ["a changed time", () => ({ ...honest(delta), delta: { ...delta, recordedAt: 2001n } })],
    ["a changed commitment", () => ({ ...honest(delta), delta: { ...delta, commitment: zeroHash } })],
    ["another sequence with the same proof", () => ({ ...honest(delta), delta: { ...delta, sequence: 3n } })],
    ["the proof of the neighbour", () => ({ ...honest(delta), proof: ledgerProof(head, deltas[2]!) })],
    ["a proof with a sibling too few", () => ({ ...honest(delta), proof: honest(delta).proof.slice(1) })],
    ["a proof with a sibling too many", () => ({ ...honest(delta), proof: [...honest(delta).proof, zeroHash] })],
    ["a proof of 65 siblings", () => ({ ...honest(delta), proof: Array(65).fill(zeroHash) })],
    ["an anchor proof of 65 siblings", () => ({ ...honest(delta), anchorProof: Array(65).fill(zeroHash) })],
    [
      "the head of another ledger",
      () => ({ ...honest(delta), head: bobsHead.head, anchorProof: anchorProof(anchor, bobsHead) }),
    ],
    ["a delta that claims another ledger", () => ({ ...honest(delta), delta: { ...delta, ledger: bob } })],
    ["a head that claims another ledger", () => ({ ...honest(delta), head: { ...head.head, ledger: bob } })],
    ["a head with a larger count", () => ({ ...honest(delta), head: { ...head.head, count: 6n } })],
    ["a head with another balance", () => ({ ...honest(delta), head: { ...head.head, balance: 0n } })],
    ["another index", () => ({ ...honest(delta), index: 2n })],
    ["index 0", () => ({ ...honest(delta), index: 0n })],
    ["an index that is not there yet", () => ({ ...honest(delta), index: 3n })],
    ["another log", () => ({ ...honest(delta), log: other })],
    ["a log that was never opened", () => ({ ...honest(delta), log: zeroHash })],
    [
      "the checkpoint's siblings as the head's",
      () => ({ ...honest(delta), anchorProof: anchorProof(anchor, checkpoint) }),
    ],
  ];
  for (const [name, attack] of attacks) {
    it(`refuse ${name}`, async () => {
      expect(await ask(honest(delta))).to.equal(true);
      expect(await ask(attack())).to.equal(false);
    });
  }

  it("refuse a log's id in another contract, where the same publisher anchored the same root", async () => {
    const second = await deployment(d);
    const twin = await openLog(second);
    await publish(second, twin, [head, checkpoint, bobsHead]);
    const q = honest(delta);
    const inSecond = (id: Hex) =>
      second.contract.read.verifyDelta([id, q.index, q.delta, q.proof, q.head, q.anchorProof]);
    expect(await inSecond(twin)).to.equal(true);
    expect(await inSecond(log)).to.equal(false);
    expect(await ask({ ...q, log: twin })).to.equal(false);
  });

  it("refuse a replay of one log's proof on a second log that anchored something else", async () => {
    await publish(d, other, [bobsHead]);
    expect(await ask({ ...honest(delta), log: other })).to.equal(false);
  });

  it("refuse an inner node as a leaf, though it folds to the root", async () => {
    for (const asked of deltas.slice(0, 4)) {
      const { proof } = honest(asked);
      const parent = node(deltaLeaf(asked), proof[0]!);
      expect(fold(parent, proof.slice(1))).to.equal(head.head.root);
      expect(await ask({ ...honest(asked), proof: proof.slice(1) })).to.equal(false);
    }
  });

  it("do not depend on the size that the publisher claimed", async () => {
    const lied = await openLog(d, `0x${"51".repeat(32)}`);
    const args = [lied, 1n, anchor.root, 2n ** 64n - 1n] as const;
    await d.mined(d.contract.write.append(args, { account: d.publisher }));
    expect(await ask({ ...honest(delta), log: lied })).to.equal(true);
    expect(await ask({ ...honest(delta), log: lied, delta: { ...delta, sequence: 6n } })).to.equal(false);
  });

  describe("about a publisher that built its trees wrong", () => {
    const asked = async (statement: HeadStatement, about: Delta) => {
      const wrong = await openLog(d, deltaLeaf({ ...about, commitment: statementLeaf(statement) }));
      const single = await publish(d, wrong, [statement]);
      const proof = ledgerProof(statement, about);
      return ask({
        log: wrong,
        index: 1n,
        delta: about,
        proof,
        head: statement.head,
        anchorProof: anchorProof(single, statement),
      });
    };

    it("refuse fingerprints in the place of leaves", async () => {
      const bare = deltas.map(deltaFingerprint);
      const statement = headOf(deltas, { root: treeRoot(bare) });
      const wrong = await openLog(d, `0x${"17".repeat(32)}`);
      await publish(d, wrong, [statement]);
      const proof = inclusionProof(bare, 1);
      expect(fold(bare[1]!, proof)).to.equal(statement.head.root);
      expect(await ask({ log: wrong, index: 1n, delta, proof, head: statement.head, anchorProof: [] })).to.equal(false);
    });

    it("refuse a sequence beyond the head's count", async () => {
      expect(await asked(headOf(deltas, { count: 5n }), deltas[4]!)).to.equal(true);
      expect(await asked(headOf(deltas, { count: 4n }), deltas[4]!)).to.equal(false);
    });

    it("refuse sequence 0", async () => {
      const zeroth = [{ ...deltas[0]!, sequence: 0n }, ...deltas.slice(1)];
      expect(await asked(headOf(zeroth), zeroth[1]!)).to.equal(true);
      expect(await asked(headOf(zeroth), zeroth[0]!)).to.equal(false);
    });

    it("refuse a delta of another ledger that was slipped into the tree", async () => {
      const mixed = [...deltas.slice(0, 4), { ...bobs[1]!, sequence: 2n }, deltas[4]!];
      expect(await asked(headOf(mixed), mixed[1]!)).to.equal(true);
      expect(await asked(headOf(mixed), mixed[4]!)).to.equal(false);
    });

    it("refuse the last delta if the head's balance is another", async () => {
      const lie = headOf(deltas, { balance: 1_000_000n });
      expect(await asked(lie, deltas[3]!)).to.equal(true);
      expect(await asked(lie, deltas[4]!)).to.equal(false);
    });
  });
});
