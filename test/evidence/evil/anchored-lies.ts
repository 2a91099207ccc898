import { fromHex, toHex } from "#src/core/bytes.ts";
import type { Content } from "#src/core/content.ts";
import { type Delta, deltaFingerprint, leafOf } from "#src/core/fingerprint.ts";
import { keccak } from "#src/core/keccak.ts";
import type { StepFailure } from "#src/core/step-failures.ts";
import { nodeOf } from "#src/core/tree.ts";
import type { Members } from "#test/http/call.ts";
import {
  anchorTreeOf,
  type Book,
  checkpointFile,
  deltaFile,
  headOf,
  type Line,
  type Statement,
  textOf,
  windowListing,
  windowOf,
  writeBook,
} from "./forge.ts";
import type { Forgery } from "./forgery.ts";

/** Lies about one delta or one window that the publisher anchored himself. */

export const EVIL_NAMESPACE = new Uint8Array(20).fill(0x77);
const OTHER_HASH = fromHex(`0x${"5e".repeat(32)}`);
const AMOUNTS = [500n, -42n, -1n, 7n, 13n, -100n, 60n];
const lines = (amounts: readonly bigint[] = AMOUNTS): Line[] => amounts.map((amount) => ({ amount }));

/** Seven lines, one of them with a lie or another content. */
export function withLie(sequence: number, line: Partial<Line>): Line[] {
  return lines().map((honest, i) => (i + 1 === sequence ? { ...honest, ...line } : honest));
}

let written = 0;
/** A book of a customer that nothing else is about. */
export function bookOf(bookLines: Line[] = lines()): Book {
  written += 1;
  return writeBook(EVIL_NAMESPACE, `cust_${written}`, bookLines);
}

export function anchoredLies(): Forgery[] {
  return [...aboutContents(), ...aboutDeltas(), ...aboutWindows()];
}

type DeltaLie = { head?: Statement; open?: boolean; change?: (file: Members) => Members | Uint8Array };

function aboutDelta(name: string, code: StepFailure, book: Book, sequence: number, lie: DeltaLie = {}): Forgery {
  const { head = headOf(book), open = false, change = (file) => file } = lie;
  return {
    name,
    code,
    anchored: { early: [head] },
    file: ({ early }) => change(deltaFile(early, head, sequence, { open })),
  };
}

/** Contents that no honest server commits to: nothing but their shape is wrong. */
function aboutContents(): Forgery[] {
  const told = (name: string, tell: object, change: DeltaLie["change"] = (file) => file) => {
    const book = bookOf(withLie(2, { tell: tell as Partial<Content> }));
    return aboutDelta(`a content ${name}`, "SHAPE_INVALID", book, 2, {
      open: true,
      change: (file) => change({ ...file, content: book.contents[1] }),
    });
  };
  const deep = (levels: number): object => (levels === 1 ? {} : { a: deep(levels - 1) });
  return [
    told("that is not UTF-8", { reason: "caf\ufffd" }, notUtf8),
    told("without a reason", { reason: undefined }),
    told("whose reason is a number", { reason: 5 }),
    told("whose reason is half a character", { reason: "\ufffd" }, (file) => halfCharacter(file)),
    told("with a member more", { approved: "yes" }),
    told("with metadata of 33 levels", { metadata: deep(33) }),
    told("with metadata of 70 levels", { metadata: deep(70) }),
    told("with a salt of 31 bytes", { salt: `0x${"ab".repeat(31)}` }),
    told("that corrects two deltas", { adjusts: { recordId: "rec_1", referenceId: "inv_1" } }),
    told("that corrects a number", { adjusts: { recordId: 7 } }),
    told("that corrects half a character", { adjusts: { recordId: "\ufffd" } }, (file) => halfCharacter(file)),
    told("that corrects by another name", { adjusts: { invoice: "inv_1" } }),
    tooLong(),
  ];
}

/** Bytes that a careless reader takes for U+FFFD, which is what was committed to. */
function notUtf8(file: Members): Uint8Array {
  const bytes = Buffer.from(textOf(file));
  const at = bytes.indexOf("\ufffd");
  return Buffer.concat([bytes.subarray(0, at), Buffer.of(0xe9), bytes.subarray(at + 3)]);
}

/** A lone surrogate, which a careless encoder turns into U+FFFD. */
function halfCharacter(file: Members): Uint8Array {
  return Buffer.from(Buffer.from(textOf(file)).toString("utf8").replace("\ufffd", "\\ud800"));
}

/** A delta under 65 made-up siblings: no tree of uint64 size is so deep. */
function tooLong(): Forgery {
  const book = bookOf(lines([500n]));
  const siblings = Array.from({ length: 65 }, (_, i) => keccak(Uint8Array.of(i)));
  const root = siblings.reduce(nodeOf, leafOf(deltaFingerprint(book.deltas[0]!)));
  return aboutDelta("a proof of 65 elements", "SHAPE_INVALID", book, 1, {
    head: headOf(book, 1, { root, count: 2n }),
    change: (file) => ({ ...file, ledgerProof: siblings.map(toHex) }),
  });
}

