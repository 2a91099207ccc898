/**
 * The checks of the verifier, each with the lie that gets through where it is taken out. A refusal in the source that no row here
 * covers fails the test: either nothing needs that check, or a lie is missing.
 */
export type Check = {
  /** Under src. */
  file: string;
  /** The condition under which the verifier refuses, as it stands in the source, once. */
  text: string;
  /** What stands there instead when the check is taken out. */
  instead: string;
  /** The name of the forgery that shows it. */
  lie: string;
  /** What the lie comes to without the check. FAULT: the verifier breaks where it had refused. */
  becomes: string;
  /** Other checks that refuse the same lie, by their texts: all must be out for it to get through. */
  also: readonly string[];
};

type Rest = { instead?: string; becomes?: string; also?: readonly string[] };

function checksOf(file: string, rows: readonly (readonly [text: string, lie: string, rest?: Rest])[]): Check[] {
  return rows.map(([text, lie, rest]) => ({
    ...{ file, text, lie, instead: "false", becomes: "VERIFIED", also: [] },
    ...rest,
  }));
}

const KEEPS_MARK = "ignoreBOM: true";
const NO_CANONICAL_FORM = "!isJson(members)";
const OUT_OF_RANGE = "value < min || value > max";
const TOO_LONG = "proof.length <= MAX_PROOF &&";
const NOT_GROWN = "!verifyConsistency(first.count, second.count, first.root, second.root, proof)";
const OTHER_FORMAT = "file.format !== RECEIPT_FORMAT";
const UNKNOWN_FORMAT = "format !== RECEIPT_FORMAT";
const OTHER_LOG = "log !== undefined && !sameBytes(anchor.log, log)";
const OTHER_ROOT = "!sameBytes(root, anchor.root)";
const OTHER_EVENT = "!anchored";
const OTHER_BLOCK = "!block || !sameBytes(block.hash, anchor.blockHash)";
const OTHER_TIME = "block.timestamp !== anchor.blockTime";
const OTHER_CHAIN = "answered !== chainId";
const NO_ANSWER = "!root";

const TEXT = checksOf("core/strict-json.ts", [
  ["bytes.length > MAX_FILE_BYTES", "64 MiB and more"],
  ["fatal: true", "a content that is not UTF-8", { instead: "fatal: false" }],
  [KEEPS_MARK, "a byte order mark", { instead: "ignoreBOM: false" }],
  [`text.startsWith("\\ufeff")`, "a byte order mark", { also: [KEEPS_MARK] }],
  ["open.length === MAX_FILE_DEPTH", "a content with metadata of 70 levels", { also: [NO_CANONICAL_FORM] }],
  ["names.has(name)", "a member twice"],
  [`written.includes("\\\\")`, "a member twice, once in disguise"],
  ["error instanceof SyntaxError", "no JSON", { becomes: "FAULT" }],
  ["error instanceof TypeError", "a content that is not UTF-8", { becomes: "FAULT" }],
]);

const SHAPE = [
  ...checksOf("core/shape.ts", [
    [
      `typeof text !== "string" || text.length > longest + 1 || !/^(0|-?[1-9][0-9]*)$/.test(text)`,
      "an integer with a zero before it",
    ],
    ["/^(0|-?[1-9][0-9]*)$/", "an integer in hex", { instead: "/./" }],
    ["text.length > longest + 1", "an integer of a thousand digits", { becomes: "FAULT", also: [OUT_OF_RANGE] }],
    [OUT_OF_RANGE, "an integer out of its range", { becomes: "FAULT" }],
    [`typeof text !== "string" || !/^0x[0-9a-f]{64}$/.test(text)`, "an element of a proof with a zero after it"],
    [`typeof text !== "string" || !/^0x[0-9a-fA-F]{40}$/.test(text)`, "a list for an address", { becomes: "FAULT" }],
    ["checksumAddress(address) !== text", "an address without its checksum"],
    [`typeof text !== "string" || !text.isWellFormed()`, "a content whose reason is a number"],
    ["!text.isWellFormed()", "a content whose reason is half a character", { becomes: "FAULT" }],
    [NO_CANONICAL_FORM, "a content with metadata of 33 levels"],
    ["value !== text", "another format", { also: [OTHER_FORMAT, UNKNOWN_FORMAT] }],
    [`typeof text !== "string" || !pattern.test(text)`, "a content with a salt of 31 bytes"],
    ["!Array.isArray(value)", "an object for a list", { becomes: "FAULT" }],
    ["value.length > longest", "a proof of 65 elements", { also: [TOO_LONG] }],
    ["!Object.hasOwn(table, name)", "an unknown member that says: verified"],
    ["!Object.hasOwn(found, name)", "a content without a reason"],
    ["Object.hasOwn(found, name) !== Object.hasOwn(found, first!)", "a namespace without its content"],
    [`typeof value !== "object" || value === null || Array.isArray(value)`, "null for an object", { becomes: "FAULT" }],
  ]),
  ...checksOf("core/receipt.ts", [
    [`name !== "recordId" && name !== "referenceId"`, "a content that corrects by another name"],
    [`typeof text !== "string" || !text.isWellFormed() || more.length > 0`, "a content that corrects a number"],
    ["|| more.length > 0", "a content that corrects two deltas", { instead: "" }],
    [OTHER_FORMAT, "another format", { also: ["value !== text", UNKNOWN_FORMAT] }],
    [`file.kind === "checkpoint"`, "another kind", { instead: "true", becomes: "SHAPE_INVALID" }],
  ]),
  ...checksOf("core/consistency.ts", [
    ["empty === (statement.edge !== undefined)", "a statement that does not show its last delta"],
  ]),
  ...checksOf("core/verify-file.ts", [[UNKNOWN_FORMAT, "another format", { also: [OTHER_FORMAT, "value !== text"] }]]),
];

