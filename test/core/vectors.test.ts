import { readFileSync } from "node:fs";
import { expect } from "chai";
import { checksumAddress, ledgerAddress, namespaceOf } from "#src/core/address.ts";
import { formatAmount, parseAmount } from "#src/core/amount.ts";
import { concatBytes, fromHex, toHex, utf8 } from "#src/core/bytes.ts";
import { checkpointContradiction, windowRoot } from "#src/core/checkpoint.ts";
import { type Content, canonicalContent, commitmentOf } from "#src/core/content.ts";
import { checkpointFingerprint, deltaFingerprint, headFingerprint, leafOf } from "#src/core/fingerprint.ts";
import { keccak } from "#src/core/keccak.ts";
import { verifyConsistency, verifyInclusion } from "#src/core/proof.ts";
import { consistencyProof, inclusionProof, rootOfLeaves } from "#src/core/tree.ts";
import { growTree } from "./grown-tree.ts";

type Fields<Names extends string> = Record<Names, string>;
type Vectors = {
  namespace: Fields<"secret" | "address">;
  ledgers: Fields<"customerId" | "ledger">[];
  amounts: Fields<"text" | "units" | "canonical">[];
  deltas: {
    customerId: string;
    ledger: string;
    rows: (Fields<
      "canonical" | "commitment" | "sequence" | "amount" | "balance" | "recordedAt" | "fingerprint" | "leaf"
    > & { content: Content })[];
  };
  heads: Fields<"count" | "balance" | "root" | "fingerprint" | "leaf">[];
  inclusion: (Fields<"size" | "sequence"> & { proof: string[] })[];
  consistency: (Fields<"from" | "to"> & { proof: string[] })[];
  checkpoints: Fields<
    "from" | "to" | "firstSequence" | "count" | "openingBalance" | "closingBalance" | "root" | "fingerprint" | "leaf"
  >[];
  anchor: { leaves: string[]; root: string; proofs: string[][] };
  constants: Fields<"delta" | "head" | "checkpoint" | "ledgerCode">;
};

const vectors: Vectors = JSON.parse(readFileSync(new URL("../vectors/proofs-1.json", import.meta.url), "utf8"));
const namespace = namespaceOf(fromHex(vectors.namespace.secret));
const ledger = ledgerAddress(namespace, vectors.deltas.customerId);
const deltas = vectors.deltas.rows.map((row) => ({
  ledger,
  sequence: BigInt(row.sequence),
  amount: BigInt(row.amount),
  balance: BigInt(row.balance),
  recordedAt: BigInt(row.recordedAt),
  commitment: fromHex(row.commitment),
}));
const tree = growTree(deltas.map((delta) => leafOf(deltaFingerprint(delta))));
const rootAt = (size: string) => fromHex(vectors.heads[Number(size) - 1]!.root);

describe("vectors of proofs, version 1", () => {
  it("namespace and ledgers", () => {
    expect(checksumAddress(namespace)).to.equal(vectors.namespace.address);
    for (const row of vectors.ledgers) {
      expect(checksumAddress(ledgerAddress(namespace, row.customerId))).to.equal(row.ledger);
    }
    expect(checksumAddress(ledger)).to.equal(vectors.deltas.ledger);
  });

  it("amounts", () => {
    for (const { text, units, canonical } of vectors.amounts) {
      expect(parseAmount(text), text).to.equal(BigInt(units));
      expect(formatAmount(BigInt(units)), text).to.equal(canonical);
    }
  });

  it("words that separate the kinds", () => {
    const words = {
      delta: "tallyroot.delta.v1",
      head: "tallyroot.head.v1",
      checkpoint: "tallyroot.checkpoint.v1",
      ledgerCode: "tallyroot.ledger.v1",
    };
    const hashes = Object.fromEntries(Object.entries(words).map(([name, word]) => [name, toHex(keccak(utf8(word)))]));
    expect(hashes).to.deep.equal(vectors.constants);
  });

  it("contents, commitments, fingerprints and leaves of deltas", () => {
    for (const [i, row] of vectors.deltas.rows.entries()) {
      expect(canonicalContent(row.content)).to.equal(row.canonical);
      expect(toHex(commitmentOf(row.content))).to.equal(row.commitment);
      expect(row.content.delta).to.equal(formatAmount(deltas[i]!.amount));
      expect(toHex(deltaFingerprint(deltas[i]!))).to.equal(row.fingerprint);
      expect(toHex(leafOf(deltaFingerprint(deltas[i]!)))).to.equal(row.leaf);
    }
  });

  it("heads of every size", () => {
    expect(vectors.heads.length).to.equal(deltas.length);
    for (const row of vectors.heads) {
      const count = BigInt(row.count);
      const root = tree.roots[Number(count) - 1]!;
      expect(toHex(root)).to.equal(row.root);
      const fingerprint = headFingerprint({ ledger, count, balance: BigInt(row.balance), root });
      expect(toHex(fingerprint)).to.equal(row.fingerprint);
      expect(toHex(leafOf(fingerprint))).to.equal(row.leaf);
    }
  });

  it("inclusion proofs, made and verified", () => {
    for (const { size, sequence, proof } of vectors.inclusion) {
      const index = Number(sequence) - 1;
      expect(inclusionProof(index, Number(size), tree.read).map(toHex)).to.deep.equal(proof);
      const siblings = proof.map((sibling) => fromHex(sibling));
      expect(verifyInclusion(tree.leaves[index]!, siblings, rootAt(size))).to.equal(true);
    }
  });

  it("consistency proofs, made and verified", () => {
    for (const { from, to, proof } of vectors.consistency) {
      expect(consistencyProof(Number(from), Number(to), tree.read).map(toHex)).to.deep.equal(proof);
      const siblings = proof.map((sibling) => fromHex(sibling));
      expect(verifyConsistency(BigInt(from), BigInt(to), rootAt(from), rootAt(to), siblings)).to.equal(true);
    }
  });

  it("checkpoints", () => {
    for (const row of vectors.checkpoints) {
      const first = Number(row.firstSequence) - 1;
      const window = deltas.slice(first, first + Number(row.count));
      expect(toHex(windowRoot(window.map(deltaFingerprint)))).to.equal(row.root);
      const checkpoint = {
        ledger,
        from: BigInt(row.from),
        to: BigInt(row.to),
        firstSequence: BigInt(row.firstSequence),
        count: BigInt(row.count),
        openingBalance: BigInt(row.openingBalance),
        closingBalance: BigInt(row.closingBalance),
        root: fromHex(row.root),
      };
      expect(checkpointContradiction(checkpoint, window)).to.equal(undefined);
      expect(toHex(checkpointFingerprint(checkpoint))).to.equal(row.fingerprint);
      expect(toHex(leafOf(checkpointFingerprint(checkpoint)))).to.equal(row.leaf);
    }
  });

  it("the anchor over a head and two checkpoints", () => {
    const leaves = vectors.anchor.leaves.map((leaf) => fromHex(leaf));
    expect(toHex(rootOfLeaves(concatBytes(...leaves)))).to.equal(vectors.anchor.root);
    const { read } = growTree(leaves);
    for (const [i, proof] of vectors.anchor.proofs.entries()) {
      expect(inclusionProof(i, leaves.length, read).map(toHex)).to.deep.equal(proof);
    }
  });
});
