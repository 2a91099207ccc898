import { expect } from "chai";
import { type Address, getAddress, type Hex, parseEventLogs } from "viem";
import { anchorLogAbi } from "#src/chain/anchor-log-abi.ts";
import { type Deployment, deployment, openLog, publish, refusal } from "./deployment.ts";
import {
  type Anchor,
  checkpointOf,
  type DeltaEvidence,
  deltaEvidence,
  deltaLeaf,
  fold,
  headOf,
  history,
  node,
  zeroHash,
} from "./evidence.ts";

const alice: Address = `0x${"a1".repeat(20)}`;
const bob: Address = `0x${"b0".repeat(20)}`;

describe("a fork", () => {
  let d: Deployment;
  let log: Hex;
  const shown = history(alice, [500n, -42n, -100n]);
  const hidden = history(alice, [500n, -43n, -100n, 9n]);
  const bobs = history(bob, [500n, -7n]);
  const [shownHead, hiddenHead, bobsHead] = [headOf(shown), headOf(hidden), headOf(bobs)];
  const hiddenCheckpoint = checkpointOf(hidden, 2000n, 4000n);
  let first: Anchor;
  let second: Anchor;
  let a: DeltaEvidence;
  let b: DeltaEvidence;

  beforeEach(async () => {
    d = await deployment();
    log = await openLog(d);
    first = await publish(d, log, [shownHead, bobsHead]);
    second = await publish(d, log, [bobsHead, hiddenHead, hiddenCheckpoint]);
    a = deltaEvidence(first, shownHead, shown[1]!);
    b = deltaEvidence(second, hiddenHead, hidden[1]!);
  });
  afterEach(() => d.close());

  const prove = (one: DeltaEvidence, other: DeltaEvidence, of = log) =>
    d.contract.simulate.proveFork([of, one, other], { account: d.stranger });
  const proven = (one: DeltaEvidence, other: DeltaEvidence) =>
    d.mined(d.contract.write.proveFork([log, one, other], { account: d.stranger }));

  it("is proven by anybody, through two heads, and marks the log with block and time", async () => {
    const receipt = await proven(a, b);
    const [event] = parseEventLogs({ abi: anchorLogAbi, eventName: "ForkProven", logs: receipt.logs });
    expect(event?.args).to.deep.equal({ log, ledger: getAddress(alice), sequence: 2n });
    expect(await d.contract.read.marked([log])).to.equal(true);
    const block = await d.client.getBlock({ blockNumber: receipt.blockNumber });
    expect(await d.contract.read.markedSince([log])).to.deep.equal([block.number, block.timestamp]);
  });

  it("is proven through a head and a checkpoint, in either order", async () => {
    const windowed = deltaEvidence(second, hiddenCheckpoint, hidden[1]!);
    await prove(a, windowed);
    await prove(windowed, a);
  });

  it("is proven even if both deltas are under one anchor", async () => {
    const third = await publish(d, log, [shownHead, hiddenHead]);
    await prove(deltaEvidence(third, shownHead, shown[1]!), deltaEvidence(third, hiddenHead, hidden[1]!));
  });

  it("is proven by a difference in any single field", async () => {
    for (const lie of [{ amount: 1n }, { balance: 1n }, { recordedAt: 2001n }, { commitment: zeroHash }]) {
      const rewritten = shown.map((delta) => (delta === shown[1] ? { ...delta, ...lie } : delta));
      const head = headOf(rewritten);
      const anchor = await publish(d, log, [head]);
      await prove(a, deltaEvidence(anchor, head, rewritten[1]!));
    }
  });

  it("marks once: a second proof is announced and leaves the first block in place", async () => {
    const receipt = await proven(a, b);
    expect(parseEventLogs({ abi: anchorLogAbi, eventName: "LogMarked", logs: receipt.logs })).to.have.length(1);
    const since = await d.contract.read.markedSince([log]);
    const c = deltaEvidence(first, shownHead, shown[2]!);
    const again = await proven(c, deltaEvidence(second, hiddenHead, hidden[2]!));
    expect(parseEventLogs({ abi: anchorLogAbi, eventName: "ForkProven", logs: again.logs })).to.have.length(1);
    expect(parseEventLogs({ abi: anchorLogAbi, eventName: "LogMarked", logs: again.logs })).to.have.length(0);
    expect(await d.contract.read.markedSince([log])).to.deep.equal(since);
  });

  it("marks that log alone", async () => {
    const other = await openLog(d, `0x${"0e".repeat(32)}`);
    await publish(d, other, [shownHead, bobsHead]);
    await proven(a, b);
    expect(await d.contract.read.marked([other])).to.equal(false);
  });

  it("stops neither appends nor answers, and outlives a hand-over", async () => {
    await proven(a, b);
    await publish(d, log, [bobsHead]);
    expect(await d.contract.read.verifyHead([log, 3n, bobsHead.head, []])).to.equal(true);
    await d.mined(d.contract.write.offerPublisher([log, d.successor], { account: d.publisher }));
    await d.mined(d.contract.write.acceptPublisher([log], { account: d.successor }));
    expect(await d.contract.read.marked([log])).to.equal(true);
  });

  it("is not one delta through two heads", async () => {
    const grown = headOf(hidden.slice(0, 3));
    const third = await publish(d, log, [grown]);
    expect(await refusal(prove(b, deltaEvidence(third, grown, hidden[1]!)))).to.equal("SameDelta");
  });

  it("is not one delta through a head and a checkpoint", async () => {
    expect(await refusal(prove(b, deltaEvidence(second, hiddenCheckpoint, hidden[1]!)))).to.equal("SameDelta");
  });

  it("is not two sequences, nor one sequence of two ledgers", async () => {
    expect(await refusal(prove(a, deltaEvidence(second, hiddenHead, hidden[2]!)))).to.equal("DifferentSequences");
    expect(await refusal(prove(a, deltaEvidence(first, bobsHead, bobs[1]!)))).to.equal("DifferentLedgers");
  });

  it("is not made of two logs", async () => {
    const other = await openLog(d, `0x${"0e".repeat(32)}`);
    const elsewhere = await publish(d, other, [hiddenHead, shownHead]);
    const foreign = deltaEvidence(elsewhere, hiddenHead, hidden[1]!);
    await prove(deltaEvidence(elsewhere, shownHead, shown[1]!), foreign, other);
    expect(await refusal(prove(a, foreign))).to.equal("NotAnchored");
    expect(await refusal(prove(a, b, other))).to.equal("NotAnchored");
  });

  const forgeries: [string, string, () => DeltaEvidence][] = [
    ["an invented delta", "NotIncluded", () => ({ ...b, delta: { ...b.delta, amount: -99n } })],
    ["a proof that leads elsewhere", "NotIncluded", () => ({ ...b, proof: a.proof })],
    ["an invented head", "NotAnchored", () => ({ ...b, head: { ...b.head, count: 3n } })],
    ["another index", "NotAnchored", () => ({ ...b, index: 1n })],
    ["an index that is not there yet", "NotAnchored", () => ({ ...b, index: 3n })],
    ["a sequence above the head's count", "NotCovered", () => ({ ...b, head: { ...b.head, count: 1n } })],
    ["the head of another ledger", "NotCovered", () => ({ ...b, head: bobsHead.head })],
    ["a checkpoint that was never filled in", "NotCovered", () => ({ ...b, through: 1 })],
    ["a ledger proof of 65 siblings", "ProofTooLong", () => ({ ...b, proof: Array(65).fill(zeroHash) })],
    ["an anchor proof of 65 siblings", "ProofTooLong", () => ({ ...b, anchorProof: Array(65).fill(zeroHash) })],
  ];
  for (const [name, error, forge] of forgeries) {
    it(`is not proven with ${name}`, async () => {
      await prove(a, b);
      expect(await refusal(prove(a, forge()))).to.equal(error);
      expect(await refusal(prove(forge(), a))).to.equal(error);
    });
  }

  it("is not proven through a checkpoint whose window ends before the sequence or starts after it", async () => {
    const before = checkpointOf(hidden, 2000n, 4000n, { count: 0n });
    const after = checkpointOf(hidden, 2000n, 4000n, { firstSequence: 3n });
    const last = checkpointOf(hidden, 2000n, 4000n, { firstSequence: 2n ** 64n - 1n, count: 2n ** 64n - 1n });
    const third = await publish(d, log, [before, after, last]);
    for (const statement of [before, after, last]) {
      expect(await refusal(prove(a, deltaEvidence(third, statement, hidden[1]!)))).to.equal("NotCovered");
    }
  });

  it("is not hidden by a window whose count runs past uint64", async () => {
    const endless = checkpointOf(hidden, 2000n, 4000n, { count: 2n ** 64n - 1n });
    const third = await publish(d, log, [endless]);
    await prove(a, deltaEvidence(third, endless, hidden[1]!));
  });

  it("is not made of deltas that were slipped into a checkpoint of another ledger", async () => {
    const strange = checkpointOf(hidden, 2000n, 4000n, { ledger: bob });
    const third = await publish(d, log, [strange]);
    expect(await refusal(prove(a, deltaEvidence(third, strange, hidden[1]!)))).to.equal("NotCovered");
  });

  it("is not made of deltas at sequence 0, which no ledger has", async () => {
    const [one, other] = [shown, hidden].map((deltas) => {
      const zeroth = deltas.map((delta) => ({ ...delta, sequence: delta.sequence - 2n })).slice(1);
      return checkpointOf(zeroth, 2000n, 3000n, { firstSequence: 0n });
    });
    const third = await publish(d, log, [one!, other!]);
    const evidence = [one!, other!].map((statement) => deltaEvidence(third, statement, statement.deltas[0]!));
    expect(evidence.map(({ delta }) => delta.sequence)).to.deep.equal([0n, 0n]);
    expect(await refusal(prove(evidence[0]!, evidence[1]!))).to.equal("NotCovered");
  });

  it("is not proven with a proof that starts at an inner node", async () => {
    expect(fold(node(deltaLeaf(b.delta), b.proof[0]!), b.proof.slice(1))).to.equal(b.head.root);
    expect(await refusal(prove(a, { ...b, proof: b.proof.slice(1) }))).to.equal("NotIncluded");
  });
});
