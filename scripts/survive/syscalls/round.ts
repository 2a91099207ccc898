import { setTimeout as sleep } from "node:timers/promises";
import { acknowledge, type Book, newPost } from "../book.ts";
import type { Random } from "../random.ts";
import type { Server } from "../server.ts";

/** One round of what the system is for: deltas are recorded and anchored, a statement is made and anchored. */

/** Milliseconds after which something that a fault has hit counts as not healed, and between two tries. */
const HEAL_MS = 12_000;
const AGAIN_MS = 100;

/** `gone`: the server went away. `stuck`: it lives, and does not get on. */
export type Came = "done" | "gone" | "stuck";
export type Round = { came: Came; refused: number; failures: string[] };

/** Every customer gets a delta, one of them a statement. What was begun by an earlier round is taken up under its idempotency keys. */
export async function round(server: Server, book: Book, random: Random): Promise<Round> {
  const seen: Round = { came: "done", refused: 0, failures: [] };
  const parts = { server, seen, end: performance.now() + HEAL_MS };
  if (book.open.length === 0) book.open.push(...book.customers.map((customerId) => newPost(book, random, customerId)));
  for (const post of book.open) {
    if (book.acknowledged.has(post.idempotencyKey)) continue;
    const { idempotencyKey, customerId, delta, reason } = post;
    const body = { customerId, delta, reason };
    const data = await insist(parts, { path: "/balance/delta", key: idempotencyKey, body });
    if (!data) return seen;
    acknowledge(book, post, data as Parameters<typeof acknowledge>[2]);
  }
  const customerId = book.customers[0]!;
  const statement = await insist(parts, {
    path: "/balance/checkpoint",
    key: `statement-${book.open[0]!.idempotencyKey}`,
    body: { customerId },
  });
  if (!statement) return seen;
  const last = book.acknowledged.get(book.open.at(-1)!.idempotencyKey)!;
  for (const path of [`/balance/delta/${last.recordId}`, `/balance/checkpoints/${statement.checkpointId}`]) {
    if (!(await insist(parts, { path, until: ({ status }) => status === "VERIFIED" }))) return seen;
  }
  book.open.length = 0;
  return seen;
}

type Members = Record<string, unknown>;
type Asked = { path: string; key?: string; body?: object; until?: (data: Members) => boolean };
type Parts = { server: Server; seen: Round; end: number };

/** Asks until it is answered as wanted. Undefined when that does not come about; then `seen` says why. */
async function insist({ server, seen, end }: Parts, asked: Asked): Promise<Members | undefined> {
  for (; performance.now() < end; await sleep(AGAIN_MS)) {
    let reply: Awaited<ReturnType<typeof ask>>;
    try {
      reply = await ask(server, asked);
    } catch (error) {
      // What fetch throws when the other side is gone, and nothing else.
      if (!(error instanceof TypeError)) throw error;
      seen.came = "gone";
      return undefined;
    }
    const { status, retryAfter, text } = reply;
    if (status === 503) {
      seen.refused += 1;
      if (retryAfter === null) seen.failures.push(`${asked.path}: a 503 without Retry-After: ${text}`);
      continue;
    }
    if (status !== 200 && status !== 201) {
      seen.failures.push(`${asked.path}: ${status} ${text}`);
      continue;
    }
    const { data } = JSON.parse(text) as { data: Members };
    if (!asked.until || asked.until(data)) return data;
  }
  seen.came = "stuck";
  return undefined;
}

async function ask({ url, apiKey }: Server, { path, key, body }: Asked) {
  const response = await fetch(`${url}/api/v1${path}`, {
    headers: {
      "X-Api-Key": apiKey,
      ...(body && { "Content-Type": "application/json" }),
      ...(key !== undefined && { "Idempotency-Key": key }),
    },
    ...(body && { method: "POST", body: JSON.stringify(body) }),
  });
  return { status: response.status, retryAfter: response.headers.get("Retry-After"), text: await response.text() };
}
