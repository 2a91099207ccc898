import { SimpleMerkleTree, StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { expect } from "chai";
import * as fc from "fast-check";
import { keccak256, toHex as textToHex } from "viem";
import { toHex } from "#src/core/bytes.ts";
import { deltaFingerprint, leafOf } from "#src/core/fingerprint.ts";
import { installKeccak } from "#src/core/keccak.ts";
import { MAX_PROOF, verifyConsistency, verifyInclusion } from "#src/core/proof.ts";
import { consistencyProof, inclusionProof, nodeOf } from "#src/core/tree.ts";
import { fastKeccak } from "#src/fast-keccak.ts";
import { deltasOf } from "./evidence.ts";
import { growTree, leavesOf } from "./grown-tree.ts";
import { hash, holds } from "./property.ts";

const SIZES = 512;
const leaves = leavesOf(SIZES);
const foreign = leavesOf(SIZES + 1).at(-1)!;
let tree: ReturnType<typeof growTree>;

async function grow(): Promise<void> {
  installKeccak(await fastKeccak());
  tree = growTree(leaves);
}

/** The leaves at which the shape of a tree turns, and one in the middle. */
function telling(size: number): number[] {
  const turns = [0, 2 ** Math.floor(Math.log2(size)) - 1, 2 ** Math.floor(Math.log2(size)), size - 2, size - 1];
  return [...new Set([...turns, Math.floor(size / 3)])].filter((i) => i >= 0 && i < size);
}

describe("inclusion proof", () => {
  before(grow);

  it("every leaf of every tree to 512 is proven", () => {
    for (let size = 1; size <= SIZES; size++) {
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(index, size, tree.read);
        if (!verifyInclusion(leaves[index]!, proof, tree.roots[size - 1]!)) expect.fail(`leaf ${index} of ${size}`);
      }
    }
  });

  it("OpenZeppelin's SimpleMerkleTree accepts it at every size to 512, and only for its leaf", () => {
    for (let size = 1; size <= SIZES; size++) {
      const root = toHex(tree.roots[size - 1]!);
      for (const index of telling(size)) {
        const proof = inclusionProof(index, size, tree.read).map(toHex);
        const accepts = (leaf: Uint8Array) => SimpleMerkleTree.verify(root, toHex(leaf), proof);
        expect(accepts(leaves[index]!), `leaf ${index} of ${size}`).to.equal(true);
        expect(accepts(foreign), `a foreign leaf as ${index} of ${size}`).to.equal(false);
        if (size > 2)
          expect(accepts(leaves[(index + 2) % size]!), `another leaf as ${index} of ${size}`).to.equal(false);
      }
    }
  });

  it("OpenZeppelin's StandardMerkleTree accepts it for the plain fields of a delta, and for no others", () => {
    const deltas = deltasOf(Array.from({ length: 21 }, (_, i) => BigInt(i - 10)));
    const grown = growTree(deltas.map((delta) => leafOf(deltaFingerprint(delta))));
    const root = toHex(grown.roots.at(-1)!);
    const types = ["bytes32", "address", "uint64", "int256", "int256", "uint64", "bytes32"];
    for (const [i, d] of deltas.entries()) {
      const kind = keccak256(textToHex("tallyroot.delta.v1"));
      const fields = [kind, toHex(d.ledger), d.sequence, d.amount, d.balance, d.recordedAt, toHex(d.commitment)];
      const proof = inclusionProof(i, deltas.length, grown.read).map(toHex);
      expect(StandardMerkleTree.verify(root, types, fields, proof)).to.equal(true);
      expect(StandardMerkleTree.verify(root, types, fields.with(3, d.amount + 1n), proof)).to.equal(false);
    }
  });

  it("a changed, missing, added or swapped sibling breaks it", () => {
    for (const [index, size] of [
      [0, 2],
      [5, 7],
      [6, 7],
      [100, 300],
      [299, 300],
    ] as const) {
      const root = tree.roots[size - 1]!;
      const proof = inclusionProof(index, size, tree.read);
      for (const i of proof.keys()) {
        expect(verifyInclusion(leaves[index]!, proof.with(i, foreign), root)).to.equal(false);
        expect(verifyInclusion(leaves[index]!, proof.toSpliced(i, 1), root)).to.equal(false);
      }
      expect(verifyInclusion(leaves[index]!, [...proof, foreign], root)).to.equal(false);
      if (proof.length > 1) expect(verifyInclusion(leaves[index]!, proof.toReversed(), root)).to.equal(false);
    }
  });

  it("a leaf without a proof is only in the tree that it is", () => {
    expect(verifyInclusion(leaves[0]!, [], leaves[0]!)).to.equal(true);
    holds(
      fc.property(hash, fc.array(hash, { maxLength: 10 }), (leaf, proof) => {
        expect(verifyInclusion(leaf, proof, tree.roots[99]!)).to.equal(false);
      }),
    );
  });

  it("a proof longer than any tree is high is refused unread", () => {
    let hashed = 0;
    const sibling = new Proxy(new Uint8Array(32), {
      get: (target, name) => {
        hashed++;
        return Reflect.get(target, name, target);
      },
    });
    expect(verifyInclusion(leaves[0]!, Array(MAX_PROOF + 1).fill(sibling), leaves[0]!)).to.equal(false);
    expect(hashed).to.equal(0);
  });
});

