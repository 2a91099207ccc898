import { checksumAddress } from "../../core/address.ts";
import { concatBytes, sameBytes, toHex, utf8 } from "../../core/bytes.ts";
import { keccak } from "../../core/keccak.ts";
import { MAX_ENDPOINTS, type Policy, pinFailure } from "../../core/policy.ts";
import type { AnchorReference } from "../../core/receipt.ts";
import type { StepFailure } from "../../core/step-failures.ts";
import { type Step, stepOf } from "../../core/verify-receipt.ts";
import { TallyrootConnectionError } from "../errors.ts";
import { CallFailedError, openReader, type Reader, unusable } from "./endpoint.ts";

/** Step 6 over the anchors that a file names. @throws TallyrootConnectionError naming each endpoint that did not answer */
export type Witness = (anchors: readonly AnchorReference[]) => Promise<Step>;

type Failure = { failure: StepFailure; detail: string };
type Finding = Failure | { passed: string };

const WORD = 32;
const selectorOf = (signature: string) => keccak(utf8(signature)).slice(0, 4);
const [ROOT, MARKED] = [selectorOf("root(bytes32,uint64)"), selectorOf("marked(bytes32)")];
const MARKED_SINCE = selectorOf("markedSince(bytes32)");
const ANCHORED = keccak(utf8("Anchored(bytes32,uint64,bytes32,uint64)"));

/** A number as one big-endian word. */
function wordOf(value: bigint): Uint8Array {
  const word = new Uint8Array(WORD);
  new DataView(word.buffer).setBigUint64(WORD - 8, value);
  return word;
}

const numberIn = (words: Uint8Array, index = 0) => BigInt(toHex(words.subarray(index * WORD, (index + 1) * WORD)));

/**
 * Step 6 of verifying: the contract holds that root at that index of that log, in the block that the file names, and the log is not
 * marked. Every endpoint is asked on its own, and all must come to the same result; one alone is believed.
 *
 * @param rpc URLs of endpoints; without any, only the policy's pins are compared.
 * @throws RangeError for more endpoints than anybody asks.
 * @see FORMAT.md, section "Verification"
 */
export function openWitness(policy: Policy, rpc: readonly string[], post: typeof fetch): Witness {
  const urls = [...new Map(rpc.map((url) => [new URL(url).href, new URL(url)])).values()];
  if (urls.length > MAX_ENDPOINTS) throw new RangeError(`more than ${MAX_ENDPOINTS} endpoints`);
  return async (anchors) => {
    for (const anchor of anchors) {
      const unexpected = pinFailure(policy, anchor);
      if (unexpected) return stepOf(6, unexpected);
    }
    if (urls.length === 0) return stepOf(6, { skipped: "no RPC endpoint was given: the contract was not asked" });
    const readers = urls.map((url, i) => openReader(url, post, urls.length > 1 ? i + 1 : undefined));
    const passed: string[] = [];
    for (const anchor of anchors) {
      const found = agreed(readers, await allFindings(readers, policy, anchor));
      if ("failure" in found) return stepOf(6, found);
      passed.push(found.passed);
    }
    const many = urls.length > 1 ? `; ${urls.length} endpoints say the same` : "";
    return stepOf(6, { passed: `${passed.join("; ")}${many}` });
  };
}

/** A witness that was called and is silent is not left out. */
async function allFindings(readers: readonly Reader[], policy: Policy, anchor: AnchorReference): Promise<Finding[]> {
  const settled = await Promise.allSettled(readers.map((reader) => findingOf(reader, policy, anchor)));
  const silent: TallyrootConnectionError[] = [];
  for (const outcome of settled) {
    if (outcome.status === "fulfilled") continue;
    if (!(outcome.reason instanceof TallyrootConnectionError)) throw outcome.reason;
    silent.push(outcome.reason);
  }
  if (silent.length > 0)
    throw new TallyrootConnectionError(silent.map(({ message }) => message).join("; "), { cause: silent[0] });
  return settled.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
}

function agreed(readers: readonly Reader[], findings: readonly Finding[]): Finding {
  const verdicts = findings.map((finding) => ("failure" in finding ? finding.failure : "that it is so"));
  if (new Set(verdicts).size === 1) return findings[0]!;
  const detail = verdicts.map((verdict, i) => `${readers[i]!.name} says ${verdict}`).join(", ");
  return { failure: "ENDPOINTS_DISAGREE", detail };
}

/** What one endpoint says about one anchor: the first check that fails names it. */
async function findingOf(reader: Reader, policy: Policy, anchor: AnchorReference): Promise<Finding> {
  return (
    (await placeFailure(reader, policy, anchor)) ??
    (await logFailure(reader, anchor)) ??
    (await blockFinding(reader, anchor, policy.confirmations))
  );
}

