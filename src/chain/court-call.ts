import { encodeFunctionData, zeroAddress, zeroHash } from "viem";
import { checksumAddress } from "../core/address.ts";
import type { Contradiction } from "../core/arbitration/contradiction.ts";
import type { CheckpointStatement, HeadStatement, Place, ProvenDelta } from "../core/arbitration/statement.ts";
import { type Hex, toHex } from "../core/bytes.ts";
import type { Checkpoint, Delta, Head } from "../core/fingerprint.ts";
import { anchorLogAbi } from "./anchor-log-abi.ts";

/** A call of the contract that anybody can send with any wallet: `data` is all of it. */
export type CourtCall = { to: Hex; function: Contradiction["judgedBy"]; data: Hex };

/** The call by which the contract judges a contradiction in a log. @see contracts/IAnchorLog.sol, section "Evidence" */
export function courtCall({ contract, log }: Pick<Place, "contract" | "log">, contradiction: Contradiction): CourtCall {
  return {
    to: checksumAddress(contract),
    function: contradiction.judgedBy,
    data: calldata(toHex(log), contradiction),
  };
}

function calldata(log: Hex, c: Contradiction): Hex {
  const abi = anchorLogAbi;
  switch (c.judgedBy) {
    case "proveFork":
      return encodeFunctionData({
        abi,
        functionName: c.judgedBy,
        args: [log, deltaEvidence(c.a), deltaEvidence(c.b)],
      });
    case "proveImbalance":
      return encodeFunctionData({
        abi,
        functionName: c.judgedBy,
        args: [log, deltaEvidence(c.first), deltaEvidence(c.second)],
      });
    case "proveFirstImbalance":
      return encodeFunctionData({ abi, functionName: c.judgedBy, args: [log, deltaEvidence(c.first)] });
    case "proveHeadImbalance":
      return encodeFunctionData({
        abi,
        functionName: c.judgedBy,
        args: [log, headEvidence(c.statement), deltaEvidence(c.edge)],
      });
    case "proveCheckpointImbalance":
      return encodeFunctionData({
        abi,
        functionName: c.judgedBy,
        args: [log, checkpointEvidence(c.statement), deltaEvidence(c.contrary)],
      });
    case "proveBareCheckpointImbalance":
      return encodeFunctionData({ abi, functionName: c.judgedBy, args: [log, checkpointEvidence(c.statement)] });
  }
}

const hexes = (proof: readonly Uint8Array[]): Hex[] => proof.map(toHex);

function headEvidence({ index, head, anchorProof }: HeadStatement) {
  return { index, head: headFields(head), anchorProof: hexes(anchorProof) };
}

function checkpointEvidence({ index, checkpoint, anchorProof }: CheckpointStatement) {
  return { index, checkpoint: checkpointFields(checkpoint), anchorProof: hexes(anchorProof) };
}

const NO_HEAD = { ledger: zeroAddress, count: 0n, balance: 0n, root: zeroHash };
const NO_CHECKPOINT = {
  ledger: zeroAddress,
  from: 0n,
  to: 0n,
  firstSequence: 0n,
  count: 0n,
  openingBalance: 0n,
  closingBalance: 0n,
  root: zeroHash,
};

/** `through` is 0 for a head and 1 for a checkpoint; the contract does not look at the other one. */
function deltaEvidence({ delta, through, proof }: ProvenDelta) {
  return {
    delta: deltaFields(delta),
    proof: hexes(proof()),
    through: through.kind === "head" ? 0 : 1,
    head: through.kind === "head" ? headFields(through.head) : NO_HEAD,
    checkpoint: through.kind === "checkpoint" ? checkpointFields(through.checkpoint) : NO_CHECKPOINT,
    index: through.index,
    anchorProof: hexes(through.anchorProof),
  };
}

function deltaFields({ ledger, sequence, amount, balance, recordedAt, commitment }: Delta) {
  return {
    ledger: checksumAddress(ledger),
    sequence: BigInt(sequence),
    amount,
    balance,
    recordedAt: BigInt(recordedAt),
    commitment: toHex(commitment),
  };
}

function headFields({ ledger, count, balance, root }: Head) {
  return { ledger: checksumAddress(ledger), count: BigInt(count), balance, root: toHex(root) };
}

function checkpointFields(checkpoint: Checkpoint) {
  return {
    ...checkpoint,
    ledger: checksumAddress(checkpoint.ledger),
    from: BigInt(checkpoint.from),
    to: BigInt(checkpoint.to),
    firstSequence: BigInt(checkpoint.firstSequence),
    count: BigInt(checkpoint.count),
    root: toHex(checkpoint.root),
  };
}
