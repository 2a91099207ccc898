import { fromHex, type Hex, toHex, utf8 } from "#src/core/bytes.ts";
import { deltaFingerprint, leafOf } from "#src/core/fingerprint.ts";
import { decodeReceipt } from "#src/core/receipt.ts";
import type { StepFailure } from "#src/core/step-failures.ts";
import { nodeOf } from "#src/core/tree.ts";
import type { Members } from "#test/http/call.ts";
import { changed, parsed, textOf } from "./forge.ts";
import type { Forgery } from "./forgery.ts";
import type { Ground } from "./ground.ts";

/** Files of the honest server that somebody changed on the way, or shows for what they are not. */

const OTHER_HASH = `0x${"5e".repeat(32)}`;
const NAMESPACE = new Uint8Array(20).fill(0x78);
/** Later blocks than the chain has. */
const MANY = 1000;

const of = (name: string, code: StepFailure, file: Members | Uint8Array, more: Partial<Forgery> = {}): Forgery => ({
  name,
  code,
  file: () => file,
  ...more,
});

export function changedFiles(ground: Ground): Forgery[] {
  return [...changedText(ground), ...changedShape(ground), ...changedEvidence(ground), ...changedPlace(ground)];
}

/** Two customers, and what the first of them was given for his second delta. */
function given({ files, customers }: Ground) {
  const [customer, other] = customers as [string, string];
  const [open, blind] = [parsed(files.open[customer]![1]!), parsed(files.blind[customer]![1]!)];
  return { customer, other, open, blind };
}

function changedText(ground: Ground): Forgery[] {
  const { open, blind } = given(ground);
  const text = Buffer.from(textOf(open)).toString("utf8");
  const amount = `"amount": "${open.delta.amount}"`;
  const twice = (name: string) => utf8(text.replace(amount, `"${name}": "1", ${amount}`));
  return [
    of("a member twice", "SHAPE_INVALID", twice("amount")),
    of("a member twice, once in disguise", "SHAPE_INVALID", twice("\\u0061mount")),
    of("a byte order mark", "SHAPE_INVALID", Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), textOf(open)])),
    of("no JSON", "SHAPE_INVALID", utf8(`${text}}`)),
    of("64 MiB and more", "SHAPE_INVALID", Buffer.concat([textOf(blind), Buffer.alloc(2 ** 26, 0x20)]), {
      heavy: true,
    }),
  ];
}

function changedShape(ground: Ground): Forgery[] {
  const { open, blind } = given(ground);
  const shape = (name: string, file: Members) => of(name, "SHAPE_INVALID", file);
  const change = (name: string, path: string, value: unknown) => shape(name, changed(blind, path, value));
  const padded = (hash: string) => `0x00${hash.slice(2)}`;
  return [
    shape("another format", { ...blind, format: "tallyroot-receipt/2" }),
    shape("another kind", { ...blind, kind: "head" }),
    shape("a list for a file", [blind]),
    shape("an unknown member that says: verified", { ...blind, verified: true }),
    change("an unknown member deep inside", "head.verified", "true"),
    change("no anchor", "anchor", undefined),
    shape("a namespace without its content", changed(open, "content", undefined)),
    change("null for an object", "head", null),
    change("a text for an object", "head", "head"),
    change("a list for an object", "head", []),
    change("an object for a list", "ledgerProof", { ...blind.ledgerProof }),
    change("a number for an integer", "delta.sequence", Number(blind.delta.sequence)),
    change("an integer in hex", "delta.sequence", "0x2"),
    change("an integer with a zero before it", "delta.sequence", "02"),
    change("an integer out of its range", "delta.recordedAt", "18446744073709551616"),
    change("an integer of a thousand digits", "delta.recordedAt", "9".repeat(1000)),
    change("a hash of 33 bytes, padded with zeros", "head.root", padded(blind.head.root)),
    change("an element of a proof padded with zeros", "ledgerProof.0", padded(blind.ledgerProof[0])),
    shape("an element of a proof with a zero after it", zeroAfter(ground)),
    change("a list for a hash", "head.root", [blind.head.root]),
    change("an address without its checksum", "head.ledger", blind.head.ledger.toLowerCase()),
    change("an address of 21 bytes", "head.ledger", `${blind.head.ledger}00`),
    change("a list for an address", "head.ledger", [blind.head.ledger]),
  ];
}

