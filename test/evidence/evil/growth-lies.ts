import { fromHex } from "#src/core/bytes.ts";
import type { StepFailure } from "#src/core/step-failures.ts";
import type { Members } from "#test/http/call.ts";
import { bookOf, EVIL_NAMESPACE, withLie } from "./anchored-lies.ts";
import {
  type Anchored,
  type Book,
  changed,
  claimOf,
  consistencyFile,
  headOf,
  type Statement,
  sideOf,
  windowListing,
  windowOf,
  writeBook,
} from "./forge.ts";
import type { Forgery } from "./forgery.ts";

/** Lies about how a ledger grew, and about the statements on the way: consistency files over anchors of a lying publisher. */

const OTHER_HASH = `0x${"5e".repeat(32)}`;

export function growthLies(): Forgery[] {
  return [...aboutHeads(), ...aboutAnchors(), ...aboutStatements()];
}

type Growth = {
  book: Book;
  earlier: Statement;
  later: Statement;
  expected?: Forgery["expected"];
  change?: (file: Members) => Members;
};

/** The consistency file from one head, anchored first, to another. */
function growth(name: string, code: StepFailure, { book, earlier, later, expected, change }: Growth): Forgery {
  return {
    name,
    code,
    anchored: { early: [earlier], late: [later] },
    ...(expected && { expected }),
    file({ early, late }) {
      const file = between(book, [early, earlier], [late, later]);
      return change ? change(file) : file;
    },
  };
}

type Placed = readonly [anchored: Anchored, head: Statement, claim?: Members];

function between(book: Book, earlier: Placed, later: Placed): Members {
  const side = ([anchored, head, claim]: Placed) => ({ side: sideOf(anchored, head, claim), size: sizeOf(head) });
  return consistencyFile(side(earlier), { ...side(later), book });
}

function sizeOf(head: Statement): number {
  return head.kind === "head" ? head.size : 0;
}

function aboutHeads(): Forgery[] {
  const [book, rewritten, other] = [bookOf(), bookOf(), bookOf()];
  const [four, seven] = [headOf(book, 4), headOf(book, 7)];
  const past = writeBook(EVIL_NAMESPACE, rewritten.customerId, withLie(2, { amount: -43n }));
  const { ledger } = other;
  return [
    growth("a growth of another ledger", "LEDGER_NOT_EXPECTED", {
      book,
      earlier: four,
      later: seven,
      expected: { ledger },
    }),
    growth("an earlier state of another ledger", "HEAD_OF_OTHER_LEDGER", {
      book,
      earlier: headOf(book, 4, { ledger }),
      later: seven,
    }),
    growth("a later state of another ledger", "HEAD_OF_OTHER_LEDGER", {
      book,
      earlier: four,
      later: headOf(book, 7, { ledger }),
      change: (file) => ({ ...file, ledger: file.earlier.head.ledger }),
    }),
    growth("a growth out of nothing", "COUNT_DECREASES", {
      book,
      earlier: headOf(book, 4, { count: 0n }),
      later: seven,
    }),
    growth("a ledger that shrank", "COUNT_DECREASES", {
      book,
      earlier: headOf(book, 5),
      later: headOf(book, 5, { count: 4n }),
    }),
    growth("one state with two balances", "BALANCE_CONTRADICTION", {
      book,
      earlier: headOf(book, 7),
      later: headOf(book, 7, { balance: 1n }),
    }),
    growth("a history that was rewritten on the way", "CONSISTENCY_PROOF_INVALID", {
      book: rewritten,
      earlier: headOf(past, 4),
      later: headOf(rewritten, 7),
    }),
    growth("a history that was rewritten on the way, from a fifth delta", "CONSISTENCY_PROOF_INVALID", {
      book: rewritten,
      earlier: headOf(past, 5),
      later: headOf(rewritten, 7),
    }),
    growth("a later state that counts more than it holds", "CONSISTENCY_PROOF_INVALID", {
      book,
      earlier: four,
      later: headOf(book, 7, { count: 9n }),
    }),
    growth("one count with two roots", "CONSISTENCY_PROOF_INVALID", {
      book: rewritten,
      earlier: headOf(past, 7, { balance: rewritten.deltas[6]!.balance }),
      later: headOf(rewritten, 7),
    }),
  ];
}

