import { checksumAddress } from "../../../core/address.ts";
import { toHex } from "../../../core/bytes.ts";
import type { Checkpoint, Delta, Head } from "../../../core/fingerprint.ts";
import type { Receipt } from "../../../core/receipt.ts";

const DELTA = "(address,uint64,int256,int256,uint64,bytes32)";
const HEAD = "(address,uint64,int256,bytes32)";
const CHECKPOINT = "(address,uint64,uint64,uint64,uint64,int256,int256,bytes32)";

/** The line by which Foundry asks the contract whether a receipt holds: the hashes are then the contract's work, not this page's. */
export function castLine(receipt: Receipt, url: string): string {
  const { anchor, anchorProof } = receipt;
  const [call, ...values] =
    receipt.kind === "delta"
      ? [
          `verifyDelta(bytes32,uint64,${DELTA},bytes32[],${HEAD},bytes32[])(bool)`,
          deltaTuple(receipt.delta),
          list(receipt.ledgerProof),
          headTuple(receipt.head),
          list(anchorProof),
        ]
      : [
          `verifyCheckpoint(bytes32,uint64,${CHECKPOINT},bytes32[])(bool)`,
          checkpointTuple(receipt.checkpoint),
          list(anchorProof),
        ];
  const place = [toHex(anchor.log), String(anchor.index)];
  const quotedValues = values.map((value) => `'${value}'`);
  return [
    `cast call ${checksumAddress(anchor.contract)} '${call}'`,
    ...place,
    ...quotedValues,
    `--rpc-url '${url.replaceAll("'", "'\\''")}'`,
  ].join(" ");
}

function deltaTuple({ ledger, sequence, amount, balance, recordedAt, commitment }: Delta): string {
  return `(${[checksumAddress(ledger), sequence, amount, balance, recordedAt, toHex(commitment)].join(",")})`;
}

function headTuple({ ledger, count, balance, root }: Head): string {
  return `(${[checksumAddress(ledger), count, balance, toHex(root)].join(",")})`;
}

function checkpointTuple(checkpoint: Checkpoint): string {
  const { ledger, from, to, firstSequence, count, openingBalance, closingBalance, root } = checkpoint;
  const words = [from, to, firstSequence, count, openingBalance, closingBalance].map(String);
  return `(${[checksumAddress(ledger), ...words, toHex(root)].join(",")})`;
}

function list(hashes: readonly Uint8Array[]): string {
  return `[${hashes.map(toHex).join(",")}]`;
}