const RECEIPT = [
  ...checksOf("core/verify-receipt.ts", [
    ["!sameBytes(commitmentOf(content), delta.commitment)", "another reason in the content"],
    ["content.delta !== formatAmount(delta.amount)", "a content committed to another amount"],
    ["!sameBytes(ledgerAddress(namespace, content.customerId), delta.ledger)", "a content of another customer"],
    ["expected.namespace && !sameBytes(namespace, expected.namespace)", "a receipt of another tenant"],
    ["!sameBytes(fingerprint, receipt.receiptId)", "another amount"],
    ["expected.fingerprint && !sameBytes(receipt.receiptId, expected.fingerprint)", "the receipt of another delta"],
    ["!expected.ledger || sameBytes(ledger, expected.ledger)", "the receipt of another customer", { instead: "true" }],
    ["!sameBytes(delta.ledger, head.ledger)", "a delta under another ledger's head"],
    ["BigInt(delta.sequence) < 1n", "a delta before the first"],
    ["BigInt(delta.sequence) > BigInt(head.count)", "a head that counts fewer deltas than it holds"],
    ["!verifyInclusion(leafOf(receiptId), ledgerProof, head.root)", "another amount, hashed anew"],
    [
      "BigInt(delta.sequence) === 1n && delta.balance !== delta.amount",
      "a first delta whose balance is not its amount",
    ],
    [
      "BigInt(delta.sequence) === BigInt(head.count) && delta.balance !== head.balance",
      "a head whose balance is not its last delta's",
    ],
    ["if (contradiction)", "a window with a wrong sum", { instead: "if (false)" }],
    [
      "verifyInclusion(leaf, receipt.anchorProof, receipt.anchor.root)",
      "a statement that was never anchored",
      { instead: "true", becomes: "VERIFIED" },
    ],
  ]),
  ...checksOf("core/proof.ts", [
    [TOO_LONG, "a proof of 65 elements", { instead: "", also: ["value.length > longest"] }],
  ]),
  ...checksOf("core/checkpoint.ts", [
    ["from > to", "a window that ends before it begins"],
    ["first < 1n", "a window from sequence 0"],
    [
      "count === 0n && checkpoint.openingBalance !== checkpoint.closingBalance",
      "a window without deltas that changes the balance",
    ],
    ["count === 0n && compareBytes(checkpoint.root, EMPTY_ROOT) !== 0", "a window without deltas that has a root"],
    ["first === 1n && checkpoint.openingBalance !== 0n", "a window that opens a ledger with a balance"],
    ["BigInt(deltas.length) !== count", "a window that states more deltas than it lists"],
    ["!sameBytes(delta.ledger, checkpoint.ledger)", "a window with a delta of another ledger"],
    ["BigInt(delta.sequence) !== first + BigInt(i)", "a window that leaves a delta out"],
    ["BigInt(delta.recordedAt) < recordedAt", "a window with a delta from before it"],
    ["recordedAt = BigInt(delta.recordedAt);", "a window in which time runs back", { instead: "" }],
    ["BigInt(delta.recordedAt) >= to", "a window with a delta from after it"],
    ["balance !== delta.balance", "a window with a wrong running balance"],
    ["balance !== checkpoint.closingBalance", "a window with a wrong sum"],
    [
      "!sameBytes(windowRoot(deltas.map(deltaFingerprint)), checkpoint.root)",
      "a window whose root is over something else",
    ],
  ]),
];

