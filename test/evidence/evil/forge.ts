import { ledgerAddress } from "#src/core/address.ts";
import { formatAmount } from "#src/core/amount.ts";
import { toHex, utf8 } from "#src/core/bytes.ts";
import { EMPTY_ROOT, windowRoot } from "#src/core/checkpoint.ts";
import { type Content, commitmentOf } from "#src/core/content.ts";
import {
  type Checkpoint,
  checkpointFingerprint,
  type Delta,
  deltaFingerprint,
  type Head,
  headFingerprint,
  leafOf,
} from "#src/core/fingerprint.ts";
import { keccak } from "#src/core/keccak.ts";
import { type AnchorReference, encodeReceipt } from "#src/core/receipt.ts";
import { consistencyProof, inclusionProof } from "#src/core/tree.ts";
import { type GrownTree, growTree } from "#test/core/grown-tree.ts";
import type { Members } from "#test/http/call.ts";

/**
 * Evidence made by hand: ledgers, heads, checkpoints and files in which any one thing can be a lie, and every hash that
 * depends on it is computed anew. What is wrong is wrong by content, never by a broken hash.
 */

/** A ledger with all that its publisher knows of it. */
export type Book = {
  customerId: string;
  namespace: Uint8Array;
  ledger: Uint8Array;
  deltas: Delta[];
  contents: Content[];
  tree: GrownTree;
};

/** One delta to be written. `lie` changes it after its honest content was committed to; `tell` changes the content first. */
export type Line = { amount: bigint; lie?: Partial<Delta>; tell?: Partial<Content> };

/** The time of a hand-written book's first delta in Unix milliseconds; the others follow, a second apart. */
export const BOOK_TIME = 1_767_225_600_000n;

/** Writes a ledger. A lie of one delta does not make its successors lie: sums go on as if it were true. */
export function writeBook(namespace: Uint8Array, customerId: string, lines: readonly Line[]): Book {
  const ledger = ledgerAddress(namespace, customerId);
  const contents: Content[] = [];
  let balance = 0n;
  const deltas = lines.map(({ amount, lie, tell }, i) => {
    const content: Content = {
      customerId,
      delta: formatAmount(amount),
      reason: "usage",
      salt: toHex(keccak(utf8(`${customerId} ${i + 1}`))),
      ...tell,
    };
    contents.push(content);
    balance += lie?.amount ?? amount;
    const honest = {
      ledger,
      sequence: BigInt(i + 1),
      amount,
      balance,
      recordedAt: BOOK_TIME + BigInt(i) * 1000n,
      commitment: commitmentOf(content),
    };
    return { ...honest, ...lie };
  });
  const tree = growTree(deltas.map((delta) => leafOf(deltaFingerprint(delta))));
  return { customerId, namespace, ledger, deltas, contents, tree };
}

/** What an anchor's leaf says. */
export type Statement =
  | { kind: "head"; head: Head; book: Book; size: number }
  | { kind: "checkpoint"; checkpoint: Checkpoint; listed: Delta[] };

/** The head after the first `size` deltas of a book. */
export function headOf(book: Book, size = book.deltas.length, lie: Partial<Head> = {}): Statement {
  const { ledger, deltas, tree } = book;
  const honest = { ledger, count: BigInt(size), balance: deltas[size - 1]!.balance, root: tree.roots[size - 1]! };
  return { kind: "head", head: { ...honest, ...lie }, book, size };
}

/** The checkpoint over deltas `first` to `last` of a book; `last` = `first` - 1 is an empty window. */
export function windowOf(book: Book, first: number, last: number, lie: Partial<Checkpoint> = {}): Statement {
  const listed = book.deltas.slice(first - 1, last);
  return { kind: "checkpoint", checkpoint: { ...statementOver(book, first, listed), ...lie }, listed };
}

function statementOver(book: Book, first: number, listed: Delta[]): Checkpoint {
  const openingBalance = book.deltas[first - 2]?.balance ?? 0n;
  return {
    ledger: book.ledger,
    from: BOOK_TIME + BigInt(first - 1) * 1000n,
    to: BOOK_TIME + BigInt(first - 1 + Math.max(1, listed.length)) * 1000n,
    firstSequence: BigInt(first),
    count: BigInt(listed.length),
    openingBalance,
    closingBalance: listed.reduce((sum, delta) => sum + delta.amount, openingBalance),
    root: listed.length === 0 ? EMPTY_ROOT : windowRoot(listed.map(deltaFingerprint)),
  };
}

/** A window that lists other deltas than its checkpoint has, or in another order: the root is over what is listed. */
export function windowListing(book: Book, first: number, listed: Delta[], lie: Partial<Checkpoint> = {}): Statement {
  const checkpoint = { ...statementOver(book, first, listed), ...lie };
  return { kind: "checkpoint", checkpoint, listed };
}

export function fingerprintOf(statement: Statement): Uint8Array {
  return statement.kind === "head" ? headFingerprint(statement.head) : checkpointFingerprint(statement.checkpoint);
}

