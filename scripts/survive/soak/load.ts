import { setTimeout as sleep } from "node:timers/promises";
import { Tallyroot } from "../../../src/sdk/tallyroot.ts";
import { acknowledge, type Book, newPost, type Post } from "../book.ts";
import type { Random } from "../random.ts";
import type { Server } from "../server.ts";
import type { Taken } from "./judge.ts";

/** What a server is asked for, and how often of a hundred times. */
const DEEDS = {
  single: 40,
  batch: 8,
  stream: 2,
  derive: 19,
  receipt: 12,
  compare: 6,
  checkpoint: 3,
  erasure: 1,
  told: 3,
  recorder: 6,
} as const;
export type Deed = keyof typeof DEEDS;

const BATCH = 25;
const LINES = 100;
/** Customers of batches and streams, and of the recorder. */
const SMALL = 500;
/** Receipts that are asked for again are among so many of the last ones. */
const REMEMBERED = 1_000;
/** Milliseconds before a request is tried again that was refused for now, and for which it is tried. */
const REFUSED_PAUSE_MS = 250;
const PATIENCE_MS = 30_000;
/** Sentences about what went wrong that are kept: the first ones say it. */
const KEPT = 20;

export type Load = {
  /** A first delta for every customer that is asked about later. */
  prepare(): Promise<void>;
  /** Does one thing, and waits for its answer. */
  act(): Promise<void>;
  readonly counts: Readonly<Record<Deed, number>>;
  /** Singles, from the moment that `begin` was called. */
  readonly taken: readonly Taken[];
  /** Deltas of the tenant that has a webhook, which has to be told of each. */
  readonly told: ReadonlySet<string>;
  /** Erasures that could not cut the WAL while somebody read, as the server says, and were asked for again. */
  erasedAgain: number;
  /** Answers of 503, each of which was asked for again. */
  refused: number;
  readonly failures: string[];
  begin(): void;
  /** Ends what is on its way. */
  close(): Promise<{ recorded: number }>;
};

type Parts = { server: Pick<Server, "url" | "apiKey">; toldKey: string; book: Book; random: Random };

