import type { Hex } from "viem";
import { ledgerAddress, namespaceOf } from "#src/core/address.ts";
import { formatAmount } from "#src/core/amount.ts";
import { toHex, utf8 } from "#src/core/bytes.ts";
import { checkpointOf } from "#src/core/checkpoint.ts";
import { type Consistency, type ConsistencySide, consistencyText, type SideStatement } from "#src/core/consistency.ts";
import { type Content, commitmentOf } from "#src/core/content.ts";
import {
  checkpointFingerprint,
  type Delta,
  deltaFingerprint,
  type Head,
  headFingerprint,
  leafOf,
} from "#src/core/fingerprint.ts";
import { keccak } from "#src/core/keccak.ts";
import type { Policy } from "#src/core/policy.ts";
import { type AnchorReference, type CheckpointReceipt, type DeltaReceipt, receiptText } from "#src/core/receipt.ts";
import { consistencyProof, inclusionProof } from "#src/core/tree.ts";
import { growTree } from "#test/core/grown-tree.ts";
import { freshLog, type Ground, type Log, PUBLISHER } from "#test/ledger/anchoring-ground.ts";

const NAMESPACE = namespaceOf(new Uint8Array(32).fill(0x5a));
const CUSTOMER = "Überfüllt & 漢 😀";
const LEDGER = ledgerAddress(NAMESPACE, CUSTOMER);
const START = 1_767_225_600_000;
const SECOND = 1000;

/** What a content may hold: each kind of member, text and number. */
const CONTENTS: readonly Partial<Content>[] = [
  {},
  { referenceId: 'inv "1"\\\u0000\u001f\u007f' },
  { metadata: { calls: 17, ratio: 0.1, big: 1e21, small: 5e-324, plan: "growth", none: null, yes: true } },
  { adjusts: { referenceId: "inv_1" }, metadata: { "\ufb33": [1, [2, { "€": "\u2028" }]], "😀": {}, "\r": [] } },
  { adjusts: { recordId: "rec_2" }, reason: "" },
];
const AMOUNTS = [500n, -42n, -1n, 7n, 13n, -100n, 60n, 1n, -7n, 250n, -3n].map((whole) => whole * 10n ** 17n);
/** Deltas up to the first anchor, and up to the second. */
const FIRST = 5;
const SECOND_COUNT = AMOUNTS.length;

function contentOf(i: number): Content {
  const delta = formatAmount(AMOUNTS[i]!);
  const salt = toHex(keccak(utf8(`salt ${i}`)));
  return { customerId: CUSTOMER, delta, reason: "usage_charge", ...CONTENTS[i % CONTENTS.length], salt };
}

function deltas(): Delta[] {
  let balance = 0n;
  return AMOUNTS.map((amount, i) => {
    balance += amount;
    const recordedAt = BigInt(START + i * SECOND);
    return {
      ledger: LEDGER,
      sequence: BigInt(i + 1),
      amount,
      balance,
      recordedAt,
      commitment: commitmentOf(contentOf(i)),
    };
  });
}

export type Original = { name: string; text: string };
/** Honest evidence of every form, anchored on a real chain, and the policy of somebody who knows that chain. */
export type Evidence = { originals: Original[]; policy: Policy; log: Log };

