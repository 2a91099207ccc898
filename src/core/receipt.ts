import { checksumAddress } from "./address.ts";
import { MAX_BALANCE, MIN_BALANCE } from "./amount.ts";
import { fromHex, toHex } from "./bytes.ts";
import { type Content, isJson } from "./content.ts";
import type { Checkpoint, Delta, Head } from "./fingerprint.ts";
import { MAX_PROOF } from "./proof.ts";

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

/** A receipt of another shape than FORMAT.md gives it; `path` is the member. */
export class ReceiptShapeError extends Error {
  override readonly name = "ReceiptShapeError";
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.path = path;
  }
}

/**
 * A receipt as the JSON value of its file: integers as decimal strings, bytes as lower-case hex, addresses as EIP-55. The order
 * of members is fixed, so the same receipt is always the same bytes.
 *
 * @see FORMAT.md, section "Receipt"
 */
export function encodeReceipt(receipt: Receipt): Record<string, unknown> {
  const common = { anchorProof: receipt.anchorProof.map(toHex), anchor: encodeFields(ANCHOR, receipt.anchor) };
  const front = { format: RECEIPT_FORMAT, kind: receipt.kind, receiptId: toHex(receipt.receiptId) };
  if (receipt.kind === "checkpoint") {
    return {
      ...front,
      checkpoint: encodeFields(CHECKPOINT, receipt.checkpoint),
      ...(receipt.deltas && { deltas: receipt.deltas.map((delta) => encodeFields(DELTA, delta)) }),
      ...common,
    };
  }
  return {
    ...front,
    delta: encodeFields(DELTA, receipt.delta),
    ...(receipt.content && { content: receipt.content }),
    ...(receipt.namespace && { namespace: checksumAddress(receipt.namespace) }),
    ledgerProof: receipt.ledgerProof.map(toHex),
    head: encodeFields(HEAD, receipt.head),
    ...common,
  };
}

/** The bytes of a receipt's file, as text. */
export function receiptText(receipt: Receipt): string {
  return `${JSON.stringify(encodeReceipt(receipt), null, 2)}\n`;
}

/**
 * Reads the JSON value of a receipt file: step 1 of verification. Every member must be known and of its exact form.
 *
 * @throws ReceiptShapeError naming the first member that is not.
 */
export function decodeReceipt(value: unknown): Receipt {
  const file = objectAt("receipt", value);
  if (file.format !== RECEIPT_FORMAT) throw new ReceiptShapeError("format", `must be "${RECEIPT_FORMAT}"`);
  if (file.kind === "delta") return decodeDeltaReceipt(file);
  if (file.kind === "checkpoint") return decodeCheckpointReceipt(file);
  throw new ReceiptShapeError("kind", 'must be "delta" or "checkpoint"');
}

function decodeDeltaReceipt(file: Members): DeltaReceipt {
  membersAre(
    "receipt",
    file,
    ["format", "kind", "receiptId", "delta", "ledgerProof", "head", "anchorProof", "anchor"],
    ["content", "namespace"],
  );
  if ((file.content === undefined) !== (file.namespace === undefined)) {
    throw new ReceiptShapeError("content", "content and namespace stand together or not at all");
  }
  return {
    kind: "delta",
    ...decodeCommon(file),
    delta: decodeFields("delta", DELTA, file.delta) as Delta,
    ledgerProof: decodeProof("ledgerProof", file.ledgerProof),
    head: decodeFields("head", HEAD, file.head) as Head,
    ...(file.content !== undefined && {
      content: decodeContent(file.content),
      namespace: ADDRESS.decode("namespace", file.namespace),
    }),
  };
}

function decodeCheckpointReceipt(file: Members): CheckpointReceipt {
  membersAre("receipt", file, ["format", "kind", "receiptId", "checkpoint", "anchorProof", "anchor"], ["deltas"]);
  const deltas = file.deltas === undefined ? undefined : arrayAt("deltas", file.deltas, MAX_LISTED_DELTAS);
  return {
    kind: "checkpoint",
    ...decodeCommon(file),
    checkpoint: decodeFields("checkpoint", CHECKPOINT, file.checkpoint) as Checkpoint,
    ...(deltas && { deltas: deltas.map((delta, i) => decodeFields(`deltas[${i}]`, DELTA, delta) as Delta) }),
  };
}

function decodeCommon(file: Members): Common {
  return {
    receiptId: HASH.decode("receiptId", file.receiptId),
    anchorProof: decodeProof("anchorProof", file.anchorProof),
    anchor: decodeFields("anchor", ANCHOR, file.anchor) as AnchorReference,
  };
}

// ── the fields, one table per object ────────────────────────────────────────────────────────────────────────────────────────

type Field<T> = { encode(value: T): string; decode(path: string, text: unknown): T };

