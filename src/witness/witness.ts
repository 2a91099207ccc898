import { checksumAddress } from "../core/address.ts";
import { sameBytes, toHex } from "../core/bytes.ts";
import { keccak } from "../core/keccak.ts";
import { type Pins, pinFailure } from "../core/policy.ts";
import type { AnchorReference } from "../core/receipt.ts";
import { type Step, stepOf } from "../core/verify-receipt.ts";
import { agreement, type Failure, type Finding, openEndpoints, rememberingPlace } from "./agreement.ts";
import { CallFailedError, type EndpointSettings, unusable } from "./endpoint.ts";
import { type Finality, finalHeight } from "./finality.ts";
import { anchoredEvent, markedCall, markedSinceCall, numberIn, rootCall } from "./log-calls.ts";
import { type Reader, readerOf } from "./reader.ts";

/**
 * What a verifier knows by another way than the file, member by member. A receipt names its own chain, contract and log: what is
 * not pinned is the file's own word, and a twin contract or a log of somebody else's would do. The outcome says what was not pinned.
 */
export type WitnessPins = Pins & {
  /** keccak-256 of the contract's runtime code. */
  codeHash?: Uint8Array | undefined;
};

export type WitnessSettings = Pick<EndpointSettings, "fetch"> & {
  /** JSON-RPC URLs of the chain, at most eight; without any, only the pins are checked. */
  endpoints: readonly string[];
  pins?: WitnessPins | undefined;
  /** How final the anchor's block must be: the blocks that it and its successors must be, or the chain's own word for it. */
  confirmations: Finality;
  /** How many endpoints have to answer, where not all of them do: all must agree in any case. */
  enough?: number | undefined;
};

/** The step over one anchor, or over all the anchors that a file names. Each throws ChainUnavailableError. */
export type ChainWitness = {
  check(anchor: AnchorReference): Promise<Step>;
  checkAll(anchors: readonly AnchorReference[]): Promise<Step>;
};

/**
 * Step 6 of verifying a receipt, over any JSON-RPC endpoints of the chain: the contract holds that root at that index of that log,
 * in the block that the receipt names, and the log is not marked.
 *
 * Every endpoint is asked everything on its own, and all must come to the same result. One endpoint alone is believed: it can lie
 * about all of this. A lie beside an honest endpoint is named ENDPOINTS_DISAGREE. One that does not answer, or answers nonsense, is
 * no witness at all: then nothing is judged.
 *
 * @throws ChainUnavailableError from `check`, naming each endpoint that did not answer.
 * @see FORMAT.md, section "Verification"
 */
export function openWitness({ endpoints, pins = {}, confirmations, enough, fetch }: WitnessSettings): ChainWitness {
  const opened = openEndpoints(endpoints, { fetch });

  async function checkAll(anchors: readonly AnchorReference[]): Promise<Step> {
    for (const anchor of anchors) {
      const unexpected = pinFailure(pins, anchor);
      if (unexpected) return stepOf(6, unexpected);
    }
    if (opened.length === 0) return stepOf(6, { skipped: "no RPC endpoint was given: the contract was not asked" });
    // What the endpoints said about chain and code holds for this one verification, and is asked again for the next.
    const witnesses = opened.map(readerOf).map(rememberingPlace);
    const passed: string[] = [];
    for (const anchor of anchors) {
      const found = await agreement(witnesses, (witness) => ask(witness, pins, confirmations, anchor), enough);
      if ("failure" in found) return stepOf(6, found);
      passed.push(found.passed);
    }
    return stepOf(6, { passed: `${passed.join("; ")}${agreed(opened.length)}${notPinned(pins)}` });
  }

  return { check: (anchor) => checkAll([anchor]), checkAll };
}

function agreed(endpoints: number): string {
  return endpoints > 1 ? `; ${endpoints} endpoints say the same` : "";
}

function notPinned(pins: WitnessPins): string {
  const names = { chainId: "chain", contract: "contract", log: "log", codeHash: "code" } as const;
  const open = Object.entries(names).filter(([pin]) => pins[pin as keyof WitnessPins] === undefined);
  return open.length === 0 ? "" : `; not pinned, so the file's own word: ${open.map(([, name]) => name).join(", ")}`;
}

/** What one endpoint says about one anchor: the first check that fails names it. */
async function ask(
  witness: Reader,
  pins: WitnessPins,
  confirmations: Finality,
  anchor: AnchorReference,
): Promise<Finding> {
  const failure = (await placeFailure(witness, pins, anchor)) ?? (await logFailure(witness, pins, anchor));
  if (failure) return failure;
  const block = await blockFinding(witness, anchor, confirmations);
  if ("failure" in block) return block;
  const code = pins.codeHash ? " and has the expected code" : "";
  return {
    passed: `the contract holds the root at index ${anchor.index}${code}, the log is not marked, ${block.passed}`,
  };
}