function changedEvidence(ground: Ground): Forgery[] {
  const { customer, other, open, blind } = given(ground);
  const { files, told } = ground;
  const [first, listed] = [parsed(files.checkpoints.first), parsed(files.checkpoints.listed)];
  const theirs = parsed(files.blind[other]![1]!);
  const { ledgerProof, anchorProof } = blind;
  const withProof = (proof: string[]) => ({ ...blind, ledgerProof: proof });
  const statedLess = changed(first, "checkpoint.closingBalance", "1");
  const leaf = toHex(leafOf(fromHex(blind.receiptId)));
  return [
    of("another reason in the content", "COMMITMENT_MISMATCH", changed(open, "content.reason", "refund")),
    of("another customer in the content", "COMMITMENT_MISMATCH", changed(open, "content.customerId", other)),
    of("somebody else's namespace", "CUSTOMER_LEDGER_MISMATCH", { ...open, namespace: `0x${"11".repeat(20)}` }),
    of("a receipt of another tenant", "NAMESPACE_NOT_EXPECTED", open, { expected: { namespace: NAMESPACE } }),

    of("another amount", "FINGERPRINT_MISMATCH", changed(blind, "delta.amount", "1")),
    of("another running balance", "FINGERPRINT_MISMATCH", changed(blind, "delta.balance", "1")),
    of("a statement with another closing balance", "FINGERPRINT_MISMATCH", statedLess),
    of("a leaf for the fingerprint", "FINGERPRINT_MISMATCH", { ...blind, receiptId: leaf }),
    of("an inner node for the leaf", "FINGERPRINT_MISMATCH", innerNode(blind)),
    of("the receipt of another delta", "FINGERPRINT_NOT_EXPECTED", blind, {
      expected: { fingerprint: fromHex(told[customer]![2]!.receiptId) },
    }),

    of("the receipt of another customer", "LEDGER_NOT_EXPECTED", blind, { expected: ledgerOf(theirs) }),
    of("the statement of another customer", "LEDGER_NOT_EXPECTED", first, { expected: ledgerOf(blind) }),
    of("another customer's head", "HEAD_OF_OTHER_LEDGER", { ...blind, head: theirs.head }),
    of("another amount, hashed anew", "LEDGER_PROOF_INVALID", hashedAnew(changed(blind, "delta.amount", "1"))),
    of("another customer's proof", "LEDGER_PROOF_INVALID", withProof(theirs.ledgerProof)),
    of("a proof with its elements swapped", "LEDGER_PROOF_INVALID", withProof(ledgerProof.toReversed())),
    of("a proof with an element too many", "LEDGER_PROOF_INVALID", withProof([...ledgerProof, OTHER_HASH])),
    of("a proof with an element missing", "LEDGER_PROOF_INVALID", withProof(ledgerProof.slice(1))),
    of("a listed delta with another amount", "CHECKPOINT_CONTRADICTION", changed(listed, "deltas.0.amount", "1")),
    of("another head", "ANCHOR_PROOF_INVALID", changed(blind, "head.balance", "1")),
    of("an anchor's proof with its elements swapped", "ANCHOR_PROOF_INVALID", {
      ...blind,
      anchorProof: anchorProof.toReversed(),
    }),
    of("another root", "ANCHOR_PROOF_INVALID", changed(blind, "anchor.root", OTHER_HASH)),
  ];
}

/** What only the verifier's pins or the chain can tell. */
function changedPlace(ground: Ground): Forgery[] {
  const { blind, customer } = given(ground);
  const [first, last] = [parsed(ground.files.blind[customer]![0]!), parsed(ground.files.blind[customer]!.at(-1)!)];
  const { transactionHash, blockNumber, blockHash, blockTime } = first.anchor as Members;
  const change = (name: string, code: StepFailure, path: string, value: string) =>
    of(name, code, changed(last, `anchor.${path}`, value));
  return [
    change("another chain's id", "CHAIN_MISMATCH", "chainId", "1"),
    of("another chain's id, where nothing is pinned", "CHAIN_MISMATCH", changed(last, "anchor.chainId", "1"), {
      pins: "none",
    }),
    of("an address without a contract", "CODE_MISMATCH", changed(last, "anchor.contract", blind.delta.ledger), {
      pins: "none",
    }),
    change("an index that is not there", "LOG_UNKNOWN", "index", "1000"),
    change("the index of another anchor", "ROOT_MISMATCH", "index", "1"),
    change("a transaction that is not there", "NOT_CONFIRMED", "transactionHash", OTHER_HASH),
    change("a block that is not there", "NOT_CONFIRMED", "blockHash", OTHER_HASH),
    change("an earlier block's number", "NOT_CONFIRMED", "blockNumber", blockNumber),
    change("an earlier time", "NOT_CONFIRMED", "blockTime", "1767225600"),
    change("another number of leaves", "NOT_CONFIRMED", "size", "100"),
    of("the transaction, block and time of an earlier anchor", "NOT_CONFIRMED", {
      ...last,
      anchor: { ...last.anchor, transactionHash, blockNumber, blockHash, blockTime },
    }),
    of("an anchor that is too young", "NOT_CONFIRMED", last, { confirmations: MANY }),
  ];
}

/** Of the smaller of two nodes, whoever writes both into one buffer takes 32 bytes, however many there are. */
function zeroAfter({ files }: Ground): Members {
  for (const bytes of Object.values(files.blind).flat()) {
    const blind = parsed(bytes);
    const [sibling] = blind.ledgerProof as Hex[];
    const isSmaller = sibling !== undefined && sibling < toHex(leafOf(fromHex(blind.receiptId)));
    if (isSmaller) return changed(blind, "ledgerProof.0", `${sibling}00`);
  }
  throw new RangeError("of so many pairs, one begins with the smaller");
}

/** The node over the delta and its neighbour where the fingerprint belongs, and the proof from there on. */
function innerNode(blind: Members): Members {
  const [sibling, ...rest] = blind.ledgerProof as string[];
  const node = nodeOf(leafOf(fromHex(blind.receiptId)), fromHex(sibling!));
  return { ...blind, receiptId: toHex(node), ledgerProof: rest };
}

/** A changed receipt with the receiptId that its fields now give. */
function hashedAnew(file: Members): Members {
  const receipt = decodeReceipt(file);
  if (receipt.kind !== "delta") throw new RangeError("a delta's receipt");
  return { ...file, receiptId: toHex(deltaFingerprint(receipt.delta)) };
}

function ledgerOf(file: Members): { ledger: Uint8Array } {
  return { ledger: fromHex(file.delta.ledger.toLowerCase()) };
}
