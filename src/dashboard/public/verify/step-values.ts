import { checksumAddress, ledgerAddress } from "../../../core/address.ts";
import { toHex } from "../../../core/bytes.ts";
import { windowRoot } from "../../../core/checkpoint.ts";
import type { Consistency, ConsistencySide } from "../../../core/consistency.ts";
import { canonicalContent, commitmentOf } from "../../../core/content.ts";
import { checkpointFingerprint, deltaFingerprint, headFingerprint, leafOf } from "../../../core/fingerprint.ts";
import { foldInclusion } from "../../../core/proof.ts";
import { type AnchorReference, CHECKPOINT, DELTA, HEAD, type Receipt } from "../../../core/receipt.ts";
import type { FileVerification } from "../../../core/verify-file.ts";
import type { Pins } from "./pins.ts";

/** One line for whoever wants to compute it again. `is` and `must` are compared, where both are there. */
export type Detail = { name: string; is: string; must?: string };
export type Details = { formula: string; lines: Detail[] };

/** What a step computed and compared, for engineers; all of it from the file, here. Null where the file could not be read. */
export function stepDetails(
  step: number,
  { receipt, consistency }: FileVerification,
  pins: Pins | null,
): Details | null {
  const anchors = receipt
    ? [receipt.anchor]
    : consistency
      ? [consistency.earlier.anchor, consistency.later.anchor]
      : [];
  if (step === 6)
    return {
      formula: "eth_getCode, root(log, index), marked(log), eth_getTransactionReceipt, eth_getBlockByNumber",
      lines: anchors.flatMap((anchor) => anchorLines(anchor, pins)),
    };
  if (receipt) return RECEIPT_STEPS[step - 1]!(receipt);
  if (consistency) return consistencyDetails(step, consistency);
  return null;
}

const RECEIPT_STEPS: readonly ((receipt: Receipt) => Details)[] = [
  ({ kind, receiptId }) => ({
    formula: "strict JSON (RFC 8259, unique names) of exactly the members of tallyroot-receipt/1",
    lines: [
      { name: "kind", is: kind },
      { name: "receiptId", is: toHex(receiptId) },
    ],
  }),
  (receipt) => {
    const formula =
      'commitment = keccak(utf8(JCS(content))); ledger = last 20 bytes of keccak(0xff ‖ namespace ‖ keccak(customerId) ‖ keccak("tallyroot.ledger.v1"))';
    if (receipt.kind === "checkpoint" || !receipt.content || !receipt.namespace) return { formula, lines: [] };
    const { content, namespace, delta } = receipt;
    return {
      formula,
      lines: [
        { name: "content", is: canonicalContent(content) },
        { name: "commitment", is: toHex(commitmentOf(content)), must: toHex(delta.commitment) },
        {
          name: "ledger",
          is: checksumAddress(ledgerAddress(namespace, content.customerId)),
          must: checksumAddress(delta.ledger),
        },
      ],
    };
  },
  (receipt) => {
    const isDelta = receipt.kind === "delta";
    const fields = isDelta ? DELTA.encode(receipt.delta) : CHECKPOINT.encode(receipt.checkpoint);
    const fingerprint = isDelta ? deltaFingerprint(receipt.delta) : checkpointFingerprint(receipt.checkpoint);
    return {
      formula: `receiptId = keccak(abi.encode(keccak("tallyroot.${receipt.kind}.v1"), ${Object.keys(fields as object).join(", ")}))`,
      lines: [...linesOf(fields), { name: "fingerprint", is: toHex(fingerprint), must: toHex(receipt.receiptId) }],
    };
  },
  (receipt) => {
    if (receipt.kind === "checkpoint") {
      const { deltas, checkpoint } = receipt;
      return {
        formula:
          "root = RFC 6962 tree over the leaves of the window's deltas; openingBalance + Σ amount = closingBalance",
        lines: deltas
          ? [{ name: "window root", is: toHex(windowRoot(deltas.map(deltaFingerprint))), must: toHex(checkpoint.root) }]
          : [{ name: "window root", is: `${toHex(checkpoint.root)}, as stated` }],
      };
    }
    const { delta, head, ledgerProof, receiptId } = receipt;
    return {
      formula: "leaf = keccak(receiptId); node = keccak(min(a, b) ‖ max(a, b)), over ledgerProof from the leaf up",
      lines: [
        { name: "sequence", is: `${delta.sequence} of ${head.count}` },
        { name: "leaf", is: toHex(leafOf(receiptId)) },
        { name: "siblings", is: String(ledgerProof.length) },
        { name: "ledger root", is: toHex(foldInclusion(leafOf(receiptId), ledgerProof)), must: toHex(head.root) },
      ],
    };
  },
  (receipt) => {
    const leaf = leafOf(receipt.kind === "delta" ? headFingerprint(receipt.head) : receipt.receiptId);
    const { anchorProof, anchor } = receipt;
    return {
      formula:
        receipt.kind === "delta"
          ? 'leaf = keccak(keccak(abi.encode(keccak("tallyroot.head.v1"), ledger, count, balance, root))), then over anchorProof'
          : "leaf = keccak(receiptId), then over anchorProof",
      lines: [
        ...(receipt.kind === "delta" ? linesOf(HEAD.encode(receipt.head), "head ") : []),
        { name: "leaf", is: toHex(leaf) },
        { name: "siblings", is: String(anchorProof.length) },
        { name: "anchor root", is: toHex(foldInclusion(leaf, anchorProof)), must: toHex(anchor.root) },
      ],
    };
  },
];