/** Whether an endpoint is of the chain, and has the expected code at the contract's address. */
export async function placeFailure(
  witness: Reader,
  { codeHash }: Pick<WitnessPins, "codeHash">,
  { chainId, contract }: Pick<AnchorReference, "chainId" | "contract">,
): Promise<Failure | undefined> {
  const answered = await witness.chainId();
  if (answered !== chainId)
    return {
      failure: "CHAIN_MISMATCH",
      detail: `the endpoint is of chain ${answered}, the anchor of chain ${chainId}`,
    };
  const address = checksumAddress(contract);
  const code = await witness.code(address);
  if (code.length === 0) return { failure: "CODE_MISMATCH", detail: `there is no contract at ${address}` };
  if (codeHash && !sameBytes(keccak(code), codeHash))
    return { failure: "CODE_MISMATCH", detail: `the contract at ${address} has other code than expected` };
  return undefined;
}

async function logFailure(witness: Reader, pins: WitnessPins, anchor: AnchorReference): Promise<Failure | undefined> {
  const noAnchorLog: Failure = {
    failure: "CODE_MISMATCH",
    detail: `the contract at ${checksumAddress(anchor.contract)} is no AnchorLog`,
  };
  const root = await callContract(witness, pins, anchor, rootCall(anchor.log, anchor.index), 1);
  if (!root) return noAnchorLog;
  if (numberIn(root) === 0n) return { failure: "LOG_UNKNOWN", detail: `the log has nothing at index ${anchor.index}` };
  if (!sameBytes(root, anchor.root))
    return { failure: "ROOT_MISMATCH", detail: `the contract holds ${toHex(root)} at index ${anchor.index}` };
  const marked = await callContract(witness, pins, anchor, markedCall(anchor.log), 1);
  if (!marked || numberIn(marked) > 1n) return noAnchorLog;
  if (numberIn(marked) === 0n) return undefined;
  const since = await callContract(witness, pins, anchor, markedSinceCall(anchor.log), 2);
  if (!since) return noAnchorLog;
  return {
    failure: "LOG_MARKED",
    detail: `the log's publisher was proven to have contradicted itself: marked since block ${numberIn(since)}, ${timeText(numberIn(since, 1))}`,
  };
}

/**
 * The words that a call of the contract returns; undefined when its code is not that of AnchorLog. Whether it is the code or the
 * endpoint that is wrong can be told where the code was pinned and found: AnchorLog's getters never fail.
 */
async function callContract(
  witness: Reader,
  pins: WitnessPins,
  anchor: AnchorReference,
  data: string,
  words: number,
): Promise<Uint8Array | undefined> {
  try {
    const answer = await witness.call(checksumAddress(anchor.contract), data);
    if (answer.length === 32 * words) return answer;
  } catch (error) {
    if (!(error instanceof CallFailedError)) throw error;
  }
  if (pins.codeHash) throw unusable(witness.name, "eth_call", "not what this contract's code returns");
  return undefined;
}

/**
 * Whether block and transaction are those that the file names. Without this a receipt could name an earlier block than the one
 * in which its root was anchored, and so be backdated. The block is looked up by its number: a block that was reorganised away is
 * still known by its hash.
 */
async function blockFinding(witness: Reader, anchor: AnchorReference, confirmations: Finality): Promise<Finding> {
  const refused = (detail: string): Finding => ({ failure: "NOT_CONFIRMED", detail });
  const transaction = await witness.transaction(toHex(anchor.transactionHash));
  if (!transaction) return refused(`transaction ${toHex(anchor.transactionHash)} is in no block`);
  if (transaction.blockNumber !== anchor.blockNumber || !sameBytes(transaction.blockHash, anchor.blockHash))
    return refused(
      `the anchor's transaction is in block ${transaction.blockNumber} (${toHex(transaction.blockHash)}), not in the one that the file names`,
    );
  const expected = anchoredEvent(anchor);
  const anchored = transaction.events.some(
    ({ address, topics, data }) =>
      sameBytes(address, anchor.contract) &&
      topics.length === expected.topics.length &&
      topics.every((topic, i) => sameBytes(topic, expected.topics[i]!)) &&
      sameBytes(data, expected.data),
  );
  if (!anchored)
    return refused(
      `the transaction that the file names anchored something else, or another number of leaves than ${anchor.size}`,
    );
  const block = await witness.blockAt(anchor.blockNumber);
  if (!block || !sameBytes(block.hash, anchor.blockHash))
    return refused(`block ${anchor.blockNumber} of the chain is another than the file names: it was reorganised away`);
  if (block.timestamp !== anchor.blockTime)
    return refused(`block ${anchor.blockNumber} is not of the time that the file names`);
  const final = await finalHeight(witness, confirmations);
  if (final === undefined || final < anchor.blockNumber)
    return refused(
      typeof confirmations === "number"
        ? `block ${anchor.blockNumber} has fewer than ${confirmations} confirmations`
        : `block ${anchor.blockNumber} is not ${confirmations} yet`,
    );
  const depth =
    typeof confirmations === "number"
      ? `confirmations: ${final - anchor.blockNumber + BigInt(confirmations)}`
      : confirmations;
  return { passed: `block ${anchor.blockNumber} of ${timeText(anchor.blockTime)} is in the chain (${depth})` };
}

/** Seconds since 1970 as a time to read; as the number where no calendar reaches. */
function timeText(seconds: bigint): string {
  const time = new Date(Number(seconds) * 1000);
  return Number.isNaN(time.getTime()) ? `${seconds} s` : time.toISOString();
}
