import { acknowledge, type Book, newPost, type Post } from "../book.ts";
import type { Random } from "../random.ts";
import type { Server } from "../server.ts";

/** What clients ask for beside single deltas. Like those it is asked for again, in the same words, until it is answered. */
export const DEEDS = ["statement", "erasure", "batch", "stream"] as const;
export type DeedKind = (typeof DEEDS)[number];

/** `gone`: the server went away before the whole answer was there. */
export type Outcome = "answered" | "refused" | "gone";

export type Deed = { readonly kind: DeedKind; attempt(server: Target): Promise<Outcome> };

type Target = Pick<Server, "url" | "apiKey">;

/** What was answered to those deeds. Deltas of batches and streams are in the book of deltas. */
export type DeedBook = {
  /** By idempotency key: the name of the statement, and of which customer, null for all of them. */
  readonly statements: Map<string, { checkpointId: string; customerId: string | null }>;
  /** Customers whose content is erased. */
  readonly erased: Set<string>;
  /** Answers that should not have been. */
  readonly oddities: string[];
  made: number;
};

export const openDeedBook = (): DeedBook => ({ statements: new Map(), erased: new Set(), oddities: [], made: 0 });

/** Items of a batch, lines of a stream: at least, and below. */
const BATCH_ITEMS = [20, 80] as const;
const STREAM_LINES = [200, 800] as const;
/** Share of statements that are asked for all customers at once. */
const FOR_ALL = 0.3;

type Parts = { book: Book; deeds: DeedBook; random: Random };

export function newDeed(kind: DeedKind, { book, deeds, random }: Parts): Deed {
  deeds.made += 1;
  const key = `${kind}-${deeds.made}`;
  const posts = (size: readonly [number, number]) =>
    Array.from({ length: random.between(...size) }, () => newPost(book, random));
  const work = {
    statement: () => statement(deeds, key, random.chance(FOR_ALL) ? null : recordedCustomer(book, random)),
    erasure: () => erasure(deeds, key),
    batch: () => batch(book, key, posts(BATCH_ITEMS)),
    stream: () => stream(book, key, posts(STREAM_LINES)),
  }[kind]();
  return { kind, attempt: (server) => unlessGone(() => work(server)) };
}

/** One that has a record as far as its clients know; null where none has. */
function recordedCustomer({ acknowledged }: Book, random: Random): string | null {
  const known = [...new Set([...acknowledged.values()].map(({ post }) => post.customerId))];
  return known.length > 0 ? random.oneOf(known) : null;
}

type Work = (server: Target) => Promise<Outcome>;

function statement(deeds: DeedBook, key: string, customerId: string | null): Work {
  return async (server) => {
    const asked = customerId === null ? {} : { customerId };
    const { status, text } = await ask(server, { path: "/balance/checkpoint", key, body: JSON.stringify(asked) });
    // Nothing was ever recorded for this one, or for anybody: there is nothing to state.
    if (status === 404) return "answered";
    if (status !== 201) return other(deeds.oddities, key, status, text);
    const { checkpointId } = dataOf<{ checkpointId: string }>(text);
    const before = deeds.statements.get(key);
    if (before && before.checkpointId !== checkpointId)
      deeds.oddities.push(`${key}: ${before.checkpointId}, later ${checkpointId}`);
    deeds.statements.set(key, { checkpointId, customerId });
    return "answered";
  };
}

/** A customer of its own, of whom one delta is recorded before all of it is erased. */
function erasure(deeds: DeedBook, customerId: string): Work {
  let recorded = false;
  return async (server) => {
    if (!recorded) {
      const body = JSON.stringify({ customerId, delta: "1", reason: "to be erased" });
      const { status, text } = await ask(server, { path: "/balance/delta", key: `before-${customerId}`, body });
      if (status !== 201) return other(deeds.oddities, customerId, status, text);
      recorded = true;
    }
    const path = `/balance/customers/${customerId}/content`;
    const { status, text } = await ask(server, { path, method: "DELETE" });
    if (status !== 200) return other(deeds.oddities, customerId, status, text);
    deeds.erased.add(customerId);
    return "answered";
  };
}

type Result = { index: number; status: string; recordId: string; receiptId: string };

function batch(book: Book, key: string, posts: readonly Post[]): Work {
  return async (server) => {
    const body = JSON.stringify({ deltas: posts.map(itemOf) });
    const { status, text } = await ask(server, { path: "/balance/delta/batch", key, body });
    if (status !== 201) return other(book.oddities, key, status, text);
    const { results } = dataOf<{ results: Result[] }>(text);
    if (results.length !== posts.length) book.oddities.push(`${key}: ${results.length} results of ${posts.length}`);
    for (const result of results) noteResult(book, key, posts, result);
    return "answered";
  };
}

/** Each line that has arrived as a whole is an answer, whatever becomes of the rest. */
function stream(book: Book, key: string, posts: readonly Post[]): Work {
  return async (server) => {
    const body = posts.map((post) => `${JSON.stringify(itemOf(post))}\n`).join("");
    const response = await fetch(`${server.url}/api/v1/balance/delta/stream`, {
      method: "POST",
      headers: { "X-Api-Key": server.apiKey, "Content-Type": "application/x-ndjson", "Idempotency-Key": key },
      body,
    });
    if (response.status !== 200) return other(book.oddities, key, response.status, await response.text());
    let rest = "";
    let ended = false;
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const said = JSON.parse(line) as Result | { summary: object };
        if ("summary" in said) ended = true;
        else noteResult(book, key, posts, said);
      }
    }
    return ended ? "answered" : "gone";
  };
}

const itemOf = ({ customerId, delta, reason }: Post) => ({ customerId, delta, reason });

function noteResult(book: Book, key: string, posts: readonly Post[], result: Result): void {
  const { index, status, recordId, receiptId } = result;
  if (status === "QUEUED")
    acknowledge(book, posts[index]!, { recordId, receiptId, sequence: Number(recordId.split("_")[2]) });
  else book.oddities.push(`${key}: ${JSON.stringify(result)}`);
}

function other(oddities: string[], key: string, status: number, text: string): Outcome {
  if (status !== 503) oddities.push(`${key}: ${status} ${text}`);
  return "refused";
}

async function unlessGone(work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    // What fetch throws when the other side is gone, and nothing else.
    if (!(error instanceof TypeError)) throw error;
    return "gone";
  }
}

type Asked = { path: string; method?: string; key?: string; body?: string };

async function ask({ url, apiKey }: Target, { path, method = "POST", key, body }: Asked) {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      "X-Api-Key": apiKey,
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...(key !== undefined && { "Idempotency-Key": key }),
    },
    ...(body !== undefined && { body }),
  });
  return { status: response.status, text: await response.text() };
}

function dataOf<T>(text: string): T {
  return (JSON.parse(text) as { data: T }).data;
}
