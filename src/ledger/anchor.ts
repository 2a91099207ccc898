import { setTimeout as sleep } from "node:timers/promises";
import { sameBytes, toHex } from "../core/bytes.ts";
import { ChainUnavailableError, invariant } from "../core/errors.ts";
import { collect } from "./collect.ts";
import type { Contents } from "./contents.ts";
import type { AnchorChain, AnchorStore, AnchorTransaction, Mined } from "./ports/anchoring.ts";
import type { Anchor } from "./ports/ledgers.ts";

/** Milliseconds until the first second look at a transaction that is on its way; each next wait is twice as long, up to the longest. */
const POLL_MS = 100;
const LONGEST_POLL_MS = 4_000;
/** Milliseconds after which a transaction that no block has taken is replaced by one that pays more. */
const REPLACE_AFTER_MS = 30_000;
/** Looks in a row that find our root on the chain, but no transaction of ours that put it there. */
const MOST_UNSEEN = 6;
/** Nonces after which a refusal by the contract is no passing thing. */
const MOST_NONCES = 5;

/** The log on the chain contradicts the record: going on would make it worse, so anchoring stops until somebody looks. */
export class AnchoringHaltedError extends Error {
  override readonly name = "AnchoringHaltedError";
}

export type AnchorParts = {
  store: AnchorStore;
  chain: AnchorChain;
  contents: Contents;
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
  for (let open = await parts.store.firstOpen(); open; open = await parts.store.firstOpen()) {
    confirmed.push(await bringToEnd(parts, open));
  }
  // One new anchor a round: what arrives meanwhile waits for the next, so that the interval bounds what is paid for.
  const made = await collect(parts);
  if (made) confirmed.push(await bringToEnd(parts, made));
  return { confirmed };
}

/** Marks anchors as on their way again whose block is no longer in the chain. */
async function takeBackReorganised({ store, chain }: AnchorParts): Promise<void> {
  const latest = (await store.latest())?.anchor.index ?? 0;
  for (let index = latest; index >= 1; index--) {
    const anchor = await store.anchor(index);
    invariant(anchor !== undefined, "anchors have no holes");
    if (anchor.state !== "confirmed") continue;
    invariant(anchor.transactionHash !== null && anchor.blockHash !== null, "a confirmed anchor has its block");
    const mined = await chain.mined(anchor.transactionHash);
    if (mined && sameBytes(mined.blockHash, anchor.blockHash)) return;
    await store.markUnconfirmed(index);
  }
}

/** Sends an anchor's transaction, or finds it sent, and follows it until it is final. */
async function bringToEnd(parts: AnchorParts, anchor: Anchor): Promise<Anchor> {
  const { store, chain, clock, signal } = parts;
  let unseen = 0;
  for (let wait = POLL_MS; ; wait = Math.min(2 * wait, LONGEST_POLL_MS)) {
    signal.throwIfAborted();
    const attempts = await store.transactions(anchor.index);
    const found = await findMined(chain, attempts);
    const onChain = await chain.anchoredRoot(anchor.index);
    if (onChain) {
      if (!sameBytes(onChain, anchor.root)) {
        throw new AnchoringHaltedError(
          `the chain has root ${toHex(onChain)} at index ${anchor.index}, the record has ${toHex(anchor.root)}: somebody else uses the publisher's key or another copy of this database`,
        );
      }
      // A transaction of ours may have been mined between the two questions, or one of a provider's nodes may be behind another.
      unseen = found ? 0 : unseen + 1;
      if (!found && (attempts.length === 0 || unseen === MOST_UNSEEN)) {
        throw new AnchoringHaltedError(
          `index ${anchor.index} was anchored by a transaction that is not in the record: another copy of this database is running`,
        );
      }
    }
    if (onChain && found?.mined.succeeded && found.mined.final) {
      const { blockNumber, blockHash, blockTime, gasUsed } = found.mined;
      await store.markConfirmed(anchor.index, {
        transactionHash: found.attempt.hash,
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
    if (!onChain) await send(parts, anchor, attempts, found);
    await sleep(wait, undefined, { signal });
  }
}

type Found = { attempt: AnchorTransaction; mined: Mined };

async function findMined(chain: AnchorChain, attempts: AnchorTransaction[]): Promise<Found | undefined> {
  for (const attempt of attempts.toReversed()) {
    const mined = await chain.mined(attempt.hash);
    if (mined) return { attempt, mined };
  }
  return undefined;
}

function isOverdue(attempt: AnchorTransaction, now: number): boolean {
  return now - attempt.createdAt > REPLACE_AFTER_MS;
}

/** Sends the latest attempt, after signing and storing a new one where there is none or the last one came to nothing. */
async function send(
  { store, chain, clock }: AnchorParts,
  anchor: Anchor,
  attempts: AnchorTransaction[],
  found: Found | undefined,
): Promise<void> {
  const count = await chain.anchoredCount();
  if (count >= anchor.index || found?.mined.succeeded) return;
  if (count < anchor.index - 1)
    throw new ChainUnavailableError(`the log went back to index ${count} while ${anchor.index} was on its way`);
  const last = attempts.at(-1);
  const spent = last !== undefined && (await isSpent(chain, attempts, last));
  if (spent && new Set(attempts.map((attempt) => attempt.nonce)).size >= MOST_NONCES) {
    throw new AnchoringHaltedError(
      `the contract refused anchor ${anchor.index} ${MOST_NONCES} times: is this key still the log's publisher?`,
    );
  }
  if (last && !spent && !isOverdue(last, clock())) {
    await chain.send(last.raw);
    return;
  }
  // One that waits too long is replaced under its nonce; where the nonce is spent, a replacement could never be mined.
  const signed = await chain.sign({
    index: anchor.index,
    root: anchor.root,
    size: anchor.size,
    replaces: spent ? undefined : last?.raw,
  });
  await store.addTransaction(anchor.index, { attempt: (last?.attempt ?? 0) + 1, ...signed, createdAt: clock() });
  await store.markSent(anchor.index);
  await chain.send(signed.raw);
}

/** Whether the nonce of the last attempt is used up without an anchor: by a transaction that failed, or by one of somebody else's. */
async function isSpent(chain: AnchorChain, attempts: AnchorTransaction[], last: AnchorTransaction): Promise<boolean> {
  if ((await chain.nextNonce()) <= last.nonce) return false;
  // Looked up after the nonce was: an attempt that was mined in between is not spent for nothing.
  const found = await findMined(chain, attempts);
  return !found?.mined.succeeded;
}