function aboutDeltas(): Forgery[] {
  const about = (name: string, code: StepFailure, sequence: number, line: Partial<Line>, open = false) =>
    aboutDelta(name, code, bookOf(withLie(sequence, line)), sequence, { open });
  const under = (name: string, code: StepFailure, sequence: number, lie: Parameters<typeof headOf>[2]) => {
    const book = bookOf();
    return aboutDelta(name, code, book, sequence, { head: headOf(book, 7, lie) });
  };
  const { ledger } = bookOf();
  const contradiction = "BALANCE_CONTRADICTION";
  return [
    about("a content committed to another amount", "CONTENT_AMOUNT_MISMATCH", 3, { lie: { amount: -2n } }, true),
    about("a content of another customer", "CUSTOMER_LEDGER_MISMATCH", 3, { tell: { customerId: "x" } }, true),
    under("a delta under another ledger's head", "HEAD_OF_OTHER_LEDGER", 3, { ledger }),
    about("a delta before the first", "SEQUENCE_BEYOND_HEAD", 3, { lie: { sequence: 0n } }),
    under("a head that counts fewer deltas than it holds", "SEQUENCE_BEYOND_HEAD", 3, { count: 2n }),
    about("a first delta whose balance is not its amount", contradiction, 1, { lie: { balance: 501n } }),
    under("a head whose balance is not its last delta's", contradiction, 7, { balance: 1n }),
  ];
}

function aboutWindow(name: string, window: Statement, listed: boolean): Forgery {
  return {
    name: `a window ${name}`,
    code: "CHECKPOINT_CONTRADICTION",
    anchored: { early: [window] },
    file: ({ early }) => checkpointFile(early, window, listed),
  };
}

function aboutWindows(): Forgery[] {
  const book = bookOf();
  const deltas = book.deltas as [Delta, Delta, Delta, Delta, Delta, Delta, Delta];
  const end = BigInt(deltas[6].recordedAt);
  const unordered = bookOf(withLie(4, { lie: { recordedAt: end } }));
  const unbalanced = bookOf(withLie(4, { lie: { balance: 1n } }));
  const moved = [deltas[1], { ...deltas[2], ledger: unordered.ledger }];
  const empty = (lie: Parameters<typeof windowOf>[3]) => windowOf(book, 3, 2, lie);
  const bare = (name: string, window: Statement) => aboutWindow(name, window, false);
  const listing = (name: string, window: Statement) => aboutWindow(name, window, true);
  const hidden = windowOf(bookOf(), 1, 7);
  return [
    bare("that ends before it begins", empty({ from: end, to: end - 1n })),
    bare("from sequence 0", windowOf(book, 1, 7, { firstSequence: 0n })),
    bare("without deltas that changes the balance", empty({ closingBalance: 1n })),
    bare("without deltas that has a root", empty({ root: OTHER_HASH })),
    bare("that opens a ledger with a balance", windowOf(book, 1, 7, { openingBalance: 1n })),
    listing("that states more deltas than it lists", windowListing(book, 2, deltas.slice(1, 6), { count: 6n })),
    listing("with a delta of another ledger", windowListing(book, 2, moved)),
    listing("that leaves a delta out", windowListing(book, 2, leavingOut(deltas, 3), { to: end })),
    listing("with a delta from before it", windowOf(book, 2, 6, { from: BigInt(deltas[1].recordedAt) + 1n })),
    listing("with a delta from after it", windowOf(book, 2, 6, { to: deltas[5].recordedAt })),
    listing("in which time runs back", windowOf(unordered, 2, 6, { to: end + 1n })),
    listing("with a wrong running balance", windowOf(unbalanced, 2, 6)),
    listing("with a wrong sum", windowOf(book, 2, 6, { closingBalance: 1n })),
    listing("whose root is over something else", windowOf(book, 2, 6, { root: OTHER_HASH })),
    {
      name: "a statement that was never anchored",
      code: "ANCHOR_PROOF_INVALID",
      file: ({ early }) => checkpointFile({ ...anchorTreeOf([hidden]), anchor: early.anchor }, hidden),
    },
  ];
}

/** Deltas 2 to 6 without one of them; its amount is added to the next one's, so that the sums are right. */
function leavingOut(deltas: readonly Delta[], left: number): Delta[] {
  const { amount } = deltas[left - 1]!;
  return deltas
    .slice(1, 6)
    .filter(({ sequence }) => Number(sequence) !== left)
    .map((delta) => (Number(delta.sequence) === left + 1 ? { ...delta, amount: delta.amount + amount } : delta));
}
