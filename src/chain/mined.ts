import { sameBytes, toHex } from "../core/bytes.ts";
import type { Mined } from "../ledger/ports/anchoring.ts";
import { unusable } from "../witness/endpoint.ts";
import { type Finality, finalHeight } from "../witness/finality.ts";
import type { EndpointSet, Said } from "./endpoint-set.ts";
import { disagreement, enoughOf, groupsOf } from "./majority.ts";
import type { Questions } from "./questions.ts";

/** What one endpoint says about a transaction, and up to which height it calls blocks final: -1n for none. */
type View = {
  place: Omit<Mined, "final"> | undefined;
  /** The root that the contract has for that transaction, where it has to be compared. */
  root: Uint8Array | undefined;
  finalHeight: bigint;
};

/** What there is to know beside the transaction. */
export type AskedOf = {
  finality: Finality;
  /** The contract's root for what a transaction anchored; asked where there are several endpoints to compare. */
  rootOf: (questions: Questions, hash: Uint8Array) => Promise<Uint8Array | undefined>;
  onHead: (block: bigint) => void;
};

/** `dispute`: what endpoints contradict one another about, where that is what a transaction waits for. */
export type Whereabouts = { mined: Mined | undefined; dispute: string | undefined };

/**
 * Where a transaction is, as enough endpoints see it.
 *
 * It is final when enough of them have it in the same block, with the same outcome and the same root in the contract, and call that block
 * final; and when nobody contradicts them: none has it elsewhere, and none that has come as far by its own word is without it.
 *
 * @throws ChainWaitError ENDPOINTS_DISAGREE where not enough of them have it in one block; ENDPOINTS_AWAY
 */
export async function whereIs(endpoints: EndpointSet, hash: Uint8Array, asked: AskedOf): Promise<Whereabouts> {
  const comparing = endpoints.size > 1;
  const said = await endpoints.all((questions) => viewOf(questions, hash, asked, comparing));
  const groups = groupsOf(
    said.filter(({ value }) => value.place),
    wordsOf,
  );
  const [largest, ...others] = groups;
  if (!largest) return { mined: undefined, dispute: undefined };
  const enough = enoughOf(said.length, endpoints.quorum);
  const about = `transaction ${toHex(hash)}`;
  if (others.length > 0 && largest.length < enough) throw disagreement(about, said, wordsOf);
  const place = largest[0]!.value.place!;
  const comeSoFar = ({ value }: Said<View>) => value.finalHeight >= BigInt(place.blockNumber);
  const contrary = said.filter((one) => !largest.includes(one) && (one.value.place || comeSoFar(one)));
  const final = contrary.length === 0 && largest.filter(comeSoFar).length >= enough;
  return {
    mined: { ...place, final },
    dispute: contrary.length > 0 ? disagreement(about, [...largest, ...contrary], wordsOf).message : undefined,
  };
}

async function viewOf(
  questions: Questions,
  hash: Uint8Array,
  { finality, rootOf, onHead }: AskedOf,
  comparing: boolean,
): Promise<View> {
  // Asked before the receipt: a block that is made in between must not make an honest endpoint contradict the others.
  const latest = await questions.blockNumber();
  onHead(latest);
  const height = (await finalHeight(questions, finality, latest)) ?? -1n;
  const receipt = await questions.receipt(hash);
  if (!receipt) return { place: undefined, root: undefined, finalHeight: height };
  const { blockNumber, blockHash, gasUsed, succeeded } = receipt;
  const block = await questions.blockAt(blockNumber);
  // A block that was replaced, a node that is behind another, or an answer that is made up: none of them is where an anchor is.
  if (!block || !sameBytes(block.hash, blockHash))
    throw unusable(
      questions.name,
      "eth_getTransactionReceipt",
      `in block ${toHex(blockHash)}, which is not in its chain`,
    );
  return {
    place: { blockNumber: Number(blockNumber), blockHash, blockTime: Number(block.timestamp), gasUsed, succeeded },
    root: succeeded && comparing ? await rootOf(questions, hash) : undefined,
    finalHeight: height,
  };
}

/** What is compared, and what the operator reads where it differs. */
function wordsOf({ place, root }: View): string {
  if (!place) return "that it is in no block";
  const { blockNumber, blockHash, blockTime, succeeded } = place;
  const outcome = succeeded ? `anchored ${root ? toHex(root) : "something"}` : "failed";
  return `that it ${outcome} in block ${blockNumber} (${toHex(blockHash)}, ${blockTime})`;
}
