import { type Address, encodeAbiParameters, type Hex, hexToBigInt, concat as join, keccak256, stringToHex } from "viem";

// The format written a second time, straight from its specification: what the contract says is compared with this,
// never with the code of the product.

export type Delta = {
  ledger: Address;
  sequence: bigint;
  amount: bigint;
  balance: bigint;
  recordedAt: bigint;
  commitment: Hex;
};
export type Head = { ledger: Address; count: bigint; balance: bigint; root: Hex };
export type Checkpoint = {
  ledger: Address;
  from: bigint;
  to: bigint;
  firstSequence: bigint;
  count: bigint;
  openingBalance: bigint;
  closingBalance: bigint;
  root: Hex;
};

/** What an anchor commits, with the deltas that are in its tree. */
export type HeadStatement = { kind: "head"; head: Head; deltas: Delta[] };
export type CheckpointStatement = { kind: "checkpoint"; checkpoint: Checkpoint; deltas: Delta[] };
export type Statement = HeadStatement | CheckpointStatement;
export type Anchor = { index: bigint; root: Hex; size: bigint; statements: Statement[] };

export const zeroHash: Hex = `0x${"00".repeat(32)}`;

const words = (version: string, types: string[], values: unknown[]): Hex =>
  keccak256(
    encodeAbiParameters(
      ["bytes32", ...types].map((type) => ({ type })),
      [keccak256(stringToHex(version)), ...values],
    ),
  );

export const deltaFingerprint = (d: Delta): Hex =>
  words(
    "tallyroot.delta.v1",
    ["address", "uint64", "int256", "int256", "uint64", "bytes32"],
    [d.ledger, d.sequence, d.amount, d.balance, d.recordedAt, d.commitment],
  );

export const headFingerprint = (h: Head): Hex =>
  words("tallyroot.head.v1", ["address", "uint64", "int256", "bytes32"], [h.ledger, h.count, h.balance, h.root]);

export const checkpointFingerprint = (c: Checkpoint): Hex =>
  words(
    "tallyroot.checkpoint.v1",
    ["address", "uint64", "uint64", "uint64", "uint64", "int256", "int256", "bytes32"],
    [c.ledger, c.from, c.to, c.firstSequence, c.count, c.openingBalance, c.closingBalance, c.root],
  );

export const deltaLeaf = (delta: Delta): Hex => keccak256(deltaFingerprint(delta));

export const statementLeaf = (statement: Statement): Hex =>
  keccak256(statement.kind === "head" ? headFingerprint(statement.head) : checkpointFingerprint(statement.checkpoint));

export const node = (a: Hex, b: Hex): Hex => keccak256(hexToBigInt(a) < hexToBigInt(b) ? join([a, b]) : join([b, a]));

/** RFC 6962: the left part is the largest power of two below the number of leaves. */
function split(size: number): number {
  let left = 1;
  while (left * 2 < size) left *= 2;
  return left;
}

export function treeRoot(leaves: Hex[]): Hex {
  if (leaves.length === 0) return zeroHash;
  if (leaves.length === 1) return leaves[0]!;
  const left = split(leaves.length);
  return node(treeRoot(leaves.slice(0, left)), treeRoot(leaves.slice(left)));
}

export function inclusionProof(leaves: Hex[], position: number): Hex[] {
  if (position < 0 || position >= leaves.length) throw new RangeError(`no leaf ${position} of ${leaves.length}`);
  if (leaves.length === 1) return [];
  const left = split(leaves.length);
  return position < left
    ? [...inclusionProof(leaves.slice(0, left), position), treeRoot(leaves.slice(left))]
    : [...inclusionProof(leaves.slice(left), position - left), treeRoot(leaves.slice(0, left))];
}

export const fold = (leaf: Hex, proof: Hex[]): Hex => proof.reduce(node, leaf);

/** An honest history: sequence 1, 2, 3 …, exact sums, one delta per second. */
export function history(ledger: Address, amounts: bigint[]): Delta[] {
  let balance = 0n;
  return amounts.map((amount, position) => {
    balance += amount;
    const sequence = BigInt(position + 1);
    const commitment = keccak256(stringToHex(`content ${ledger} ${sequence}`));
    return { ledger, sequence, amount, balance, recordedAt: sequence * 1000n, commitment };
  });
}

/** The honest head after these deltas; `lie` replaces fields of it. */
export function headOf(deltas: Delta[], lie: Partial<Head> = {}): HeadStatement {
  const last = deltas.at(-1)!;
  const root = treeRoot(deltas.map(deltaLeaf));
  return {
    kind: "head",
    deltas,
    head: { ledger: last.ledger, count: last.sequence, balance: last.balance, root, ...lie },
  };
}

/** The honest checkpoint over [from, to) of a history; `lie` replaces fields of it. */
export function checkpointOf(
  deltas: Delta[],
  from: bigint,
  to: bigint,
  lie: Partial<Checkpoint> = {},
): CheckpointStatement {
  const before = deltas.filter((delta) => delta.recordedAt < from);
  const inside = deltas.filter((delta) => delta.recordedAt >= from && delta.recordedAt < to);
  const openingBalance = before.at(-1)?.balance ?? 0n;
  return {
    kind: "checkpoint",
    deltas: inside,
    checkpoint: {
      ledger: deltas[0]!.ledger,
      from,
      to,
      firstSequence: BigInt(before.length + 1),
      count: BigInt(inside.length),
      openingBalance,
      closingBalance: inside.at(-1)?.balance ?? openingBalance,
      root: treeRoot(inside.map(deltaLeaf)),
      ...lie,
    },
  };
}

export function anchorOf(index: bigint, statements: Statement[]): Anchor {
  return { index, statements, root: treeRoot(statements.map(statementLeaf)), size: BigInt(statements.length) };
}

export function anchorProof(anchor: Anchor, statement: Statement): Hex[] {
  return inclusionProof(anchor.statements.map(statementLeaf), anchor.statements.indexOf(statement));
}

export function ledgerProof(statement: Statement, delta: Delta): Hex[] {
  return inclusionProof(statement.deltas.map(deltaLeaf), statement.deltas.indexOf(delta));
}

export function headEvidence(anchor: Anchor, statement: HeadStatement) {
  return { index: anchor.index, head: statement.head, anchorProof: anchorProof(anchor, statement) };
}

export function checkpointEvidence(anchor: Anchor, statement: CheckpointStatement) {
  return { index: anchor.index, checkpoint: statement.checkpoint, anchorProof: anchorProof(anchor, statement) };
}

const noAddress: Address = `0x${"00".repeat(20)}`;
const noHead: Head = { ledger: noAddress, count: 0n, balance: 0n, root: zeroHash };
const noCheckpoint: Checkpoint = {
  ledger: noAddress,
  from: 0n,
  to: 0n,
  firstSequence: 0n,
  count: 0n,
  openingBalance: 0n,
  closingBalance: 0n,
  root: zeroHash,
};

export type DeltaEvidence = ReturnType<typeof deltaEvidence>;

/** The delta's two hops: into the statement, and with it into the anchor. */
export function deltaEvidence(anchor: Anchor, statement: Statement, delta: Delta) {
  return {
    delta,
    proof: ledgerProof(statement, delta),
    through: statement.kind === "head" ? 0 : 1,
    head: statement.kind === "head" ? statement.head : noHead,
    checkpoint: statement.kind === "checkpoint" ? statement.checkpoint : noCheckpoint,
    index: anchor.index,
    anchorProof: anchorProof(anchor, statement),
  };
}
