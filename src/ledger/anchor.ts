import { setTimeout as sleep } from "node:timers/promises";
import { checksumAddress } from "../core/address.ts";
import { sameBytes, toHex } from "../core/bytes.ts";
import { ChainUnavailableError, invariant } from "../core/errors.ts";
import { collect } from "./collect.ts";
import type { Contents } from "./contents.ts";
import type { Doubts } from "./doubts.ts";
import type { AnchorChain, AnchorStore, AnchorTransaction, Mined } from "./ports/anchoring.ts";
import type { Anchor } from "./ports/ledgers.ts";

/** Milliseconds until the first second look at a transaction that is on its way; each next wait is twice as long, up to the longest. */
const POLL_MS = 100;
const LONGEST_POLL_MS = 4_000;
/** Looks of one round: a transaction that takes longer is followed by the next, which begins by making sure of the log again. */
const MOST_LOOKS = 8;
/** Looks in a row that find our root on the chain, but no transaction of ours that put it there, before that is more than bad timing. */
const MOST_UNSEEN = 3;
/** Transactions of one anchor that the contract has refused since the job began, after which a further one would be refused as well. */
const MOST_REFUSED = 5;

/** Why anchoring halts. */
export type HaltCode =
  /** Another root is at our index. */
  | "OTHER_ROOT"
  /** Our root is at our index, and no transaction of ours put it there. */
  | "UNKNOWN_TRANSACTION"
  /** The contract refuses one append after the other. */
  | "APPEND_REFUSED"
  /** The log has another publisher now. */
  | "PUBLISHER_CHANGED"
  /** There is no such log any more, or no AnchorLog at all. */
  | "LOG_GONE";

/** The log on the chain contradicts the record: going on would make it worse, so anchoring stops until somebody looks. */
export class AnchoringHaltedError extends Error {
  override readonly name = "AnchoringHaltedError";
  readonly code: HaltCode;