async function placeFailure(
  reader: Reader,
  { codeHash }: Policy,
  anchor: AnchorReference,
): Promise<Failure | undefined> {
  const chainId = await reader.chainId();
  if (chainId !== anchor.chainId)
    return {
      failure: "CHAIN_MISMATCH",
      detail: `the endpoint is of chain ${chainId}, the anchor of chain ${anchor.chainId}`,
    };
  const address = checksumAddress(anchor.contract);
  const code = await reader.code(address);
  if (code.length === 0) return { failure: "CODE_MISMATCH", detail: `there is no contract at ${address}` };
  if (!sameBytes(keccak(code), codeHash))
    return { failure: "CODE_MISMATCH", detail: `the contract at ${address} has other code than expected` };
  return undefined;
}

async function logFailure(
  reader: Reader,
  { contract, log, index, root }: AnchorReference,
): Promise<Failure | undefined> {
  const held = await callContract(reader, contract, concatBytes(ROOT, log, wordOf(index)), 1);
  if (numberIn(held) === 0n) return { failure: "LOG_UNKNOWN", detail: `the log has nothing at index ${index}` };
  if (!sameBytes(held, root))
    return { failure: "ROOT_MISMATCH", detail: `the contract holds ${toHex(held)} at index ${index}` };
  const marked = numberIn(await callContract(reader, contract, concatBytes(MARKED, log), 1));
  if (marked > 1n)
    return { failure: "CODE_MISMATCH", detail: `the contract at ${checksumAddress(contract)} is no AnchorLog` };
  if (marked === 0n) return undefined;
  const since = await callContract(reader, contract, concatBytes(MARKED_SINCE, log), 2);
  const when = `marked since block ${numberIn(since)}, ${timeText(numberIn(since, 1))}`;
  return { failure: "LOG_MARKED", detail: `the log's publisher was proven to have contradicted itself: ${when}` };
}

/** The words that a call returns. The code was pinned and found, and its getters never fail: if one does, it is the endpoint that is wrong. */
async function callContract(
  reader: Reader,
  contract: Uint8Array,
  data: Uint8Array,
  words: number,
): Promise<Uint8Array> {
  try {
    const answer = await reader.call(checksumAddress(contract), toHex(data));
    if (answer.length === WORD * words) return answer;
  } catch (error) {
    if (!(error instanceof CallFailedError)) throw error;
  }
  throw unusable(reader.name, "eth_call", "not what this contract's code returns");
}

/**
 * Whether block and transaction are those that the file names: without this a receipt could be backdated. The block is looked up by its
 * number, since a block that was reorganised away is still known by its hash.
 */
async function blockFinding(reader: Reader, anchor: AnchorReference, confirmations: number): Promise<Finding> {
  const refused = (detail: string): Finding => ({ failure: "NOT_CONFIRMED", detail });
  const { blockNumber, blockHash } = anchor;
  const transaction = await reader.transaction(anchor.transactionHash);
  if (!transaction) return refused(`transaction ${toHex(anchor.transactionHash)} is in no block`);
  if (transaction.blockNumber !== blockNumber || !sameBytes(transaction.blockHash, blockHash))
    return refused(
      `the anchor's transaction is in block ${transaction.blockNumber}, not in the one that the file names`,
    );
  const topics = [ANCHORED, anchor.log, wordOf(anchor.index), anchor.root];
  const anchored = transaction.events.some(
    (event) =>
      sameBytes(event.address, anchor.contract) &&
      event.topics.length === topics.length &&
      event.topics.every((topic, i) => sameBytes(topic, topics[i]!)) &&
      sameBytes(event.data, wordOf(anchor.size)),
  );
  if (!anchored) return refused(`the transaction that the file names anchored something else`);
  const block = await reader.blockAt(blockNumber);
  if (!block || !sameBytes(block.hash, blockHash))
    return refused(`block ${blockNumber} of the chain is another than the file names: it was reorganised away`);
  if (block.timestamp !== anchor.blockTime)
    return refused(`block ${blockNumber} is not of the time that the file names`);
  const depth = (await reader.blockNumber()) - blockNumber + 1n;
  if (depth < BigInt(confirmations))
    return refused(`block ${blockNumber} has fewer than ${confirmations} confirmations`);
  return {
    passed: `the contract holds the root at index ${anchor.index} and has the expected code, the log is not marked, block ${blockNumber} of ${timeText(anchor.blockTime)} is in the chain (confirmations: ${depth})`,
  };
}

/** Seconds since 1970 as a time to read; as the number where no calendar reaches. */
function timeText(seconds: bigint): string {
  const time = new Date(Number(seconds) * 1000);
  return Number.isNaN(time.getTime()) ? `${seconds} s` : time.toISOString();
}
