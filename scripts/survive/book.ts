import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "./random.ts";
import type { Server } from "./server.ts";

/** A delta as a client sends it. The key stays the same however often it has to be sent. */
export type Post = {
  readonly idempotencyKey: string;
  readonly customerId: string;
  readonly delta: string;
  readonly reason: string;
};

/** What the server has answered to a post: from then on it may not be lost. */
export type Acknowledged = {
  readonly post: Post;
  readonly receiptId: string;
  readonly recordId: string;
  readonly sequence: number;
};

/** What clients know of their own: every post that was ever sent, and what was answered. */
export type Book = {
  readonly customers: readonly string[];
  readonly sent: Map<string, Post>;
  readonly acknowledged: Map<string, Acknowledged>;
  /** Sent and not answered, hence to be sent again; also some that were answered, as a client does who lost its note. */
  readonly open: Post[];
  /** Two different answers to one post. */
  readonly contradictions: string[];
  /** Answers other than 201 and 503. */
  readonly oddities: string[];
  /** How many answers were a 503. */
  refused: number;
};

export function openBook(customers: number, prefix = "cust"): Book {
  return {
    customers: Array.from({ length: customers }, (_, i) => `${prefix}_${i}`),
    sent: new Map(),
    acknowledged: new Map(),
    open: [],
    contradictions: [],
    oddities: [],
    refused: 0,
  };
}

/** Share of answered posts that are sent again later. */
const FORGOTTEN = 0.05;
/** Milliseconds before a post is tried again that was refused for now. */
const REFUSED_PAUSE_MS = 20;
/** Sentences about what went wrong that are kept: the first ones say it. */
const KEPT = 20;

/**
 * Posts one delta after the other, as a client does that retries whatever was not answered under the same key, until the server is
 * gone or `until` aborts.
 */
export async function postUntil(
  server: Pick<Server, "url" | "apiKey">,
  book: Book,
  random: Random,
  until: AbortSignal,
  took: (milliseconds: number) => void = () => {},
): Promise<void> {
  while (!until.aborted) {
    const post = book.open.pop() ?? newPost(book, random);
    const began = performance.now();
    const outcome = await postOnce(server, book, post);
    if (outcome === "recorded") {
      took(performance.now() - began);
      if (random.chance(FORGOTTEN)) book.open.unshift(post);
      continue;
    }
    book.open.push(post);
    if (outcome === "gone") return;
    await sleep(REFUSED_PAUSE_MS);
  }
}

/** Sends whatever was not answered, one after the other. @throws Error when the server is gone meanwhile. */
export async function settle(server: Server, book: Book): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (let post = book.open.pop(); post; post = book.open.pop()) {
    const outcome = await postOnce(server, book, post);
    if (outcome === "recorded") continue;
    book.open.push(post);
    if (outcome === "gone") throw new Error(`the server went away by itself:\n${server.said()}`);
    if (performance.now() > deadline) throw new Error(`the server refuses for a minute:\n${server.said()}`);
    await sleep(REFUSED_PAUSE_MS);
  }
}

/** A delta that was never sent before, noted as sent. */
export function newPost(book: Book, random: Random, customerId = random.oneOf(book.customers)): Post {
  const sign = random.chance(0.5) ? "-" : "";
  const fraction = String(random.between(1, 10 ** 9))
    .padStart(9, "0")
    .replace(/0+$/, "");
  const post = {
    idempotencyKey: `post-${book.sent.size}`,
    customerId,
    delta: `${sign}${random.between(1, 1_000_000)}.${fraction}`,
    reason: `reason ${book.sent.size}`,
  };
  book.sent.set(post.idempotencyKey, post);
  return post;
}

/** One try. The answer counts only when the whole of it has arrived. */
async function postOnce(
  { url, apiKey }: Pick<Server, "url" | "apiKey">,
  book: Book,
  post: Post,
): Promise<"recorded" | "refused" | "gone"> {
  const { idempotencyKey, customerId, delta, reason } = post;
  let [status, text] = [0, ""];
  try {
    const response = await fetch(`${url}/api/v1/balance/delta`, {
      method: "POST",
      headers: { "X-Api-Key": apiKey, "Content-Type": "application/json", "Idempotency-Key": idempotencyKey },
      body: JSON.stringify({ customerId, delta, reason }),
    });
    [status, text] = [response.status, await response.text()];
  } catch (error) {
    // What fetch throws when the other side is gone, and nothing else.
    if (!(error instanceof TypeError)) throw error;
    return "gone";
  }
  if (status === 503) {
    book.refused += 1;
    return "refused";
  }
  if (status !== 201) {
    if (book.oddities.length < KEPT) book.oddities.push(`${idempotencyKey}: ${status} ${text}`);
    return "refused";
  }
  acknowledge(book, post, (JSON.parse(text) as { data: Answered }).data);
  return "recorded";
}

type Answered = Pick<Acknowledged, "receiptId" | "recordId" | "sequence">;

/** Notes what was answered to a post, and whether it was ever answered otherwise. */
export function acknowledge(book: Book, post: Post, { receiptId, recordId, sequence }: Answered): void {
  const { idempotencyKey } = post;
  const before = book.acknowledged.get(idempotencyKey);
  if (before && before.receiptId !== receiptId && book.contradictions.length < KEPT)
    book.contradictions.push(`${idempotencyKey}: ${before.receiptId}, later ${receiptId}`);
  book.acknowledged.set(idempotencyKey, { post, receiptId, recordId, sequence });
}