function integer(min: bigint, max: bigint): Field<bigint> {
  return {
    encode: (value) => value.toString(),
    decode(path, text) {
      // 78 digits and a sign: longer is outside int256, and is not converted.
      if (typeof text !== "string" || text.length > 79 || !/^(0|-?[1-9][0-9]*)$/.test(text)) {
        throw new ReceiptShapeError(path, "must be an integer as decimal text");
      }
      const value = BigInt(text);
      if (value < min || value > max) throw new ReceiptShapeError(path, "is outside its range");
      return value;
    },
  };
}

const UINT64 = integer(0n, 2n ** 64n - 1n);
const INT256 = integer(MIN_BALANCE, MAX_BALANCE);

const HASH: Field<Uint8Array> = {
  encode: toHex,
  decode(path, text) {
    if (typeof text !== "string" || !/^0x[0-9a-f]{64}$/.test(text))
      throw new ReceiptShapeError(path, "must be 32 bytes as lower-case 0x hex");
    return fromHex(text);
  },
};

const ADDRESS: Field<Uint8Array> = {
  encode: checksumAddress,
  decode(path, text) {
    if (typeof text !== "string" || !/^0x[0-9a-fA-F]{40}$/.test(text))
      throw new ReceiptShapeError(path, "must be an address");
    const address = fromHex(text.toLowerCase());
    if (checksumAddress(address) !== text) throw new ReceiptShapeError(path, "has a wrong EIP-55 checksum");
    return address;
  },
};

type Fields = Readonly<Record<string, Field<bigint> | Field<Uint8Array>>>;

const DELTA: Fields = {
  ledger: ADDRESS,
  sequence: UINT64,
  amount: INT256,
  balance: INT256,
  recordedAt: UINT64,
  commitment: HASH,
};
const HEAD: Fields = { ledger: ADDRESS, count: UINT64, balance: INT256, root: HASH };
const CHECKPOINT: Fields = {
  ledger: ADDRESS,
  from: UINT64,
  to: UINT64,
  firstSequence: UINT64,
  count: UINT64,
  openingBalance: INT256,
  closingBalance: INT256,
  root: HASH,
};
const ANCHOR: Fields = {
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
};

function encodeFields(fields: Fields, value: object): Record<string, string> {
  const members = value as Record<string, never>;
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.encode(members[name]!)]));
}

function decodeFields(path: string, fields: Fields, value: unknown): Record<string, bigint | Uint8Array> {
  const members = objectAt(path, value);
  membersAre(path, members, Object.keys(fields), []);
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, field.decode(`${path}.${name}`, members[name])]),
  );
}

function decodeProof(path: string, value: unknown): Uint8Array[] {
  return arrayAt(path, value, MAX_PROOF).map((sibling, i) => HASH.decode(`${path}[${i}]`, sibling));
}

function decodeContent(value: unknown): Content {
  const content = objectAt("content", value);
  membersAre("content", content, ["customerId", "delta", "reason", "salt"], ["referenceId", "metadata", "adjusts"]);
  for (const name of ["customerId", "delta", "reason", "referenceId"]) {
    const text = content[name];
    if (text !== undefined && (typeof text !== "string" || !text.isWellFormed()))
      throw new ReceiptShapeError(`content.${name}`, "must be text");
  }
  if (content.metadata !== undefined && !isJson(objectAt("content.metadata", content.metadata)))
    throw new ReceiptShapeError("content.metadata", "is not JSON that has a canonical form");
  if (content.adjusts !== undefined) decodeAdjusts(objectAt("content.adjusts", content.adjusts));
  HASH.decode("content.salt", content.salt);
  return content as Content;
}

function decodeAdjusts(adjusts: Members): void {
  membersAre("content.adjusts", adjusts, [], ["recordId", "referenceId"]);
  const [named, ...more] = Object.values(adjusts);
  if (typeof named !== "string" || !named.isWellFormed() || more.length > 0)
    throw new ReceiptShapeError("content.adjusts", "must have either recordId or referenceId, as text");
}

type Members = Record<string, unknown>;

function objectAt(path: string, value: unknown): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ReceiptShapeError(path, "must be a JSON object");
  return value as Members;
}

function arrayAt(path: string, value: unknown, limit: number): unknown[] {
  if (!Array.isArray(value)) throw new ReceiptShapeError(path, "must be a JSON array");
  if (value.length > limit) throw new ReceiptShapeError(path, `has more than ${limit} elements`);
  return value;
}

function membersAre(path: string, value: Members, required: string[], optional: string[]): void {
  for (const name of Object.keys(value)) {
    if (!required.includes(name) && !optional.includes(name))
      throw new ReceiptShapeError(`${path}.${name}`, "is not a known member");
  }
  for (const name of required) {
    if (!Object.hasOwn(value, name)) throw new ReceiptShapeError(`${path}.${name}`, "is missing");
  }
}