/** Anchors a ledger twice, and writes every file that somebody could hold of it. */
export async function anchorEvidence(ground: Ground): Promise<Evidence> {
  const all = deltas();
  const tree = growTree(all.map((delta) => leafOf(deltaFingerprint(delta))));
  const headAt = (count: number): Head => ({
    ledger: LEDGER,
    count: BigInt(count),
    balance: all[count - 1]!.balance,
    root: tree.roots[count - 1]!,
  });
  const windowOf = (from: number, to: number): Omit<CheckpointReceipt, "anchorProof" | "anchor"> => {
    const listed = all.slice(from, to);
    const times = { from: BigInt(START + from * SECOND), to: BigInt(START + to * SECOND) };
    const opening = { firstSequence: from + 1, openingBalance: all[from - 1]?.balance ?? 0n };
    const made = checkpointOf({ ledger: LEDGER, ...opening, from: Number(times.from), to: Number(times.to) }, listed);
    const exact = { firstSequence: BigInt(opening.firstSequence), count: BigInt(listed.length) };
    const checkpoint = { ...made, ...times, ...exact };
    return { kind: "checkpoint", receiptId: checkpointFingerprint(checkpoint), checkpoint, deltas: listed };
  };
  const windows = [windowOf(0, FIRST), windowOf(FIRST, SECOND_COUNT), windowOf(SECOND_COUNT, SECOND_COUNT)] as const;

  const log = await freshLog(ground);
  const append = async (index: bigint, leaves: readonly Uint8Array[]) => {
    const others = [1, 2].map((i) => keccak(utf8(`other ${index} ${i}`)));
    const anchored = growTree([others[0]!, ...leaves, others[1]!]);
    const root = anchored.roots.at(-1)!;
    const size = BigInt(anchored.leaves.length);
    const call = [toHex(log.place.log), index, toHex(root), size] as const;
    const hash = await log.contract.write.append(call, { account: PUBLISHER, chain: null });
    const { blockHash, blockNumber } = await ground.client.waitForTransactionReceipt({ hash });
    const { timestamp } = await ground.client.getBlock({ blockHash });
    const bytes = (hex: Hex) => new Uint8Array(Buffer.from(hex.slice(2), "hex"));
    const anchor: AnchorReference = {
      chainId: BigInt(log.place.chainId),
      contract: log.place.contract,
      log: log.place.log,
      index,
      root,
      size,
      transactionHash: bytes(hash),
      blockNumber,
      blockHash: bytes(blockHash),
      blockTime: timestamp,
    };
    return leaves.map((_, i) => ({
      anchorProof: inclusionProof(i + 1, anchored.leaves.length, anchored.read),
      anchor,
    }));
  };
  const heads = [headAt(FIRST), headAt(SECOND_COUNT)] as const;
  const leafOfHead = (head: Head) => leafOf(headFingerprint(head));
  const [headOne, windowOne] = await append(1n, [leafOfHead(heads[0]), leafOf(windows[0].receiptId)]);
  const statements = [leafOf(windows[1].receiptId), leafOf(windows[2].receiptId)];
  const [headTwo, windowTwo, empty] = await append(2n, [leafOfHead(heads[1]), ...statements]);
  const held = { heads: [headOne!, headTwo!], windows: [windowOne!, windowTwo!, empty!] } as const;

  const deltaReceipt = (sequence: number): DeltaReceipt => {
    const anchor = sequence <= FIRST ? 0 : 1;
    const delta = all[sequence - 1]!;
    return {
      kind: "delta",
      receiptId: deltaFingerprint(delta),
      delta,
      content: contentOf(sequence - 1),
      namespace: NAMESPACE,
      ledgerProof: inclusionProof(sequence - 1, Number(heads[anchor]!.count), tree.read),
      head: heads[anchor]!,
      ...held.heads[anchor]!,
    };
  };
  const originals: Original[] = [];
  for (const sequence of [1, 3, 4, FIRST, 7, 9, SECOND_COUNT]) {
    const { content: _, namespace: __, ...blind } = deltaReceipt(sequence);
    originals.push({ name: `open delta ${sequence}`, text: receiptText(deltaReceipt(sequence)) });
    originals.push({ name: `blind delta ${sequence}`, text: receiptText(blind) });
  }
  for (const [i, window] of windows.entries()) {
    const listed = { ...window, ...held.windows[i]! };
    const { deltas: _, ...plain } = listed;
    originals.push({ name: `listed checkpoint ${i + 1}`, text: receiptText(listed) });
    originals.push({ name: `checkpoint ${i + 1}`, text: receiptText(plain) });
  }

  const edgeOf = (last: number, firstOfWindow: number, count: number) => ({
    delta: all[last - 1]!,
    windowProof: inclusionProof(
      last - firstOfWindow,
      last - firstOfWindow + 1,
      growTree(tree.leaves.slice(firstOfWindow - 1, last)).read,
    ),
    ledgerProof: inclusionProof(last - 1, count, tree.read),
  });
  const statementOf = (i: 0 | 1 | 2): SideStatement => ({
    checkpoint: windows[i].checkpoint,
    ...held.windows[i]!,
    ...(i === 0 && { edge: edgeOf(FIRST, 1, FIRST) }),
    ...(i === 1 && { edge: edgeOf(SECOND_COUNT, FIRST + 1, SECOND_COUNT) }),
  });
  const side = (i: 0 | 1, statement?: 0 | 1 | 2): ConsistencySide => ({
    head: heads[i]!,
    ...held.heads[i]!,
    ...(statement !== undefined && { statement: statementOf(statement) }),
  });
  const earlierSides = [side(0), side(0, 0)];
  const laterSides = [side(1), side(1, 1), side(1, 2)];
  const consistencies: [Consistency["earlier"], Consistency["later"]][] = [
    ...earlierSides.flatMap((earlier) =>
      laterSides.map((later): [ConsistencySide, ConsistencySide] => [earlier, later]),
    ),
    ...earlierSides.flatMap((earlier) =>
      earlierSides.map((later): [ConsistencySide, ConsistencySide] => [earlier, later]),
    ),
    ...laterSides.flatMap((earlier) => laterSides.map((later): [ConsistencySide, ConsistencySide] => [earlier, later])),
  ];
  for (const [earlier, later] of consistencies) {
    const [first, second] = [Number(earlier.head.count), Number(later.head.count)];
    const proof = first === second ? [] : consistencyProof(first, second, tree.read);
    const text = consistencyText({ ledger: LEDGER, earlier, later, proof });
    originals.push({ name: `consistency ${originals.length}`, text });
  }

  const { chainId, contract, codeHash, log: id } = log.place;
  const pins = { chainId: BigInt(chainId), contract, codeHash, log: id, namespace: NAMESPACE };
  return { originals, policy: { ...pins, confirmations: 1, rpc: [ground.chain.rpcUrl] }, log };
}
