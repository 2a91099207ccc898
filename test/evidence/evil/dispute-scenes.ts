import { openCourt } from "#src/chain/court.ts";
import { courtCall } from "#src/chain/court-call.ts";
import { findContradictions } from "#src/core/arbitration/contradiction.ts";
import { addConsistency, addReceipt, noStatements } from "#src/core/arbitration/statement.ts";
import { findUnjudged } from "#src/core/arbitration/unjudged.ts";
import { decodeConsistency } from "#src/core/consistency.ts";
import { ownCopyContradiction } from "#src/core/own-copy.ts";
import { decodeReceipt } from "#src/core/receipt.ts";
import type { Members } from "#test/http/call.ts";
import { bookOf, EVIL_NAMESPACE, withLie } from "./anchored-lies.ts";
import {
  type Anchored,
  type Book,
  checkpointFile,
  consistencyFile,
  deltaFile,
  headOf,
  type Statement,
  sideOf,
  textOf,
  windowOf,
  writeBook,
} from "./forge.ts";
import { type Forged, pinsOf, type Shown } from "./forgeries.ts";
import type { Ground } from "./ground.ts";

/** What two parties, or one with several files, hold in their hands when a publisher has said two things. */
export type Dispute = {
  early?: Statement[];
  late?: Statement[];
  files: (roots: { early: Anchored; late: Anchored }) => Members[];
  /** What the customer wrote down for himself, where he did. */
  notes?: Book;
};

/** Statements that cannot all be true, anchored in the lying publisher's log. */
export function disputes(): Record<DisputeName, Dispute> {
  const mine = bookOf();
  const theirs = writeBook(EVIL_NAMESPACE, mine.customerId, withLie(2, { amount: -43n }));
  const [toMe, toThem] = [headOf(mine), headOf(theirs)];
  const past = bookOf();
  const present = writeBook(EVIL_NAMESPACE, past.customerId, withLie(2, { amount: -43n }));
  const [was, is] = [headOf(past, 4), headOf(present, 7)];
  const wrongAfter = bookOf(withLie(4, { lie: { balance: 1n } }));
  const [seven, shrunk] = [headOf(past, 7), headOf(past, 4)];
  return {
    "two histories for two parties": {
      early: [toMe, toThem],
      files: ({ early }) => [deltaFile(early, toMe, 2), deltaFile(early, toThem, 2)],
    },
    "a history rewritten and anchored again": {
      early: [was],
      late: [is],
      files: ({ early, late }) => [deltaFile(early, was, 2), deltaFile(late, is, 2)],
    },
    "a running balance that is wrong in the middle": oneHead(headOf(wrongAfter), [3, 4]),
    "a first balance that is not the first amount": firstWrong(),
    "a head that states another balance": headWrong(),
    "a statement with a wrong sum": statementWrong((book) => windowOf(book, 2, 6, { closingBalance: 1n })),
    "a statement whose window is too short for its deltas": statementWrong((book) =>
      windowOf(book, 2, 6, { to: book.deltas[5]!.recordedAt }),
    ),
    "a statement that opens a ledger with a balance": statementWrong((book) =>
      windowOf(book, 1, 6, { openingBalance: 1n, closingBalance: book.deltas[5]!.balance }),
    ),
    "a statement that hides the first delta of its window": statementWrong((book) =>
      windowOf(book, 7, 7, { from: book.deltas[5]!.recordedAt }),
    ),
    "a statement that hides the last delta of its window": statementWrong((book) =>
      windowOf(book, 2, 5, { to: BigInt(book.deltas[5]!.recordedAt) + 1n }),
    ),
    "a ledger rewound by a later anchor": {
      early: [seven],
      late: [shrunk],
      files: ({ early, late }) => [
        deltaFile(early, seven, 2),
        {
          ...consistencyFile(
            { side: sideOf(early, seven), size: 7 },
            { side: sideOf(late, shrunk), size: 7, book: past },
          ),
        },
      ],
    },
  };
}

