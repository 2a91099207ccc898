/** What the audit can find wrong: one code per kind of wrong. A test compares this table with the README's. */
export const FINDINGS = {
  ROW_DAMAGED: "A row is there but cannot be read, or a column of it is of another kind.",
  DELTA_MISSING: "A sequence has no delta although a later one has.",
  DELTA_ORPHANED: "A delta belongs to a ledger that does not exist.",
  SEQUENCE_REPEATED: "A sequence is there twice, or is none.",
  ORDER_WRONG: "A delta arrived before its predecessor.",
  AMOUNT_WRONG: "An amount is no canonical amount within its range.",
  BALANCE_WRONG: "The running balance is not the balance before plus the amount.",
  TIME_DECREASES: "A delta was recorded before its predecessor.",
  KEY_WRONG: "The key of a content is missing, or a ledger's keys are not one after the other.",
  SEAL_BROKEN: "Sealed bytes do not open: they were changed, or belong elsewhere.",
  COMMITMENT_WRONG: "The commitment is not that of the content.",
  FINGERPRINT_WRONG: "The fingerprint is not that of the fields.",
  NODES_WRONG: "The tree nodes stored with a leaf are not those that it completes.",
  DIGEST_WRONG: "A column that nothing else binds is not what was stored.",
  ADDRESS_WRONG: "A ledger's address is not that of its namespace and customer.",
  LEDGER_WRONG: "A ledger's own row does not fit its deltas.",
  HEAD_WRONG: "An anchored head is not what the ledger's deltas give at its count.",
  HEAD_REPEATED: "A state of a ledger, or a checkpoint, was anchored twice, or an earlier one after a later one.",
  HEAD_MISSING: "An anchor says that it had looked at a delta, but no head covers that delta.",
  LEAF_WRONG: "A leaf is not that of its row's fields, or its row contradicts what it was made of.",
  LEAF_MISSING: "A position of an anchor has no leaf.",
  ANCHOR_MISSING: "An anchor's number is left out, or rows belong to an anchor that is not there.",
  ANCHOR_ROOT_WRONG: "An anchor's root is not that of its leaves.",
  ANCHOR_SIZE_WRONG: "An anchor's size is not the number of its leaves.",
  ANCHOR_WRONG: "An anchor's row contradicts its neighbours or the record.",
  PROGRESS_WRONG: "How far an anchor is contradicts its transactions or its neighbours.",
  TRANSACTION_WRONG:
    "A signed transaction is not the one that anchors this root, or its hash is not that of its bytes.",
  CHECKPOINT_MISSING: "A checkpoint's number is left out.",
  CHECKPOINT_WRONG: "A checkpoint is not what the deltas of its window or selection give.",
  CHECKPOINT_HIDES_DELTA: "A delta of a checkpoint's window was left out of it.",
  BATCH_WRONG: "A batch of checkpoints is not what its members give.",
  ARRIVAL_MISSING: "Numbers of arrival have a hole, or end before what was seen or anchored.",
  USAGE_WRONG: "The counters of usage do not count the deltas on record.",
  INDEX_WRONG: "An index does not find what it should, or finds what is not there.",
  FILE_DAMAGED: "The database engine finds its own file damaged.",
  CHAIN_MISMATCH: "The endpoint, the policy and the record do not name the same chain.",
  CONTRACT_NOT_EXPECTED: "The record's contract is not the policy's.",
  LOG_NOT_EXPECTED: "The record's log is not the policy's.",
  CODE_MISMATCH: "The contract's code is not the expected one.",
  LOG_MARKED: "The log's publisher was proven to have contradicted itself.",
  ROOT_NOT_ON_CHAIN: "A confirmed anchor is not on the chain.",
  ROOT_MISMATCH: "The chain has another root at an anchor's index.",
  NOT_CONFIRMED: "A confirmed anchor's transaction, block or event is not as the chain has it.",
  ANCHOR_NOT_STORED: "The log on the chain has an anchor that the record does not have.",
  ENDPOINTS_DISAGREE: "Two endpoints tell different things about the chain.",
} as const satisfies Record<string, string>;

export type FindingCode = keyof typeof FINDINGS;

/** Which row: what stands in the finding for people and programs to find it by. */
export type RowName = Readonly<Record<string, string | number>>;

export type Finding = { code: FindingCode; table: string; row: RowName; problem: string };

/** Findings that are listed; more are counted only. */
export const MOST_LISTED = 100;

/** What was found: plain data. */
export type Found = Readonly<Pick<Findings, "listed" | "count">>;

/** Collects findings in the order in which they are found. */
export type Findings = {
  add(finding: Finding): void;
  /** Adds what was found in a later part of the record, elsewhere. */
  addPart(part: Found): void;
  readonly listed: readonly Finding[];
  /** How many there are, with those that are not listed. */
  readonly count: number;
};

export function collectFindings(): Findings {
  const listed: Finding[] = [];
  let count = 0;
  return {
    add(finding) {
      count += 1;
      if (listed.length < MOST_LISTED) listed.push(finding);
    },
    addPart(part) {
      listed.push(...part.listed.slice(0, MOST_LISTED - listed.length));
      count += part.count;
    },
    listed,
    get count() {
      return count;
    },
  };
}

/** The row of a finding in one phrase: `deltas (ledger 0x…, sequence 17)`. */
export function rowText({ table, row }: Pick<Finding, "table" | "row">): string {
  const members = Object.entries(row).map(([name, value]) => `${name} ${value}`);
  return members.length === 0 ? table : `${table} (${members.join(", ")})`;
}