/** Clients of all kinds, one deed at a time; how many at once is up to the caller. */
export function openLoad({ server, toldKey, book, random }: Parts): Load {
  const { url, apiKey } = server;
  const client = new Tallyroot({ baseUrl: url, apiKey });
  const counts = Object.fromEntries(Object.keys(DEEDS).map((deed) => [deed, 0])) as Record<Deed, number>;
  const failures: string[] = [];
  const note = (text: string) => void (failures.length < KEPT && failures.push(text));
  const recorder = client.recorder({
    atProcessEnd: false,
    onRefused: ({ error }) => note(`the recorder was refused: ${error.message}`),
  });
  const receipts: string[] = [];
  const remember = (receiptId: string) => {
    receipts[random.between(0, REMEMBERED)] = receiptId;
  };
  const taken: Taken[] = [];
  const told = new Set<string>();
  let began = performance.now();
  let numbered = 0;

  /** Asks until it is not refused for now, as clients do. */
  async function ask(path: string, body?: object | string, key = apiKey, headers: Record<string, string> = {}) {
    const type = typeof body === "string" ? "application/x-ndjson" : "application/json";
    for (const end = performance.now() + PATIENCE_MS; ; ) {
      const response = await fetch(`${url}/api/v1${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: { "X-Api-Key": key, ...(body !== undefined && { "Content-Type": type }), ...headers },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const answer = { status: response.status, text: await response.text() };
      if (answer.status !== 503 || performance.now() > end) return answer;
      load.refused += 1;
      await sleep(REFUSED_PAUSE_MS);
    }
  }
  async function expectData(path: string, body?: object, key?: string, headers?: Record<string, string>) {
    const { status, text } = await ask(path, body, key, headers);
    if (status < 200 || status > 299) throw new Error(`${path}: ${status} ${text.slice(0, 300)}`);
    return JSON.parse(text).data;
  }
  const small = () => `small_${random.between(0, SMALL)}`;
  const item = () => ({ customerId: small(), delta: random.between(1, 1_000), reason: "usage" });

  async function send(post: Post): Promise<void> {
    const { idempotencyKey, ...body } = post;
    const start = performance.now();
    book.open.push(post);
    const data = await expectData("/balance/delta", body, apiKey, { "Idempotency-Key": idempotencyKey });
    taken.push({ at: (start - began) / 1000, ms: performance.now() - start });
    acknowledge(book, post, data);
    book.open.splice(book.open.indexOf(post), 1);
    remember(data.receiptId);
  }

  const deeds: Readonly<Record<Deed, () => Promise<unknown>>> = {
    single: () => send(newPost(book, random)),
    async batch() {
      const { totalFailed } = await expectData("/balance/delta/batch", { deltas: Array.from({ length: BATCH }, item) });
      if (totalFailed > 0) note(`${totalFailed} deltas of a batch failed`);
    },
    async stream() {
      const lines = Array.from({ length: LINES }, () => `${JSON.stringify(item())}\n`).join("");
      const { status, text } = await ask("/balance/delta/stream", lines);
      const failed = text.split("\n").filter((line) => line.includes('"FAILED"')).length;
      if (status > 299 || failed > 0) note(`stream: ${status}, ${failed} lines failed: ${text.slice(0, 300)}`);
    },
    derive: () => client.balance.derive(random.oneOf(book.customers), { limit: 10 }),
    async receipt() {
      const receiptId = random.oneOf(receipts.filter(Boolean));
      // Before its anchor is final there is none, and the answer says so.
      const { status, text } = receiptId ? await ask(`/balance/receipts/${receiptId}`) : { status: 404, text: "" };
      if (status !== 200 && status !== 404) note(`receipt: ${status} ${text.slice(0, 300)}`);
    },
    compare: () => expectData("/balance/compare", { customerId: small(), theirBalance: 1 }),
    checkpoint: () => expectData("/balance/checkpoint", { customerId: random.oneOf(book.customers) }),
    async erasure() {
      const customerId = `gone_${numbered++}`;
      await expectData("/balance/delta", { customerId, delta: 1, reason: "to be erased" });
      for (;;) {
        const response = await fetch(`${url}/api/v1/balance/customers/${customerId}/content`, {
          method: "DELETE",
          headers: { "X-Api-Key": apiKey },
        });
        const text = await response.text();
        if (response.ok) return;
        if (response.status !== 503) throw new Error(`erasing ${customerId}: ${response.status} ${text}`);
        load.erasedAgain += 1;
        await sleep(1_000);
      }
    },
    async told() {
      const body = { customerId: small(), delta: 1, reason: "told" };
      told.add((await expectData("/balance/delta", body, toldKey)).receiptId);
    },
    recorder: () => recorder.record({ customerId: `recorder_${random.between(0, SMALL)}`, delta: 1, reason: "sdk" }),
  };

  function nextDeed(): Deed {
    let rest = random.between(0, 100);
    for (const [deed, share] of Object.entries(DEEDS) as [Deed, number][]) {
      if (rest < share) return deed;
      rest -= share;
    }
    throw new Error("the shares of all deeds are a hundred");
  }

  const load: Load = {
    async prepare() {
      for (const customerId of book.customers) await send(newPost(book, random, customerId));
      const deltas = Array.from({ length: SMALL }, (_, i) => ({ customerId: `small_${i}`, delta: 1, reason: "first" }));
      await expectData("/balance/delta/batch", { deltas });
    },
    async act() {
      const deed = nextDeed();
      counts[deed] += 1;
      try {
        await deeds[deed]();
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        // Whatever it is, at half of what the server can do nothing may fail.
        note(`${deed}: ${error.message}`);
      }
    },
    counts,
    taken,
    told,
    erasedAgain: 0,
    refused: 0,
    failures,
    begin() {
      began = performance.now();
      taken.length = 0;
      load.refused = 0;
    },
    async close() {
      await recorder.close({ deadlineMs: 60_000 });
      return { recorded: recorder.counts().recorded };
    },
  };
  return load;
}
