import { ledgerAddress, namespaceOf } from "#src/core/address.ts";
import { formatAmount } from "#src/core/amount.ts";
import { toHex, utf8 } from "#src/core/bytes.ts";
import { checkpointOf } from "#src/core/checkpoint.ts";
import { type Content, commitmentOf } from "#src/core/content.ts";
import {
  type Checkpoint,
  checkpointFingerprint,
  type Delta,
  deltaFingerprint,
  type Head,
  headFingerprint,
  leafOf,
} from "#src/core/fingerprint.ts";
import { keccak } from "#src/core/keccak.ts";
import { type AnchorReference, type CheckpointReceipt, type DeltaReceipt, encodeReceipt } from "#src/core/receipt.ts";
import { inclusionProof } from "#src/core/tree.ts";
import { growTree } from "./grown-tree.ts";

const NAMESPACE = namespaceOf(new Uint8Array(32).fill(7));
const CUSTOMER = "cust_001";
export const LEDGER = ledgerAddress(NAMESPACE, CUSTOMER);
export const FROM = 1_767_225_600_000;
export const TO = FROM + 3_600_000;

/** What a whole ledger of some deltas looks like, honest unless `cheat` changes a delta or the head before it is hashed. */
export type Cheat = { delta?: (delta: Delta) => Delta; head?: (head: Head) => Head };

export function contentOf(sequence: number, amount: bigint): Content {
  return {
    customerId: CUSTOMER,
    delta: formatAmount(amount),
    reason: "usage_charge",
    referenceId: `inv_${sequence}`,
    metadata: { calls: sequence, plan: "growth" },
    adjusts: { recordId: "rec_1" },
    salt: toHex(keccak(utf8(`salt ${sequence}`))),
  };
}

/** Deltas 1 … n of one ledger, one second apart. */
export function deltasOf(amounts: readonly bigint[]): Delta[] {
  let balance = 0n;
  return amounts.map((amount, i) => {
    balance += amount;
    const commitment = commitmentOf(contentOf(i + 1, amount));
    return {
      ledger: LEDGER,
      sequence: BigInt(i + 1),
      amount,
      balance,
      recordedAt: BigInt(FROM + i * 1000),
      commitment,
    };
  });
}

const AMOUNTS = [500n, -42n, -1n, 7n, 13n, -100n, 60n];
const OTHER_LEAVES = [1, 2, 3, 4].map((i) => keccak(Uint8Array.of(i)));

function anchorLeaf(leaf: Uint8Array): { anchorProof: Uint8Array[]; anchor: AnchorReference } {
  const tree = growTree([...OTHER_LEAVES.slice(0, 2), leaf, ...OTHER_LEAVES.slice(2)]);
  return {
    anchorProof: inclusionProof(2, 5, tree.read),
    anchor: {
      chainId: 31337n,
      contract: new Uint8Array(20).fill(0xab),
      log: keccak(utf8("log")),
      index: 12n,
      root: tree.roots[4]!,
      size: 5n,
      transactionHash: keccak(utf8("transaction")),
      blockNumber: 57n,
      blockHash: keccak(utf8("block")),
      blockTime: 1_767_225_700n,
    },
  };
}

/** The evidence for one of seven deltas, with content. */
export function deltaReceipt(sequence: number, cheat: Cheat = {}): DeltaReceipt {
  const deltas = deltasOf(AMOUNTS).map((delta) =>
    cheat.delta && Number(delta.sequence) === sequence ? cheat.delta(delta) : delta,
  );
  const tree = growTree(deltas.map((delta) => leafOf(deltaFingerprint(delta))));
  const count = deltas.length;
  const honest = {
    ledger: LEDGER,
    count: BigInt(count),
    balance: deltasOf(AMOUNTS).at(-1)!.balance,
    root: tree.roots.at(-1)!,
  };
  const head = cheat.head ? cheat.head(honest) : honest;
  const delta = deltas[sequence - 1]!;
  return {
    kind: "delta",
    receiptId: deltaFingerprint(delta),
    delta,
    content: contentOf(sequence, AMOUNTS[sequence - 1]!),
    namespace: NAMESPACE,
    ledgerProof: inclusionProof(sequence - 1, count, tree.read),
    head,
    ...anchorLeaf(leafOf(headFingerprint(head))),
  };
}

/** The evidence for the checkpoint over all seven deltas, which it lists; `cheat` changes it before it is hashed. */
export function checkpointReceipt(
  cheat: (checkpoint: Checkpoint) => Checkpoint = (honest) => honest,
): CheckpointReceipt {
  const deltas = deltasOf(AMOUNTS);
  const opening = { ledger: LEDGER, from: BigInt(FROM), to: BigInt(TO), firstSequence: 1n, openingBalance: 0n };
  const made = checkpointOf({ ...opening, from: FROM, to: TO, firstSequence: 1 }, deltas);
  const checkpoint = cheat({ ...made, ...opening, count: BigInt(deltas.length) });
  const receiptId = checkpointFingerprint(checkpoint);
  return { kind: "checkpoint", receiptId, checkpoint, deltas, ...anchorLeaf(leafOf(receiptId)) };
}

/** A receipt's file as a JSON value of its own, free to be tampered with. */
export function fileOf(receipt: DeltaReceipt | CheckpointReceipt): Record<string, unknown> {
  return JSON.parse(JSON.stringify(encodeReceipt(receipt)));
}

/** Changes one member of a file, named by its path such as `head.count` or `ledgerProof.0`; undefined removes it. */
export function tampered(file: Record<string, unknown>, path: string, value: unknown): Record<string, unknown> {
  const copy = structuredClone(file);
  const names = path.split(".");
  const last = names.pop()!;
  const parent = names.reduce((member, name) => member[name] as Record<string, unknown>, copy);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}