  constructor(code: HaltCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type AnchorParts = {
  store: AnchorStore;
  chain: AnchorChain;
  contents: Contents;
  /** Kept from round to round. */
  doubts: Doubts;
  /** Milliseconds after which a transaction that no block has taken is replaced by one that pays more. */
  replaceAfterMs: number;
  /** Unix milliseconds. */
  clock: () => number;
  /** Aborts between two steps; what was begun is resumed by the next round, in this process or another. */
  signal: AbortSignal;
  /** Deltas of one ledger that one head takes in at most; see `rederiveHead`. */
  mostPerHead?: number | undefined;
};

/** What one round did: the anchors that became final. */
export type AnchorRound = { confirmed: Anchor[] };

/**
 * One round of the checkpoint job: puts back what a reorganisation took, brings what is on its way to its end, then anchors what
 * is new. Every step is stored before it is acted on, so a round that is cut off anywhere is taken up by the next.
 *
 * @throws AnchoringHaltedError, RecordDamagedError when anchoring must stop; ChainUnavailableError when it must wait.
 */
export async function anchorRound(parts: AnchorParts): Promise<AnchorRound> {
  const confirmed: Anchor[] = [];
  await takeBackReorganised(parts);
  await expectOurLog(parts);
  if (!(await parts.store.firstOpen())) parts.doubts.settle();
  for (let open = await parts.store.firstOpen(); open; open = await parts.store.firstOpen()) {
    const ended = await bringToEnd(parts, open);
    if (!ended) return { confirmed };
    confirmed.push(ended);
  }
  // One new anchor a round: what arrives meanwhile waits for the next, so that the interval bounds what is paid for.
  const made = await collect(parts);
  const ended = made && (await bringToEnd(parts, made));
  if (ended) confirmed.push(ended);
  return { confirmed };
}

/**
 * Marks anchors as on their way again whose block is no longer in the chain.
 *
 * That a node knows of no receipt is no sign of it: nodes drop their index of old transactions, and answer for newer ones too early.
 * It takes another block at that height, and a transaction that is not in the block where it was.
 */
async function takeBackReorganised({ store, chain }: AnchorParts): Promise<void> {
  const latest = (await store.latest())?.anchor.index ?? 0;
  for (let index = latest; index >= 1; index--) {
    const anchor = await store.anchor(index);
    invariant(anchor !== undefined, "anchors have no holes");
    if (anchor.state !== "confirmed") continue;
    const { transactionHash, blockNumber, blockHash } = anchor;
    invariant(
      transactionHash !== null && blockNumber !== null && blockHash !== null,
      "a confirmed anchor has its block",
    );
    const there = await chain.blockHash(blockNumber);
    if (!there)
      throw new ChainUnavailableError(
        `the chain ends before block ${blockNumber}, which has anchor ${index}: the endpoint is behind, or blocks are being replaced`,
      );
    if (sameBytes(there, blockHash)) return;
    await expectOurChain(chain);
    const mined = await chain.mined(transactionHash);
    if (mined && sameBytes(mined.blockHash, blockHash))
      throw new ChainUnavailableError(
        `the endpoint says two things about block ${blockNumber}, which has anchor ${index}`,
      );
    await store.markUnconfirmed(index);
  }
}

/** Nothing is concluded from what another chain says. */
async function expectOurChain(chain: AnchorChain): Promise<void> {
  const chainId = await chain.chainId();
  if (chainId === chain.place.chainId) return;
  throw new ChainUnavailableError(
    `the endpoint is of chain ${chainId}, and the log is on chain ${chain.place.chainId}`,
  );
}

/** Sees before anything is sent that it could be taken: what the contract refuses has to be paid for all the same. */
async function expectOurLog(parts: AnchorParts): Promise<void> {
  const { chain } = parts;
  const publisher = await chain.publisher();
  if (publisher && sameBytes(publisher, chain.account)) return;
  const log = `log ${toHex(chain.place.log)} of the contract ${checksumAddress(chain.place.contract)}`;
  if (!publisher)
    throw await contradiction(
      parts,
      "LOG_GONE",
      `${log} is not there any more: a reorganisation took it, or the contract with it. A start opens the log again`,
    );
  throw await contradiction(
    parts,
    "PUBLISHER_CHANGED",
    `${log} was handed over: its publisher is ${checksumAddress(publisher)} now, and no longer ${checksumAddress(chain.account)}, whose key this server has`,
  );
}

/** What to throw about a chain that contradicts the record: to wait while that may pass, to halt once it has gone on for long enough. */
async function contradiction({ chain, doubts }: AnchorParts, code: HaltCode, finding: string): Promise<Error> {
  await expectOurChain(chain);
  if (doubts.found(finding)) return new AnchoringHaltedError(code, finding);
  return new ChainUnavailableError(`${finding} (anchoring halts if the chain goes on saying so)`);
}

/** Sends an anchor's transaction, or finds it sent, and follows it until it is final; undefined when that takes longer than a round. */
async function bringToEnd(parts: AnchorParts, anchor: Anchor): Promise<Anchor | undefined> {
  const { store, chain, doubts, clock, signal } = parts;
  let unseen = 0;
  let wait = POLL_MS;
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    signal.throwIfAborted();
    const attempts = await store.transactions(anchor.index);
    const { anchored, refused } = await look(chain, attempts);
    const onChain = await chain.anchoredRoot(anchor.index);
    if (onChain && !sameBytes(onChain, anchor.root))
      throw await contradiction(
        parts,
        "OTHER_ROOT",
        `the chain has root ${toHex(onChain)} at index ${anchor.index}, the record has ${toHex(anchor.root)}: somebody else uses the publisher's key or another copy of this database`,
      );
    // A transaction of ours may have been mined between the two questions, or one of a provider's nodes may be behind another.
    unseen = onChain && !anchored ? unseen + 1 : 0;
    if (unseen > 0 && (attempts.length === 0 || unseen >= MOST_UNSEEN))
      throw await contradiction(
        parts,
        "UNKNOWN_TRANSACTION",
        `index ${anchor.index} was anchored by a transaction that is not in the record: another copy of this database is running`,
      );
    if (onChain && anchored?.mined.final) {
      // What was taken back is looked for from the latest anchor down to the first that is in its place: so each is where its successor is.
      if (!(await isInPlace(parts, anchor.index - 1))) return undefined;
      const { blockNumber, blockHash, blockTime, gasUsed } = anchored.mined;
      await store.markConfirmed(anchor.index, {
        transactionHash: anchored.attempt.hash,
        blockNumber,
        blockHash,
        blockTime,
        confirmedAt: clock(),
        gasUsed,
      });
      const confirmed = await store.anchor(anchor.index);
      invariant(confirmed !== undefined, "an anchor that was confirmed is stored");
      return confirmed;
    }
    const lately = refused.filter(({ attempt }) => attempt.createdAt >= doubts.openedAt);
    if (!onChain && !anchored) await send(parts, anchor, attempts, lately.length);
    if (unseen === 0) doubts.settle();
    await sleep(wait, undefined, { signal });
    wait = Math.min(2 * wait, LONGEST_POLL_MS);
  }
  return undefined;
}

/** Whether the block that has an anchor is in the chain still: a reorganisation within this round may have put it into another one. */
async function isInPlace({ store, chain }: AnchorParts, index: number): Promise<boolean> {
  const anchor = index === 0 ? undefined : await store.anchor(index);
  if (!anchor) return true;
  const { blockNumber, blockHash } = anchor;
  invariant(blockNumber !== null && blockHash !== null, "a confirmed anchor has its block");
  const there = await chain.blockHash(blockNumber);
  return there !== undefined && sameBytes(there, blockHash);
}

type Found = { attempt: AnchorTransaction; mined: Mined };

/** What came of the attempts that are in blocks: one that anchored, and those that the contract refused. */
async function look(
  chain: AnchorChain,
  attempts: AnchorTransaction[],
): Promise<{ anchored: Found | undefined; refused: Found[] }> {
  const refused: Found[] = [];
  for (const attempt of attempts.toReversed()) {
    const mined = await chain.mined(attempt.hash);
    if (mined?.succeeded) return { anchored: { attempt, mined }, refused };
    if (mined) refused.push({ attempt, mined });
  }
  return { anchored: undefined, refused };
}

/** Sends the latest attempt, after signing and storing a new one where there is none or the last one came to nothing. */
async function send(
  parts: AnchorParts,
  anchor: Anchor,
  attempts: AnchorTransaction[],
  timesRefused: number,
): Promise<void> {
  const { store, chain, clock } = parts;
  const count = await chain.anchoredCount();
  if (count >= anchor.index) return;
  if (count < anchor.index - 1)
    throw new ChainUnavailableError(`the log went back to index ${count} while ${anchor.index} was on its way`);
  const last = attempts.at(-1);
  const next = last && (await nextStep(parts, attempts, last));
  if (next === "nothing") return;
  if (next === "again") {
    await chain.send(last!.raw);
    return;
  }
  await expectOurLog(parts);
  if (timesRefused >= MOST_REFUSED)
    throw await contradiction(
      parts,
      "APPEND_REFUSED",
      `the contract refused anchor ${anchor.index} ${timesRefused} times, though the log is this publisher's: look at the last transaction that failed`,
    );
  const signed = await chain.sign({
    index: anchor.index,
    root: anchor.root,
    size: anchor.size,
    replaces: next === "replace" ? last?.raw : undefined,
  });
  await store.addTransaction(anchor.index, { attempt: (last?.attempt ?? 0) + 1, ...signed, createdAt: clock() });
  await store.markSent(anchor.index);
  await chain.send(signed.raw);
}

/** What to do about an attempt that has not anchored: send it again, raise what it pays, sign under another nonce, or see first. */
async function nextStep(
  { chain, clock, replaceAfterMs }: AnchorParts,
  attempts: AnchorTransaction[],
  last: AnchorTransaction,
): Promise<"again" | "replace" | "fresh" | "nothing"> {
  // From the future: the clock was set back since, and may take years to get there again.
  const age = clock() - last.createdAt;
  const overdue = age > replaceAfterMs || age < 0;
  const nonce = await chain.nextNonce();
  // With a nonce that is still to come it waits for transactions that may never be sent: paying more would not help it.
  if (nonce < last.nonce) return overdue ? "fresh" : "again";
  if (nonce === last.nonce) return overdue ? "replace" : "again";
  // The nonce is spent. Looked up after it was, an attempt that was mined in between is not taken for lost.
  const { anchored, refused } = await look(chain, attempts);
  if (anchored) return "nothing";
  // By a transaction that failed, or by one of somebody else's; but a node may have counted a block whose receipts it does not have yet.
  return overdue || refused.some(({ attempt }) => attempt.nonce === last.nonce) ? "fresh" : "nothing";
}
