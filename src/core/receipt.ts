import type { Adjusts, Content } from "./content.ts";
import type { Checkpoint, Delta, Head } from "./fingerprint.ts";
import { MAX_PROOF } from "./proof.ts";
import {
  ADDRESS,
  constant,
  HASH,
  INT256,
  JSON_OBJECT,
  listOf,
  matching,
  objectAt,
  objectOf,
  type Shape,
  ShapeError,
  TEXT,
  UINT64,
} from "./shape.ts";

export const RECEIPT_FORMAT = "tallyroot-receipt/1";
export const RECEIPT_MEDIA_TYPE = "application/vnd.tallyroot.receipt+json";

/** Where and when a root was anchored. The time is in Unix seconds, as the chain has it. */
export type AnchorReference = {
  chainId: bigint;
  contract: Uint8Array;
  log: Uint8Array;
  index: bigint;
  root: Uint8Array;
  size: bigint;
  transactionHash: Uint8Array;
  blockNumber: bigint;
  blockHash: Uint8Array;
  blockTime: bigint;
};

type Common = { receiptId: Uint8Array; anchorProof: Uint8Array[]; anchor: AnchorReference };

/** The evidence for one delta: delta leaf → head.root → anchor.root. Blind without `content` and `namespace`. */
export type DeltaReceipt = Common & {
  kind: "delta";
  delta: Delta;
  content?: Content;
  namespace?: Uint8Array;
  ledgerProof: Uint8Array[];
  head: Head;
};

/** The evidence for one checkpoint: checkpoint leaf → anchor.root. With `deltas`, root and sums can be recomputed. */
export type CheckpointReceipt = Common & { kind: "checkpoint"; checkpoint: Checkpoint; deltas?: Delta[] };

export type Receipt = DeltaReceipt | CheckpointReceipt;

/** More deltas than one checkpoint receipt lists. */
export const MAX_LISTED_DELTAS = 100_000;

// ── the fields, one table per object ────────────────────────────────────────────────────────────────────────────────────────

export const DELTA = objectOf<Delta>({
  ledger: ADDRESS,
  sequence: UINT64,
  amount: INT256,
  balance: INT256,
  recordedAt: UINT64,
  commitment: HASH,
});
export const HEAD = objectOf<Head>({ ledger: ADDRESS, count: UINT64, balance: INT256, root: HASH });
export const CHECKPOINT = objectOf<Checkpoint>({
  ledger: ADDRESS,
  from: UINT64,
  to: UINT64,
  firstSequence: UINT64,
  count: UINT64,
  openingBalance: INT256,
  closingBalance: INT256,
  root: HASH,
});
export const ANCHOR = objectOf<AnchorReference>({
  chainId: UINT64,
  contract: ADDRESS,
  log: HASH,
  index: UINT64,
  root: HASH,
  size: UINT64,
  transactionHash: HASH,
  blockNumber: UINT64,
  blockHash: HASH,
  blockTime: UINT64,
});
export const PROOF = listOf(HASH, MAX_PROOF);

const ADJUSTS: Shape<Adjusts> = {
  encode: (adjusts) => adjusts,
  decode(path, value) {
    const adjusts = objectAt(path, value);
    for (const name of Object.keys(adjusts)) {
      if (name !== "recordId" && name !== "referenceId")
        throw new ShapeError(`${path}.${name}`, "is not a known member");
    }
    const [text, ...more] = Object.values(adjusts);
    if (typeof text !== "string" || !text.isWellFormed() || more.length > 0)
      throw new ShapeError(path, "must have either recordId or referenceId, as text");
    return adjusts as Adjusts;
  },
  schema: {
    type: "object",
    properties: { recordId: TEXT.schema, referenceId: TEXT.schema },
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: false,
  },
};

const CONTENT = objectOf<Content>(
  {
    customerId: TEXT,
    delta: TEXT,
    reason: TEXT,
    referenceId: TEXT,
    metadata: JSON_OBJECT,
    adjusts: ADJUSTS,
    // Stays text: it is hashed as it is written.
    salt: matching(/^0x[0-9a-f]{64}$/, "must be 32 bytes as lower-case 0x hex"),
  },
  { optional: ["referenceId", "metadata", "adjusts"] },
);

type FileOf<T> = T & { format: typeof RECEIPT_FORMAT };

export const DELTA_RECEIPT = objectOf<FileOf<DeltaReceipt>>(
  {
    format: constant(RECEIPT_FORMAT),
    kind: constant("delta"),
    receiptId: HASH,
    delta: DELTA,
    content: CONTENT,
    namespace: ADDRESS,
    ledgerProof: PROOF,
    head: HEAD,
    anchorProof: PROOF,
    anchor: ANCHOR,
  },
  { together: ["content", "namespace"] },
);
export const CHECKPOINT_RECEIPT = objectOf<FileOf<CheckpointReceipt>>(
  {
    format: constant(RECEIPT_FORMAT),
    kind: constant("checkpoint"),
    receiptId: HASH,
    checkpoint: CHECKPOINT,
    deltas: listOf(DELTA, MAX_LISTED_DELTAS),
    anchorProof: PROOF,
    anchor: ANCHOR,
  },
  { optional: ["deltas"] },
);

/**
 * A receipt as the JSON value of its file: integers as decimal strings, bytes as lower-case hex, addresses as EIP-55. The order
 * of members is fixed, so the same receipt is always the same bytes.
 *
 * @see FORMAT.md, section "Receipt"
 */
export function encodeReceipt(receipt: Receipt): Record<string, unknown> {
  const file =
    receipt.kind === "delta"
      ? DELTA_RECEIPT.encode({ ...receipt, format: RECEIPT_FORMAT })
      : CHECKPOINT_RECEIPT.encode({ ...receipt, format: RECEIPT_FORMAT });
  return file as Record<string, unknown>;
}

/** The bytes of a receipt's file, as text. */
export function receiptText(receipt: Receipt): string {
  return `${JSON.stringify(encodeReceipt(receipt), null, 2)}\n`;
}

/**
 * Reads the JSON value of a receipt file: step 1 of verification. Every member must be known and of its exact form.
 *
 * @throws ShapeError naming the first member that is not.
 */
export function decodeReceipt(value: unknown): Receipt {
  const file = objectAt("receipt", value);
  if (file.format !== RECEIPT_FORMAT) throw new ShapeError("format", `must be "${RECEIPT_FORMAT}"`);
  if (file.kind === "delta") {
    const { format: _, ...receipt } = DELTA_RECEIPT.decode("", file);
    return receipt;
  }
  if (file.kind === "checkpoint") {
    const { format: _, ...receipt } = CHECKPOINT_RECEIPT.decode("", file);
    return receipt;
  }
  throw new ShapeError("kind", 'must be "delta" or "checkpoint"');
}
