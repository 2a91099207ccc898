import { readFileSync } from "node:fs";
import { expect } from "chai";
import { type Abi, type Address, type Hex, keccak256 } from "viem";
import { artifactOf, type Deployment, deployment, openLog } from "./deployment.ts";
import type { Checkpoint, Delta, Head } from "./evidence.ts";
import { headFingerprint } from "./evidence.ts";

type Printed = { fingerprint: Hex; leaf: Hex };
type Texts<T> = { [field in keyof T]: string };
type Vectors = {
  deltas: { ledger: Address; rows: (Texts<Omit<Delta, "ledger">> & Printed)[] };
  heads: (Texts<Omit<Head, "ledger">> & Printed)[];
  inclusion: { size: string; sequence: string; proof: Hex[] }[];
  checkpoints: (Texts<Omit<Checkpoint, "ledger">> & Printed)[];
  anchor: { leaves: Hex[]; root: Hex; proofs: Hex[][] };
  constants: { delta: Hex; head: Hex; checkpoint: Hex };
};

const vectors = JSON.parse(readFileSync(new URL("../vectors/proofs-1.json", import.meta.url), "utf8")) as Vectors;
const ledger = vectors.deltas.ledger;

const asDelta = (row: Vectors["deltas"]["rows"][number]): Delta => ({
  ledger,
  sequence: BigInt(row.sequence),
  amount: BigInt(row.amount),
  balance: BigInt(row.balance),
  recordedAt: BigInt(row.recordedAt),
  commitment: row.commitment as Hex,
});
const asHead = (row: Vectors["heads"][number]): Head => ({
  ledger,
  count: BigInt(row.count),
  balance: BigInt(row.balance),
  root: row.root as Hex,
});
const asCheckpoint = (row: Vectors["checkpoints"][number]): Checkpoint => ({
  ledger,
  from: BigInt(row.from),
  to: BigInt(row.to),
  firstSequence: BigInt(row.firstSequence),
  count: BigInt(row.count),
  openingBalance: BigInt(row.openingBalance),
  closingBalance: BigInt(row.closingBalance),
  root: row.root as Hex,
});

describe("the golden vectors on chain", () => {
  let d: Deployment;
  let log: Hex;
  let harness: { abi: Abi; address: Address };
  before(async () => {
    d = await deployment();
    log = await openLog(d);
    const { abi } = await artifactOf("LeafFormatHarness");
    harness = { abi, address: await d.deploy("LeafFormatHarness") };
  });
  after(() => d.close());

  const printed = (functionName: string, args: unknown[]) => d.client.readContract({ ...harness, functionName, args });
  let anchors = 0n;
  const append = async (root: Hex): Promise<bigint> => {
    anchors += 1n;
    await d.mined(d.contract.write.append([log, anchors, root, 1n], { account: d.publisher }));
    return anchors;
  };

  it("have the version words of the contract", async () => {
    const { delta, head, checkpoint } = vectors.constants;
    expect(await printed("words", [])).to.deep.equal([delta, head, checkpoint]);
  });

  it("have the fingerprints and leaves of the contract", async () => {
    const rows: [string, unknown, Printed][] = [
      ...vectors.deltas.rows.map((row): [string, unknown, Printed] => ["ofDelta", asDelta(row), row]),
      ...vectors.heads.map((row): [string, unknown, Printed] => ["ofHead", asHead(row), row]),
      ...vectors.checkpoints.map((row): [string, unknown, Printed] => ["ofCheckpoint", asCheckpoint(row), row]),
    ];
    expect(rows).to.have.length(17);
    for (const [name, fields, row] of rows) {
      expect(await printed(name, [fields]), name).to.deep.equal([row.fingerprint, row.leaf]);
    }
  });

  it("have inclusion proofs that the contract takes through the head of each size, and for that delta only", async () => {
    expect(vectors.inclusion).to.have.length(22);
    for (const head of vectors.heads.map(asHead)) {
      // An anchor of one leaf: its root is the head's leaf, and its proof is empty.
      const index = await append(keccak256(headFingerprint(head)));
      for (const { sequence, proof } of vectors.inclusion.filter(({ size }) => BigInt(size) === head.count)) {
        for (const delta of vectors.deltas.rows.map(asDelta)) {
          const answer = await d.contract.read.verifyDelta([log, index, delta, proof, head, []]);
          expect(answer, `${delta.sequence} in ${head.count}`).to.equal(delta.sequence === BigInt(sequence));
        }
      }
    }
  });

  it("have checkpoints that the contract knows by their leaf", async () => {
    for (const row of vectors.checkpoints) {
      const index = await append(row.leaf);
      expect(await d.contract.read.verifyCheckpoint([log, index, asCheckpoint(row), []])).to.equal(true);
      const moved = { ...asCheckpoint(row), closingBalance: 1n };
      expect(await d.contract.read.verifyCheckpoint([log, index, moved, []])).to.equal(false);
    }
  });

  it("have an anchor whose head and checkpoint the contract finds, each by its own proof", async () => {
    const { leaves, root, proofs } = vectors.anchor;
    const index = await append(root);
    const heads = vectors.heads.filter(({ leaf }) => leaves.includes(leaf));
    const checkpoints = vectors.checkpoints.filter(({ leaf }) => leaves.includes(leaf));
    expect([heads.length, checkpoints.length]).to.deep.equal([1, 1]);
    for (const [position, proof] of proofs.entries()) {
      const isHead = leaves[position] === heads[0]!.leaf;
      const isCheckpoint = leaves[position] === checkpoints[0]!.leaf;
      const asked = asHead(heads[0]!);
      expect(await d.contract.read.verifyHead([log, index, asked, proof])).to.equal(isHead);
      const stated = asCheckpoint(checkpoints[0]!);
      expect(await d.contract.read.verifyCheckpoint([log, index, stated, proof])).to.equal(isCheckpoint);
    }
  });
});