function consistencyDetails(step: number, { ledger, earlier, later, proof }: Consistency): Details {
  if (step === 4)
    return {
      formula: "RFC 9162 §2.1.4.2, with node = keccak(min(a, b) ‖ max(a, b))",
      lines: [
        { name: "ledger", is: checksumAddress(ledger) },
        { name: "earlier root", is: `${toHex(earlier.head.root)}, of ${earlier.head.count}` },
        { name: "later root", is: `${toHex(later.head.root)}, of ${later.head.count}` },
        { name: "hashes", is: String(proof.length) },
      ],
    };
  if (step === 5) {
    const fold = ({ head, anchorProof }: ConsistencySide) =>
      toHex(foldInclusion(leafOf(headFingerprint(head)), anchorProof));
    return {
      formula: "leaf = keccak(fingerprint of the head), then over anchorProof, for each side",
      lines: [
        { name: "earlier anchor root", is: fold(earlier), must: toHex(earlier.anchor.root) },
        { name: "later anchor root", is: fold(later), must: toHex(later.anchor.root) },
      ],
    };
  }
  return {
    formula: "strict JSON (RFC 8259, unique names) of exactly the members of tallyroot-consistency/1",
    lines: [],
  };
}

function anchorLines(anchor: AnchorReference, pins: Pins | null): Detail[] {
  const { chainId, contract, log, index, root, size, transactionHash, blockNumber, blockHash, blockTime } = anchor;
  return [
    { name: "chain id", is: String(chainId), ...(pins && { must: pins.chainId.value }) },
    { name: "contract", is: checksumAddress(contract), ...(pins && { must: pins.contract.value }) },
    { name: "log", is: toHex(log), ...(pins && { must: pins.log.value }) },
    ...(pins ? [{ name: "expected code hash", is: pins.codeHash.value }] : []),
    { name: "index", is: String(index) },
    { name: "root", is: toHex(root) },
    { name: "leaves", is: String(size) },
    { name: "transaction", is: toHex(transactionHash) },
    { name: "block", is: String(blockNumber) },
    { name: "block hash", is: toHex(blockHash) },
    { name: "block time", is: `${blockTime} s` },
  ];
}

function linesOf(fields: unknown, prefix = ""): Detail[] {
  return Object.entries(fields as Record<string, string>).map(([name, is]) => ({ name: prefix + name, is }));
}
