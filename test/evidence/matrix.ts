import type { DisputeName } from "./evil/dispute-scenes.ts";
import type { Edit } from "./evil/operator.ts";
import type { Place } from "./evil/record-scenes.ts";

/**
 * Who could cheat how, and who notices. Every row is done by a test, and whoever is named in it has to name the cheat by just that
 * code. The README's table is made of this one.
 */

/** Who looks, in the words of the README. */
export const PARTIES = {
  server: "the server",
  contract: "the contract",
  verify: "`verify`",
  python: "`verify.py`",
  audit: "`audit`",
  notes: "own notes",
  prove: "`prove`",
  secrecy: "the seal and the salt",
} as const;
export type Party = keyof typeof PARTIES;

/** How a row's cheat is done. */
export type How =
  /** A forged file, by the name that it has among the forgeries. */
  | { file: string }
  /** Rows changed while the server was down: just the row, or everything that follows from it too. */
  | { rows: "naive" | "thorough"; place: Place; edit: Edit }
  /** Files of several parties, or of one over time. */
  | { dispute: DisputeName }
  | { deed: Deed };

export type Deed =
  | "a column that no hash binds is changed"
  | "the end of a ledger is cut off, and everything computed anew"
  | "the last delta of a statement's window is hidden, and everything computed anew"
  | "a root that is in no record is anchored"
  | "an anchor is sent again"
  | "an anchor is put over an earlier one"
  | "somebody else anchors in the log"
  | "a leaf is asked for as a fingerprint"
  | "the API says that a changed amount is verified"
  | "one endpoint says what the file needs, and nobody else is asked"
  | "the database file is stolen"
  | "contents are guessed from their hashes"
  | "the server is taken down for good";

/** Who names it, and how. An empty answer is nobody, and then `limit` says why. */
export type Row = { cheat: string; how: How; noticed: Partial<Record<Party, string>>; limit?: string };

/** What somebody could do, what stops or exposes it, and the cheats that show it. */
export type Threat = { somebody: string; stopped: string; rows: readonly Row[] };

/** Refused alike by both verifiers. */
const refused = (code: string): Row["noticed"] => ({ verify: code, python: code });
const file = (name: string, code: string): Row => ({ cheat: name, how: { file: name }, noticed: refused(code) });
const dispute = (name: DisputeName, noticed: Row["noticed"]): Row => ({ cheat: name, how: { dispute: name }, noticed });
const deed = (name: Deed, noticed: Row["noticed"], limit?: string): Row => ({
  cheat: name,
  how: { deed: name },
  noticed,
  ...(limit !== undefined && { limit }),
});

const CHEATS: Readonly<Record<Edit, string>> = {
  edit: "a delta's amount is changed",
  delete: "a delta is deleted",
  insert: "a delta is inserted",
  reorder: "two deltas change places",
};

function rows(how: "naive" | "thorough", place: Place, words: string, noticed: (edit: Edit) => Row["noticed"]): Row[] {
  return (Object.keys(CHEATS) as Edit[]).map((edit) => ({
    cheat: `${CHEATS[edit]} ${words}`,
    how: { rows: how, place, edit },
    noticed: noticed(edit),
  }));
}

const NOT_ADDED_UP = "the running balance does not add up";
const HALTS: Readonly<Record<Edit, string>> = {
  edit: NOT_ADDED_UP,
  delete: "the delta is missing",
  insert: NOT_ADDED_UP,
  reorder: NOT_ADDED_UP,
};
const NO_RECEIPT: Readonly<Record<Edit, string>> = {
  edit: "INTERNAL",
  delete: "NOT_FOUND",
  insert: "INTERNAL",
  reorder: "INTERNAL",
};
const NAMED: Readonly<Record<Edit, string>> = {
  edit: "BALANCE_WRONG",
  delete: "DELTA_MISSING",
  insert: "DIGEST_WRONG",
  reorder: "BALANCE_WRONG",
};