/** Statements under one root. */
export type AnchorTree = { statements: readonly Statement[]; tree: GrownTree; root: Uint8Array; size: number };

export function anchorTreeOf(statements: readonly Statement[]): AnchorTree {
  const tree = growTree(statements.map((statement) => leafOf(fingerprintOf(statement))));
  return { statements, tree, root: tree.roots.at(-1)!, size: statements.length };
}

/** An anchor tree that the chain has. */
export type Anchored = AnchorTree & { anchor: AnchorReference };

export function anchorProofOf({ statements, tree, size }: AnchorTree, statement: Statement): Uint8Array[] {
  return inclusionProof(statements.indexOf(statement), size, tree.read);
}

/** The receipt file of a delta through a head. Open: with its content. */
export function deltaFile(
  anchored: Anchored,
  statement: Statement,
  sequence: number,
  { open = false, named = {} }: { open?: boolean; named?: Partial<{ namespace: Uint8Array }> } = {},
): Members {
  if (statement.kind !== "head") throw new RangeError("a delta is proven through a head");
  const { book, head, size } = statement;
  const delta = book.deltas[sequence - 1]!;
  return encodeReceipt({
    kind: "delta",
    receiptId: deltaFingerprint(delta),
    delta,
    ...(open && { content: book.contents[sequence - 1]!, namespace: named.namespace ?? book.namespace }),
    ledgerProof: inclusionProof(sequence - 1, size, book.tree.read),
    head,
    anchorProof: anchorProofOf(anchored, statement),
    anchor: anchored.anchor,
  });
}

export function checkpointFile(anchored: Anchored, statement: Statement, listed = false): Members {
  if (statement.kind !== "checkpoint") throw new RangeError("a head has no receipt of its own");
  return encodeReceipt({
    kind: "checkpoint",
    receiptId: fingerprintOf(statement),
    checkpoint: statement.checkpoint,
    ...(listed && { deltas: statement.listed }),
    anchorProof: anchorProofOf(anchored, statement),
    anchor: anchored.anchor,
  });
}

/** One side of a consistency file: a head in its anchor. */
export function sideOf(anchored: Anchored, statement: Statement, claim?: Members): Members {
  const { head, anchorProof, anchor } = deltaFile(anchored, statement, 1);
  return { head, anchorProof, anchor, ...(claim && { statement: claim }) };
}

/** The checkpoint that a side was asked for by, tied to the side's head by the window's last delta. */
export function claimOf(
  anchored: Anchored,
  window: Statement,
  head: Statement,
  lie: { edge?: number; delta?: Delta; windowProof?: string[]; ledgerProof?: string[] } = {},
): Members {
  if (window.kind !== "checkpoint" || head.kind !== "head") throw new RangeError("a window, and a head");
  const { checkpoint, anchorProof, anchor } = checkpointFile(anchored, window);
  if (window.listed.length === 0) return { checkpoint, anchorProof, anchor };
  const last = window.listed.length;
  const edge = lie.delta ?? window.listed[last - 1]!;
  const sequence = lie.edge ?? Number(edge.sequence);
  const leaves = growTree(window.listed.map((delta) => leafOf(deltaFingerprint(delta))));
  const shown = encodeReceipt({
    kind: "delta",
    receiptId: deltaFingerprint(edge),
    delta: edge,
    ledgerProof: inclusionProof(sequence - 1, head.size, head.book.tree.read),
    head: head.head,
    anchorProof: inclusionProof(last - 1, last, leaves.read),
    anchor: anchored.anchor,
  }) as Members;
  return {
    checkpoint,
    anchorProof,
    anchor,
    edge: {
      delta: shown.delta,
      windowProof: lie.windowProof ?? shown.anchorProof,
      ledgerProof: lie.ledgerProof ?? shown.ledgerProof,
    },
  };
}

/** The file that says that a later head extends an earlier one; the proof is the later book's own. */
export function consistencyFile(
  earlier: { side: Members; size: number },
  later: { side: Members; size: number; book: Book },
): Members {
  const { size, book, side } = later;
  return {
    format: "tallyroot-consistency/1",
    ledger: side.head.ledger,
    earlier: earlier.side,
    later: side,
    proof: consistencyProof(earlier.size, size, book.tree.read).map(toHex),
  };
}

/** A file's bytes. */
export function textOf(file: Members): Uint8Array {
  return utf8(`${JSON.stringify(file, null, 2)}\n`);
}

/** A file's JSON, to be changed. */
export function parsed(bytes: Uint8Array): Members {
  return JSON.parse(Buffer.from(bytes).toString("utf8")) as Members;
}

/** A copy of a file in which the member at a path is another; `undefined` takes it out. */
export function changed(file: Members, path: string, value: unknown): Members {
  const copy = structuredClone(file);
  const names = path.split(".");
  const last = names.pop()!;
  const parent = names.reduce((at, name) => at[name] as Members, copy);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}