const GROWTH = [
  ...checksOf("core/verify-consistency.ts", [
    ["if (other)", "a growth of another ledger", { instead: "if (false)" }],
    ["!sameBytes(first.ledger, ledger)", "an earlier state of another ledger"],
    ["!sameBytes(second.ledger, ledger)", "a later state of another ledger"],
    ["BigInt(first.count) < 1n", "a growth out of nothing", { also: [NOT_GROWN] }],
    ["BigInt(first.count) > BigInt(second.count)", "a ledger that shrank", { also: [NOT_GROWN] }],
    ["first.count === second.count && first.balance !== second.balance", "one state with two balances"],
    [NOT_GROWN, "a history that was rewritten on the way"],
    ["!sameBytes(checkpoint.ledger, head.ledger)", "a statement that is of another ledger"],
    ["if (contradiction)", "a statement that contradicts itself", { instead: "if (false)" }],
    ["!sameBytes(delta.ledger, checkpoint.ledger)", "a statement that ends with a delta of another ledger"],
    ["BigInt(delta.sequence) !== lastSequence(checkpoint)", "a statement that ends after its last delta"],
    ["delta.balance !== checkpoint.closingBalance", "a statement that closes with another balance"],
    ["BigInt(delta.recordedAt) < BigInt(checkpoint.from)", "a statement that begins after its last delta was recorded"],
    ["BigInt(delta.recordedAt) >= BigInt(checkpoint.to)", "a statement that ends before its last delta was recorded"],
    [
      "BigInt(checkpoint.count) === 1n && checkpoint.openingBalance + delta.amount !== delta.balance",
      "a statement that opens with another balance",
    ],
    ["last > BigInt(head.count)", "a statement that reaches beyond the head"],
    ["!verifyInclusion(leaf, edge.windowProof, checkpoint.root)", "a statement that does not hold its last delta"],
    [
      "!verifyInclusion(leaf, edge.ledgerProof, head.root)",
      "a statement that ends with a delta that the head does not hold",
    ],
    [
      "last === BigInt(head.count) && checkpoint.closingBalance !== head.balance",
      "a statement that closes with another balance than the head",
    ],
    [
      "!verifyInclusion(leafOf(headFingerprint(side.head)), side.anchorProof, side.anchor.root)",
      "a later state that was never anchored",
    ],
    [
      "!verifyInclusion(leaf, statement.anchorProof, statement.anchor.root)",
      "a later state whose statement was never anchored",
    ],
    ["others.some((other) => !sameLog(other, anchor!))", "a growth from one log into another"],
    ["earlier.anchor.index > later.anchor.index", "a later state that was anchored earlier"],
  ]),
  ...checksOf("core/proof.ts", [
    ["sn === 0n &&", "a later state that counts more than it holds", { instead: "" }],
    [
      "sameBytes(firstHash, firstRoot)",
      "a history that was rewritten on the way, from a fifth delta",
      { instead: "true" },
    ],
    ["sameBytes(secondHash, secondRoot)", "a history that was rewritten on the way", { instead: "true" }],
    ["sameBytes(firstRoot, secondRoot)", "one count with two roots", { instead: "true" }],
  ]),
];