export type DisputeName =
  | "two histories for two parties"
  | "a history rewritten and anchored again"
  | "a running balance that is wrong in the middle"
  | "a first balance that is not the first amount"
  | "a head that states another balance"
  | "a statement with a wrong sum"
  | "a statement whose window is too short for its deltas"
  | "a statement that opens a ledger with a balance"
  | "a statement that hides the first delta of its window"
  | "a statement that hides the last delta of its window"
  | "a ledger rewound by a later anchor";

function oneHead(head: Statement, sequences: readonly number[]): Dispute {
  return { early: [head], files: ({ early }) => sequences.map((sequence) => deltaFile(early, head, sequence)) };
}

function firstWrong(): Dispute {
  const book = bookOf(withLie(1, { lie: { balance: 501n } }));
  return oneHead(headOf(book), [1]);
}

function headWrong(): Dispute {
  const book = bookOf();
  return oneHead(headOf(book, 7, { balance: 1n }), [7]);
}

/** A statement beside the receipt of delta 6, which an honest head proves. */
function statementWrong(lie: (book: Book) => Statement): Dispute {
  const book = bookOf();
  const [head, window] = [headOf(book), lie(book)];
  return {
    early: [head, window],
    notes: book,
    files: ({ early }) => [checkpointFile(early, window), deltaFile(early, head, 6)],
  };
}

export type Held = { files: Members[]; notes: Book | undefined };

/** Anchors all disputes at once. @returns what is held in each. */
export async function anchorDisputes({ evil }: Forged): Promise<Record<DisputeName, Held>> {
  const all = Object.entries(disputes());
  const early = await evil.anchor(all.flatMap(([, dispute]) => dispute.early ?? []));
  const late = await evil.anchor(all.flatMap(([, dispute]) => dispute.late ?? []));
  const held = all.map(([name, { files, notes }]) => [name, { files: files({ early, late }), notes }]);
  return Object.fromEntries(held) as Record<DisputeName, Held>;
}

/** What `prove` finds in files: the contract's function that accepts it, or the name of what no function judges. */
export async function provenBy(rpcUrl: string, files: readonly Members[]): Promise<string[]> {
  const statements = noStatements();
  for (const [i, file] of files.entries()) {
    if (file.format === "tallyroot-consistency/1") addConsistency(statements, `${i}`, decodeConsistency(file));
    else addReceipt(statements, `${i}`, decodeReceipt(file));
  }
  const [contradiction] = findContradictions(statements);
  const unjudged = findUnjudged(statements).map(({ name }) => name);
  if (!contradiction) return unjudged;
  const place = decodeReceipt(files.find(({ kind }) => kind !== undefined)).anchor;
  const tried = await openCourt(rpcUrl, place).tryOut(courtCall(place, contradiction));
  return ["refusal" in tried ? tried.refusal : contradiction.judgedBy, ...unjudged];
}

/** The failure that a statement gets when its receiver compares it with his own notes, as `verify --deltas` does. */
export function ownNotesAgainst({ files, notes }: Held): string[] {
  const [statement] = files.map((file) => decodeReceipt(file)).filter(({ kind }) => kind === "checkpoint");
  if (statement?.kind !== "checkpoint" || !notes) throw new RangeError("a statement, and notes");
  return ownCopyContradiction(statement.checkpoint, notes.deltas).contradiction ? ["CHECKPOINT_CONTRADICTION"] : [];
}

/** A file of the lying publisher's log, as somebody sees it who pins that log. */
export function shownFile({ place, chain }: Ground, { evil }: Forged, file: Members): Shown {
  return {
    name: "a file of a dispute",
    bytes: textOf(file),
    expected: {},
    pins: pinsOf(evil.place, place.codeHash),
    confirmations: 1,
    endpoints: [chain.rpcUrl],
  };
}
