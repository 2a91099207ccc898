import { keccak_256 } from "@noble/hashes/sha3.js";
import { SimpleMerkleTree, StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { MerkleTree } from "merkletreejs";
import { toHex } from "../../../src/core/bytes.ts";
import { installKeccak, keccak } from "../../../src/core/keccak.ts";
import { verifyInclusion } from "../../../src/core/proof.ts";
import { appendLeaf, EMPTY_FRONTIER, inclusionProof, type Position, rootOfLeaves } from "../../../src/core/tree.ts";
import { fastKeccak } from "../../../src/fast-keccak.ts";

/**
 * Roots over the same leaves, by this project's code and by others'. Given a `RootsTask` as JSON, prints a `RootsReport`.
 *
 * A leaf is the keccak of the keccak of a 32-byte value, as StandardMerkleTree has it. That tree hashes its leaves from the
 * values itself; the others are given them.
 */

export type Maker = "ours" | "hashing" | "standard" | "simple" | "merkletreejs";
export type RootsTask = { readonly leaves: number; readonly rounds: number; readonly of: readonly Maker[] };
/** Seconds per round of each, and how many proofs were accepted by both sides. */
export type RootsReport = { readonly seconds: Readonly<Partial<Record<Maker, number[]>>>; readonly proofs: number };

/** Proofs that are shown to the others, at places spread over the tree; that tree has no more leaves than so many. */
const PROOFS = 50;
const MOST_PROVEN = 1_000;
/** A root that takes less time than this is made more often: the compiler has warmed to it then. */
const WHILE_SECONDS = 0.5;

const task = JSON.parse(process.argv[2] ?? "") as RootsTask;
installKeccak(await fastKeccak());
const values = Array.from({ length: task.leaves }, (_, i) => {
  const value = new Uint8Array(32);
  new DataView(value.buffer).setUint32(28, i);
  return value;
});
const leaves = values.map((value) => keccak(keccak(value)));
const flat = new Uint8Array(32 * leaves.length);
for (const [i, leaf] of leaves.entries()) flat.set(leaf, 32 * i);

const MAKERS: Readonly<Record<Maker, () => string>> = {
  ours: () => toHex(rootOfLeaves(flat)),
  hashing() {
    const hashed = new Uint8Array(32 * values.length);
    for (const [i, value] of values.entries()) hashed.set(keccak(keccak(value)), 32 * i);
    return toHex(rootOfLeaves(hashed));
  },
  standard: () => StandardMerkleTree.of(rowsOf(values), ["bytes32"]).root,
  simple: () => SimpleMerkleTree.of(leaves).root,
  merkletreejs: () => `0x${jsTree(leaves).getRoot().toString("hex")}`,
};

function rowsOf(some: readonly Uint8Array[]): Uint8Array[][] {
  return some.map((value) => [value]);
}

function jsTree(some: readonly Uint8Array[]): MerkleTree {
  const hash = (data: Buffer) => Buffer.from(keccak_256(data));
  return new MerkleTree(
    some.map((leaf) => Buffer.from(leaf)),
    hash,
    { sortPairs: true },
  );
}

/** Shows proofs of ours to the others, and proofs of theirs to ours. @throws Error when one is refused. */
function proveToEachOther(count: number): number {
  const [some, their] = [leaves.slice(0, count), values.slice(0, count)];
  const nodes = new Map<string, Uint8Array>();
  const place = ({ level, index }: Position) => `${level}/${index}`;
  let frontier = EMPTY_FRONTIER;
  for (const [i, leaf] of some.entries()) {
    const { frontier: grown, completed } = appendLeaf(frontier, leaf);
    frontier = grown;
    for (const [level, node] of [leaf, ...completed].entries())
      nodes.set(place({ level, index: (i + 1) / 2 ** level - 1 }), node);
  }
  const root = rootOfLeaves(flat.subarray(0, 32 * count));
  const tree = jsTree(some);
  expectTrue(tree.getRoot().equals(Buffer.from(root)), "merkletreejs has the same root");
  const simple = SimpleMerkleTree.of(some, { sortLeaves: false });
  const standard = StandardMerkleTree.of(rowsOf(their), ["bytes32"], { sortLeaves: false });
  expectTrue(simple.root === standard.root, "both trees of OpenZeppelin have one root");
  for (let n = 0; n < PROOFS; n++) {
    const i = Math.floor((n * count) / PROOFS);
    const leaf = some[i]!;
    const proof = inclusionProof(i, count, (position) => nodes.get(place(position))!).map(toHex);
    expectTrue(SimpleMerkleTree.verify(toHex(root), toHex(leaf), proof), `SimpleMerkleTree accepts our proof of ${i}`);
    const row = [toHex(their[i]!)];
    expectTrue(
      StandardMerkleTree.verify(toHex(root), ["bytes32"], row, proof),
      `StandardMerkleTree accepts our proof of ${i}`,
    );
    const theirs = simple.getProof(i).map((sibling) => Buffer.from(sibling.slice(2), "hex"));
    expectTrue(
      verifyInclusion(leaf, theirs, Buffer.from(simple.root.slice(2), "hex")),
      `we accept OpenZeppelin's proof of ${i}`,
    );
    const js = tree.getProof(Buffer.from(leaf)).map(({ data }) => data);
    expectTrue(verifyInclusion(leaf, js, root), `we accept merkletreejs' proof of ${i}`);
  }
  return PROOFS;
}

/** Seconds of one root: the mean of as many as fill a while, or of the one that takes longer. */
function secondsOf(make: () => string): number {
  const began = performance.now();
  for (let made = 1; ; made++) {
    make();
    const taken = (performance.now() - began) / 1000;
    if (taken >= WHILE_SECONDS) return taken / made;
  }
}

function expectTrue(held: boolean, claim: string): void {
  if (!held) throw new Error(`it does not hold that ${claim}`);
}

const proofs = proveToEachOther(Math.min(task.leaves, MOST_PROVEN));
const seconds: Partial<Record<Maker, number[]>> = {};
for (let round = 0; round < task.rounds; round++) {
  for (const maker of task.of) seconds[maker] = [...(seconds[maker] ?? []), secondsOf(MAKERS[maker])];
}
const report: RootsReport = { seconds, proofs };
process.stdout.write(`${JSON.stringify(report)}\n`);