function aboutAnchors(): Forgery[] {
  const book = bookOf();
  const [four, seven, window] = [headOf(book, 4), headOf(book, 7), windowOf(book, 2, 6)];
  const never = headOf(book, 7, { balance: 1n });
  const honest = (early: Anchored, late: Anchored) =>
    between(book, [early, four], [late, seven, claimOf(late, window, seven)]);
  const anchored = { early: [four], late: [seven, window] };
  return [
    {
      name: "an earlier state that was never anchored",
      code: "ANCHOR_PROOF_INVALID",
      anchored,
      file: ({ early, late }) => changed(honest(early, late), "earlier.anchorProof", []),
    },
    {
      name: "a later state that was never anchored",
      code: "ANCHOR_PROOF_INVALID",
      anchored: { ...anchored, late: [...anchored.late, never] },
      file: ({ early, late }) => changed(honest(early, late), "later.anchorProof", sideOf(late, never).anchorProof),
    },
    {
      name: "a later state whose statement was never anchored",
      code: "ANCHOR_PROOF_INVALID",
      anchored,
      file: ({ early, late }) =>
        changed(honest(early, late), "later.statement.anchorProof", sideOf(late, seven).anchorProof),
    },
    {
      name: "a growth from one log into another",
      code: "LOGS_DIFFER",
      pins: "none",
      anchored: { early: [four], otherLog: [seven] },
      file: ({ early, otherLog }) => between(book, [early, four], [otherLog, seven]),
    },
    {
      name: "a later state that was anchored earlier",
      code: "ANCHORS_REVERSED",
      anchored: { early: [seven], late: [four] },
      file: ({ early, late }) => between(book, [late, four], [early, seven]),
    },
  ];
}

/** A later state with a statement beside it that does not belong. */
type Claim = { book?: Book; window: Statement; head?: Statement; edge?: Parameters<typeof claimOf>[3] };

function aboutStatements(): Forgery[] {
  const book = bookOf();
  const edge = book.deltas[5]!;
  const { ledger } = bookOf();
  const mixed = bookOf(withLie(6, { lie: { ledger } }));
  const single = windowOf(book, 6, 6, { openingBalance: 1n });
  const claim = (name: string, code: StepFailure, { book: of = book, ...said }: Claim): Forgery => {
    const [four, head] = [headOf(of, 4), said.head ?? headOf(of, 7)];
    return {
      name: `a statement that ${name}`,
      code,
      anchored: { early: [four], late: [head, said.window] },
      file: ({ early, late }) => between(of, [early, four], [late, head, claimOf(late, said.window, head, said.edge)]),
    };
  };
  const wrong = (name: string, lie: Parameters<typeof windowOf>[3]) =>
    claim(name, "CHECKPOINT_CONTRADICTION", { window: windowOf(book, 2, 6, lie) });
  const late = BigInt(edge.recordedAt) + 1n;
  const window = windowOf(book, 2, 6);
  const empty = windowOf(book, 3, 2);
  const without = claim("does not show its last delta", "SHAPE_INVALID", { window });
  const superfluous = claim("shows a last delta of an empty window", "SHAPE_INVALID", { window: empty });
  const elsewhere = windowListing(book, 2, book.deltas.slice(1, 6), { root: fromHex(OTHER_HASH) });
  return [
    claim("is of another ledger", "HEAD_OF_OTHER_LEDGER", { book: mixed, window: windowOf(mixed, 2, 6, { ledger }) }),
    wrong("contradicts itself", { firstSequence: 0n, count: 7n }),
    claim("ends with a delta of another ledger", "HEAD_OF_OTHER_LEDGER", {
      book: mixed,
      window: windowOf(mixed, 2, 6),
    }),
    claim("ends after its last delta", "CHECKPOINT_CONTRADICTION", {
      window: windowOf(book, 2, 6, { count: 6n }),
      head: headOf(book, 7, { balance: edge.balance }),
    }),
    wrong("closes with another balance", { closingBalance: 1n }),
    wrong("ends before its last delta was recorded", { to: edge.recordedAt }),
    wrong("begins after its last delta was recorded", { from: late, to: late }),
    claim("opens with another balance", "CHECKPOINT_CONTRADICTION", { window: single }),
    // The sizes 5 and 7 have the same consistency proof from 4, so only the count gives this head away.
    claim("reaches beyond the head", "SEQUENCE_BEYOND_HEAD", { window, head: headOf(book, 7, { count: 5n }) }),
    claim("does not hold its last delta", "WINDOW_PROOF_INVALID", { window: elsewhere }),
    claim("ends with a delta that the head does not hold", "LEDGER_PROOF_INVALID", {
      window,
      edge: { ledgerProof: [OTHER_HASH] },
    }),
    claim("closes with another balance than the head", "BALANCE_CONTRADICTION", {
      window: windowOf(book, 2, 7),
      head: headOf(book, 7, { balance: 1n }),
    }),
    {
      ...without,
      file: (roots, about) => changed(without.file(roots, about) as Members, "later.statement.edge", undefined),
    },
    {
      ...superfluous,
      anchored: { ...superfluous.anchored, late: [...superfluous.anchored!.late!, window] },
      file: (roots, about) => {
        const { edge: shown } = claimOf(roots.late, window, headOf(book, 7));
        return changed(superfluous.file(roots, about) as Members, "later.statement.edge", shown);
      },
    },
  ];
}