export const MATRIX: readonly Threat[] = [
  {
    somebody: "change, delete, insert or reorder recorded deltas before they are anchored",
    stopped:
      "triggers refuse it; before each anchor everything new is re-derived from the rows, and a row that does not fit stops anchoring by name. If all hashes are computed anew as well, only the receiptId that recording answered with tells: no receipt has it. Keep what recording answers",
    rows: [
      ...rows("naive", "unanchored", "before it is anchored", (edit) => ({ server: HALTS[edit], audit: NAMED[edit] })),
      ...rows("thorough", "unanchored", "before it is anchored, and everything computed anew", () =>
        refused("FINGERPRINT_NOT_EXPECTED"),
      ),
      deed("the end of a ledger is cut off, and everything computed anew", { notes: "NOT_ON_RECORD" }),
    ],
  },
  {
    somebody: "do so after they were anchored",
    stopped: "what is in the database no longer gives the root that the contract holds, and no receipt of it verifies",
    rows: [
      ...rows("naive", "anchored", "after it was anchored", (edit) => ({
        server: NO_RECEIPT[edit],
        audit: NAMED[edit],
      })),
      ...rows("thorough", "anchored", "after it was anchored, and everything computed anew", () => ({
        ...refused("ROOT_MISMATCH"),
        audit: "ROOT_MISMATCH",
      })),
      deed("a column that no hash binds is changed", { audit: "DIGEST_WRONG" }),
    ],
  },
  {
    somebody: "anchor one history and show another",
    stopped:
      "each receipt alone is right, but two different deltas at one (ledger, sequence) under the log's anchors are a fork that the contract itself accepts and marks the log with; a later state has to extend the earlier one",
    rows: [
      dispute("two histories for two parties", { prove: "proveFork" }),
      dispute("a history rewritten and anchored again", { prove: "proveFork" }),
      file("a history that was rewritten on the way", "CONSISTENCY_PROOF_INVALID"),
      file("a receipt of a marked log", "LOG_MARKED"),
    ],
  },
  {
    somebody: "do the sums wrong",
    stopped:
      "two neighbouring deltas, or a statement and its edge, whose balances do not add up are proof that the contract itself accepts",
    rows: [
      dispute("a running balance that is wrong in the middle", { prove: "proveImbalance" }),
      dispute("a first balance that is not the first amount", {
        ...refused("BALANCE_CONTRADICTION"),
        prove: "proveFirstImbalance",
      }),
      dispute("a head that states another balance", {
        ...refused("BALANCE_CONTRADICTION"),
        prove: "proveHeadImbalance",
      }),
      dispute("a statement with a wrong sum", { notes: "CHECKPOINT_CONTRADICTION", prove: "proveCheckpointImbalance" }),
      dispute("a statement that opens a ledger with a balance", {
        ...refused("CHECKPOINT_CONTRADICTION"),
        prove: "proveBareCheckpointImbalance",
      }),
      file("a window with a wrong sum", "CHECKPOINT_CONTRADICTION"),
      file("a window with a wrong running balance", "CHECKPOINT_CONTRADICTION"),
    ],
  },
  {
    somebody: "leave a delta out of a statement, or move its window",
    stopped:
      "sequences have no holes, and the head commits the count; a delta that is in the window by its time and not in the statement shows in its customer's own copy",
    rows: [
      dispute("a statement that hides the first delta of its window", {
        notes: "CHECKPOINT_CONTRADICTION",
        prove: "DELTA_LEFT_OUT",
      }),
      // For anybody else the window may have been open still when the statement was made.
      dispute("a statement that hides the last delta of its window", { notes: "CHECKPOINT_CONTRADICTION" }),
      dispute("a statement whose window is too short for its deltas", {
        notes: "CHECKPOINT_CONTRADICTION",
        prove: "proveCheckpointImbalance",
      }),
      file("a window that leaves a delta out", "CHECKPOINT_CONTRADICTION"),
      file("a window with a delta from before it", "CHECKPOINT_CONTRADICTION"),
      file("a statement that was never anchored", "ANCHOR_PROOF_INVALID"),
      file("a statement that reaches beyond the head", "SEQUENCE_BEYOND_HEAD"),
      deed("the last delta of a statement's window is hidden, and everything computed anew", {
        audit: "CHECKPOINT_HIDES_DELTA",
      }),
    ],
  },
  {
    somebody: "replace or rewind what is anchored, or anchor behind the record's back",
    stopped:
      "the contract takes each index once, from the log's publisher, and has no function that takes anything back; nor has it an owner",
    rows: [
      deed("an anchor is sent again", { contract: "UnexpectedIndex" }),
      deed("an anchor is put over an earlier one", { contract: "UnexpectedIndex" }),
      deed("somebody else anchors in the log", { contract: "NotPublisher" }),
      deed("a root that is in no record is anchored", {
        server: "somebody else uses the publisher's key",
        audit: "ROOT_MISMATCH",
      }),
      dispute("a ledger rewound by a later anchor", { prove: "COUNT_DECREASES" }),
      file("a ledger that shrank", "COUNT_DECREASES"),
      file("a later state that was anchored earlier", "ANCHORS_REVERSED"),
      file("a receipt under a root that the contract does not have", "ROOT_MISMATCH"),
    ],
  },
  {
    somebody: "backdate an anchor",
    stopped: "block, transaction, event and time are compared with the chain's",
    rows: [
      file("the transaction, block and time of an earlier anchor", "NOT_CONFIRMED"),
      file("an earlier block's number", "NOT_CONFIRMED"),
      file("an earlier time", "NOT_CONFIRMED"),
      file("a block that was reorganised away", "NOT_CONFIRMED"),
    ],
  },
  {
    somebody: "change a receipt, or forge a proof",
    stopped:
      "every member is bound by a hash up to the root; leaves are hashed twice, so that no node or fingerprint passes for one",
    rows: [
      file("another amount", "FINGERPRINT_MISMATCH"),
      file("another amount, hashed anew", "LEDGER_PROOF_INVALID"),
      file("another reason in the content", "COMMITMENT_MISMATCH"),
      file("a content committed to another amount", "CONTENT_AMOUNT_MISMATCH"),
      file("a content of another customer", "CUSTOMER_LEDGER_MISMATCH"),
      file("an unknown member that says: verified", "SHAPE_INVALID"),
      file("a member twice", "SHAPE_INVALID"),
      file("a proof with its elements swapped", "LEDGER_PROOF_INVALID"),
      file("a proof with an element too many", "LEDGER_PROOF_INVALID"),
      file("a proof with an element missing", "LEDGER_PROOF_INVALID"),
      file("an element of a proof padded with zeros", "SHAPE_INVALID"),
      file("a proof of 65 elements", "SHAPE_INVALID"),
      file("an inner node for the leaf", "FINGERPRINT_MISMATCH"),
      file("a leaf for the fingerprint", "FINGERPRINT_MISMATCH"),
      file("another root", "ANCHOR_PROOF_INVALID"),
      deed("a leaf is asked for as a fingerprint", { server: "NOT_FOUND" }),
      deed("the API says that a changed amount is verified", { verify: "FINGERPRINT_MISMATCH" }),
    ],
  },
  {
    somebody: "show true evidence of something else",
    stopped:
      "the verifier says what it expects: the fingerprint, the customer's ledger, the namespace; and pins chain, contract, code and log in a policy",
    rows: [
      file("the receipt of another delta", "FINGERPRINT_NOT_EXPECTED"),
      file("the receipt of another customer", "LEDGER_NOT_EXPECTED"),
      file("a receipt of another tenant", "NAMESPACE_NOT_EXPECTED"),
      file("another customer's head", "HEAD_OF_OTHER_LEDGER"),
      file("another chain's id", "CHAIN_MISMATCH"),
      file("a receipt of a twin contract with the same code", "CONTRACT_NOT_EXPECTED"),
      file("a receipt of a contract that says yes to everything", "CODE_MISMATCH"),
      file("a receipt of another log", "LOG_NOT_EXPECTED"),
      file("a growth from one log into another", "LOGS_DIFFER"),
    ],
  },
  {
    somebody: "run an RPC endpoint that lies",
    stopped: "several endpoints are asked, and must agree",
    rows: [
      file("a lie of one endpoint beside an honest one", "ENDPOINTS_DISAGREE"),
      deed(
        "one endpoint says what the file needs, and nobody else is asked",
        {},
        "an endpoint that is asked alone is believed: ask two that have nothing to do with each other, or run a node",
      ),
    ],
  },
  {
    somebody: "learn who a customer is from the chain or a stolen database file, or guess a delta from its hash",
    stopped:
      "the chain sees roots over salted hashes; in the database customer ids, reasons, references and metadata are sealed with AES-256-GCM, and every commitment carries a secret 32-byte salt. Amounts and times are not sealed",
    rows: [
      deed("the database file is stolen", { secrecy: "nothing readable" }),
      deed("contents are guessed from their hashes", { secrecy: "nothing found" }),
    ],
  },
  {
    somebody: "take the service down for good",
    stopped: "a receipt is a file, and verifying it takes the file and any RPC endpoint of the chain",
    rows: [deed("the server is taken down for good", refused("VERIFIED"))],
  },
];

/** The README's table: threats, what stops them, and by which name each party notices. */
export function trustTable(): string {
  const lines = MATRIX.map(({ somebody, stopped, rows: done }) => `| ${somebody} | ${stopped} | ${namesIn(done)} |`);
  return ["| somebody could | what stops or exposes it | who names it |", "| --- | --- | --- |", ...lines].join("\n");
}

/** By party, the codes; those that both verifiers name once. */
function namesIn(done: readonly Row[]): string {
  const named = (Object.keys(PARTIES) as Party[])
    .filter((party) => party !== "python" && party !== "secrecy")
    .map((party) => {
      const codes = new Set(done.map(({ noticed }) => noticed[party]).filter((code) => code !== undefined));
      return { party, shown: [...codes].map((code) => (/^[A-Za-z_]+$/.test(code) ? `\`${code}\`` : code)) };
    })
    .filter(({ shown }) => shown.length > 0)
    .map(({ party, shown }) => `${PARTIES[party]}: ${shown.join(", ")}`);
  const limits = done.map(({ limit }) => limit).filter((limit) => limit !== undefined);
  return [...named, ...limits.map((limit) => `nobody: ${limit}`)].join("; ") || "nothing is there to be named";
}