const CHAIN = [
  ...checksOf("core/policy.ts", [
    ["chainId !== undefined && anchor.chainId !== chainId", "another chain's id", { also: [OTHER_CHAIN] }],
    [
      "contract !== undefined && !sameBytes(anchor.contract, contract)",
      "a receipt of a twin contract with the same code",
      { also: [OTHER_LOG] },
    ],
    [OTHER_LOG, "a receipt of another log"],
  ]),
  ...checksOf("witness/witness.ts", [
    ["if (unexpected)", "a receipt of another log", { instead: "if (false)" }],
    [OTHER_CHAIN, "another chain's id, where nothing is pinned"],
    ["code.length === 0", "an address without a contract", { becomes: "FAULT", also: [NO_ANSWER] }],
    ["codeHash && !sameBytes(keccak(code), codeHash)", "a receipt of a contract that says yes to everything"],
    [NO_ANSWER, "a contract that is no AnchorLog", { becomes: "FAULT" }],
    ["numberIn(root) === 0n", "an index that is not there", { also: [OTHER_ROOT, OTHER_EVENT] }],
    [OTHER_ROOT, "a receipt under a root that the contract does not have", { also: [OTHER_EVENT] }],
    ["numberIn(marked) === 0n", "a receipt of a marked log", { instead: "true" }],
    ["!transaction", "a transaction that is not there", { becomes: "FAULT" }],
    [
      "transaction.blockNumber !== anchor.blockNumber",
      "an earlier block's number",
      { also: [OTHER_BLOCK, OTHER_TIME] },
    ],
    ["!sameBytes(transaction.blockHash, anchor.blockHash)", "a block that is not there", { also: [OTHER_BLOCK] }],
    [OTHER_EVENT, "the transaction, block and time of an earlier anchor"],
    [OTHER_BLOCK, "a block that was reorganised away"],
    [OTHER_TIME, "an earlier time"],
    ["final === undefined || final < anchor.blockNumber", "an anchor that is too young"],
  ]),
  ...checksOf("witness/agreement.ts", [
    [
      "new Set(findings.map(({ finding }) => verdictOf(finding))).size === 1",
      "a lie of one endpoint beside an honest one",
      { instead: "true" },
    ],
  ]),
];

export const CHECKS: readonly Check[] = [...TEXT, ...SHAPE, ...RECEIPT, ...GROWTH, ...CHAIN];

/** Where a verifier's source refuses something. */
export const REFUSAL =
  /throw new (?:JsonTextError|ShapeError)\(|return (?:refused|problem)\(|return \{\s*failure: |: \{ failure: |return noAnchorLog|return false/g;

/** A file whose refusals are sentences: the name of the failure is given by who asks. */
export const REFUSAL_IN_WORDS: Readonly<Record<string, RegExp>> = {
  "core/checkpoint.ts": /(?<=if \(.*\n?.*)return ["`]/g,
};

/** Refusals that are no checks of their own, and why. */
export const NO_CHECKS: ReadonlyArray<readonly [file: string, text: string, why: string]> = [
  ["core/verify-file.ts", "return refused(error.message)", "tells what strict-json.ts refused"],
  [
    "core/shape.ts",
    "has fewer than",
    "only a policy has a list that must not be empty, and a policy is the verifier's own",
  ],
  [
    "core/proof.ts",
    "|| proof.length > MAX_PROOF) return false",
    "verify-consistency.ts and shape.ts refuse all of it before",
  ],
  ["core/proof.ts", "if (proof.length === 0) return false", "the sizes are still apart at the end, which is compared"],
  ["core/proof.ts", "if (sn === 0n) return false", "what is folded in too much changes the roots, which are compared"],
  [
    "witness/witness.ts",
    "numberIn(marked) > 1n) return noAnchorLog",
    "what is neither yes nor no would be taken for marked",
  ],
  [
    "witness/witness.ts",
    `failure: "LOG_MARKED"`,
    "what is left when the log is not unmarked: the condition is in the table",
  ],
  ["core/policy.ts", "failure: StepFailure", "a type"],
  ["witness/witness.ts", "if (!since) return noAnchorLog", "refused either way: it is marked"],
];

/** Checks of the second verifier, by a part of their line, whose lies other checks refuse too: all must be out for one to get through. */
export const OVERLAPPING_NEEDS: ReadonlyArray<readonly [part: string, also: readonly string[]]> = [
  ["1 <= first <= second", ["CONSISTENCY_PROOF_INVALID"]],
  [`checkpoint["ledger"] == ledger`, [`delta["ledger"] == ledger`]],
  ["policy.chain_id in", [`chain == anchor["chainId"]`]],
  ["policy.contract in", ["policy.log in"]],
  ["root != 0", ["word(root) ==", "wanted in found"]],
  ["word(root) ==", ["wanted in found"]],
  ["place ==", [`block.get("hash")`, `block.get("timestamp")`]],
];

/** Checks of the second verifier that nothing gets past in any case, and why they are there. */
export const NEEDS_IN_WORDS: ReadonlyArray<readonly [part: string, why: string]> = [
  [`code != b""`, "an address without code answers no call, which is refused by the same name: this says why"],
  ["marked <= 1", "what is neither yes nor no would be taken for marked"],
];
