import { setTimeout as sleep } from "node:timers/promises";
import { acknowledge, type Book, newPost, type Post } from "../book.ts";
import { newDeed, openDeedBook } from "../kills/deeds.ts";
import type { Random } from "../random.ts";
import { type Cluster, upNodes } from "./cluster.ts";

export const CLIENTS = 100;
/** Milliseconds between two posts of one client: four servers, a database and a chain share what cores there are, and anchoring has to keep up. */
const PAUSE_MS = 250;
/** Milliseconds that a client waits for an answer before it asks another node. */
const ANSWER_MS = 6_000;
/** Milliseconds before it looks again for a node that is up. */
const NOBODY_MS = 50;
/** Share of answered posts that are sent again later, and of posts that go to two nodes at the same moment. */
const FORGOTTEN = 0.05;
const TWICE = 0.03;
/** Lanes of batches and statements, and milliseconds between two of a lane. */
const DEED_LANES = 2;
const DEED_PAUSE_MS = 400;
/** Tries after which one counts as never answered. */
const MOST_TRIES = 300;
const KEPT = 20;

type Answered = { receiptId: string; recordId: string; sequence: number };

/** What came of the requests beside the deltas themselves. */
export type Traffic = {
  /** Requests whose answer never came: the node was gone, or stood still. */
  unanswered: number;
  /** Batches and statements that were answered. */
  batches: number;
  readonly statements: Map<string, { checkpointId: string; customerId: string | null }>;
  readonly oddities: string[];
  /** Ends it, and waits until nothing is under way; what was not answered is in the book. */
  quiet(): Promise<void>;
};

/** Clients that go to any node that is up, retry under the same key whatever was not answered, and wait as long as they are told to. */
export function openTraffic(cluster: Cluster, book: Book, random: Random): Traffic {
  const hot = byHeat(book.customers, random);
  const deeds = openDeedBook();
  let going = true;
  const traffic: Traffic = {
    unanswered: 0,
    batches: 0,
    statements: deeds.statements,
    oddities: deeds.oddities,
    async quiet() {
      going = false;
      await Promise.all(lanes);
    },
  };

  async function client(): Promise<void> {
    let node: ReturnType<typeof upNodes>[number] | undefined;
    while (going) {
      if (node === undefined || node.server === undefined) node = oneUp();
      if (node === undefined) {
        await sleep(NOBODY_MS);
        continue;
      }
      const post = book.open.pop() ?? newPost(book, random, hot());
      const other = random.chance(TWICE) ? oneUp() : undefined;
      const [outcome, second] = await Promise.all([
        postOnce(cluster, node.server.url, book, post),
        other && postOnce(cluster, other.server.url, book, post),
      ]);
      if (outcome === "recorded" || second === "recorded") {
        if (random.chance(FORGOTTEN)) book.open.unshift(post);
      } else book.open.push(post);
      if (outcome === "gone") {
        traffic.unanswered += 1;
        node = undefined;
      }
      await sleep(typeof outcome === "number" ? outcome : PAUSE_MS);
    }
  }

  /** Batches and statements, each asked for until it is answered, at one node after the other. */
  async function deedLane(): Promise<void> {
    while (going) {
      const deed = newDeed(random.chance(0.8) ? "batch" : "statement", { book, deeds, random });
      let answered = false;
      for (let tries = 0; !answered && tries < MOST_TRIES; tries++) {
        const target = oneUp();
        if (target) answered = (await deed.attempt({ url: target.server.url, apiKey: cluster.apiKey })) === "answered";
        await sleep(DEED_PAUSE_MS);
      }
      if (!answered) deeds.oddities.push(`a ${deed.kind} is never answered`);
      else if (deed.kind === "batch") traffic.batches += 1;
    }
  }

  function oneUp() {
    const up = upNodes(cluster);
    return up.length === 0 ? undefined : random.oneOf(up);
  }

  const lanes = [...Array.from({ length: CLIENTS }, client), ...Array.from({ length: DEED_LANES }, deedLane)];
  return traffic;
}

/** One try. @returns milliseconds to wait where it was refused for now. */
async function postOnce(
  { apiKey }: Pick<Cluster, "apiKey">,
  url: string,
  book: Book,
  post: Post,
): Promise<"recorded" | "gone" | number> {
  const { idempotencyKey, customerId, delta, reason } = post;
  let [response, text]: [Response | undefined, string] = [undefined, ""];
  try {
    response = await fetch(`${url}/api/v1/balance/delta`, {
      method: "POST",
      headers: { "X-Api-Key": apiKey, "Content-Type": "application/json", "Idempotency-Key": idempotencyKey },
      body: JSON.stringify({ customerId, delta, reason }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    text = await response.text();
  } catch (error) {
    // What fetch throws when the other side is gone or does not answer, and nothing else.
    const late = error instanceof DOMException && error.name === "TimeoutError";
    if (!(error instanceof TypeError) && !late) throw error;
    return "gone";
  }
  if (response.status === 201) {
    acknowledge(book, post, (JSON.parse(text) as { data: Answered }).data);
    return "recorded";
  }
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  if (response.status !== 503 || Number.isNaN(seconds)) {
    if (book.oddities.length < KEPT) book.oddities.push(`${idempotencyKey}: ${response.status} ${text}`);
    return PAUSE_MS;
  }
  book.refused += 1;
  return seconds * 1_000;
}

/** Customers of whom some are very hot: the second has half as much as the first, the third a third, and so on (Zipf). */
function byHeat(customers: readonly string[], random: Random): () => string {
  let sum = 0;
  const until = customers.map((_, rank) => {
    sum += 1 / (rank + 1);
    return sum;
  });
  return () => {
    const at = random.next() * sum;
    return customers[until.findIndex((end) => at < end)]!;
  };
}