describe("consistency proof", () => {
  before(grow);

  const root = (size: number) => tree.roots[size - 1]!;

  it("every tree to 64 is proven to extend each of its earlier selves", () => {
    for (let second = 1; second <= 64; second++) {
      for (let first = 1; first <= second; first++) {
        const proof = consistencyProof(first, second, tree.read);
        expect(verifyConsistency(first, second, root(first), root(second), proof), `${first} → ${second}`).to.equal(
          true,
        );
      }
    }
  });

  it("no other root, sibling or length of proof passes for any pair to 64", () => {
    for (let second = 2; second <= 64; second++) {
      for (let first = 1; first < second; first++) {
        const proof = consistencyProof(first, second, tree.read);
        const [a, b] = [root(first), root(second)];
        const name = `${first} → ${second}`;
        expect(verifyConsistency(first, second, foreign, b, proof), `${name}: first root`).to.equal(false);
        expect(verifyConsistency(first, second, a, foreign, proof), `${name}: second root`).to.equal(false);
        expect(verifyConsistency(first, second, b, a, proof), `${name}: roots swapped`).to.equal(false);
        expect(verifyConsistency(first, second, a, b, [...proof, foreign]), `${name}: longer`).to.equal(false);
        expect(verifyConsistency(first, second, a, b, proof.slice(0, -1)), `${name}: shorter`).to.equal(false);
        expect(verifyConsistency(first, second, a, b, []), `${name}: empty`).to.equal(false);
        for (const i of proof.keys()) {
          expect(verifyConsistency(first, second, a, b, proof.with(i, foreign)), `${name}: sibling ${i}`).to.equal(
            false,
          );
        }
      }
    }
  });

  it("a rewritten history has no proof: every leaf of the past counts", () => {
    for (const [first, second] of [
      [1, 2],
      [3, 7],
      [6, 8],
      [13, 40],
      [32, 33],
    ] as const) {
      for (let forged = 0; forged < first; forged++) {
        const other = growTree(leaves.slice(0, second).with(forged, foreign));
        const proof = consistencyProof(first, second, other.read);
        const accepted = verifyConsistency(first, second, root(first), other.roots[second - 1]!, proof);
        expect(accepted, `leaf ${forged} of ${first} → ${second}`).to.equal(false);
      }
    }
  });

  it("sizes out of range are refused, as are equal ones with different roots", () => {
    const proof = consistencyProof(3, 7, tree.read);
    for (const [first, second] of [
      [0, 7],
      [8, 7],
      [-1, 7],
      [0, 0],
    ] as const) {
      expect(verifyConsistency(first, second, root(3), root(7), proof)).to.equal(false);
    }
    expect(verifyConsistency(7, 7, root(7), root(6), [])).to.equal(false);
    expect(verifyConsistency(7, 7, root(7), root(7), [foreign])).to.equal(false);
    expect(verifyConsistency(3n, 7n, root(3), root(7), proof)).to.equal(true);
    const long = Array.from({ length: MAX_PROOF + 1 }, () => foreign);
    expect(verifyConsistency(3n, 2n ** 64n - 1n, root(3), root(7), long)).to.equal(false);
  });

  it("a proof that goes on above the root is refused, even with roots made for it", () => {
    const proof = consistencyProof(3, 4, tree.read);
    const [above, beyond] = [nodeOf(foreign, root(3)), nodeOf(foreign, root(4))];
    expect(verifyConsistency(3, 4, root(3), root(4), proof)).to.equal(true);
    expect(verifyConsistency(3, 4, above, beyond, [...proof, foreign])).to.equal(false);
  });

  it("a proof for other sizes is refused where the shape differs", () => {
    const proof = consistencyProof(3, 7, tree.read);
    for (const [first, second] of [
      [2, 7],
      [4, 7],
      [3, 4],
      [3, 9],
    ] as const) {
      expect(verifyConsistency(first, second, root(3), root(7), proof), `${first} → ${second}`).to.equal(false);
    }
  });
});
