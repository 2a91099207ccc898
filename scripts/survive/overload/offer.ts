import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";

/** Offers load to a server: given an `Offer` as JSON, prints an `Offered`. A program of its own, so that nothing of it waits for others. */

export type Offer = {
  readonly url: string;
  readonly path: string;
  /** Lines of the head beside those of every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** A file with one body per line; they are sent in turn, over and over. */
  readonly file: string;
  readonly connections: number;
  /** Arrivals in a second, whatever comes of those before them; null: each connection asks again as soon as it is answered. */
  readonly perSecond: number | null;
  readonly seconds: number;
};

/** What came of it. Milliseconds are from the moment at which a request was due. */
export type Offered = {
  readonly seconds: number;
  readonly due: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** Refusals that did not say when to come back. */
  readonly withoutRetryAfter: number;
  /** Requests that were due while every connection was busy until the end. */
  readonly neverSent: number;
  /** Requests that were sent and not answered, at the end or because the connection was lost. */
  readonly unanswered: number;
  /** Of those that were answered with a success, from being due and from being sent. */
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
  readonly sentP99: number;
  readonly refusedP99: number;
};

/** Milliseconds that are waited for what is still under way at the end. */
const GRACE_MS = 5_000;

type Lane = { socket: Socket; due: number; sent: number; received: Buffer };

const offer = JSON.parse(process.argv[2] ?? "") as Offer;
const bodies = readFileSync(offer.file, "utf8").trimEnd().split("\n");
const requests = bodies.map((body) => Buffer.from(`${head(body)}${body}`));
const { hostname, port } = new URL(offer.url);
const idle: Lane[] = [];
const waiting: number[] = [];
const busy = new Set<Lane>();
const byStatus: Record<string, number> = {};
const [took, tookFromSent, refused]: [number[], number[], number[]] = [[], [], []];
let [next, due, unanswered, withoutRetryAfter, first] = [0, 0, 0, 0, 0];
let isOver = false;

function head(body: string): string {
  const lines = Object.entries({ ...offer.headers, "Content-Length": Buffer.byteLength(body) });
  return `POST ${offer.path} HTTP/1.1\r\nHost: a\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

function openLane(): void {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const lane: Lane = { socket, due: 0, sent: 0, received: Buffer.alloc(0) };
  socket.once("connect", () => free(lane));
  socket.on("data", (piece: Buffer) => take(lane, piece));
  socket.on("error", () => socket.destroy());
  socket.once("close", () => {
    const at = idle.indexOf(lane);
    if (at >= 0) idle.splice(at, 1);
    if (busy.delete(lane)) unanswered += 1;
    if (!isOver) openLane();
  });
}

function free(lane: Lane): void {
  const since = waiting[first];
  if (since !== undefined) {
    first += 1;
    send(lane, since);
  } else if (offer.perSecond === null && !isOver) {
    due += 1;
    send(lane, performance.now());
  } else idle.push(lane);
}

function send(lane: Lane, since: number): void {
  lane.due = since;
  lane.sent = performance.now();
  busy.add(lane);
  lane.socket.write(requests[next++ % requests.length]!);
}

function take(lane: Lane, piece: Buffer): void {
  lane.received = lane.received.length === 0 ? piece : Buffer.concat([lane.received, piece]);
  const { received } = lane;
  const end = received.indexOf("\r\n\r\n");
  if (end === -1) return;
  const text = received.toString("latin1", 0, end);
  const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
  // In chunks: no answer of a batch holds this within.
  if (length === undefined ? !received.subarray(-5).equals(LAST_CHUNK) : received.length < end + 4 + Number(length))
    return;
  lane.received = Buffer.alloc(0);
  busy.delete(lane);
  const now = performance.now();
  const status = text.slice(9, 12);
  byStatus[status] = (byStatus[status] ?? 0) + 1;
  if (status[0] === "2") {
    took.push(now - lane.due);
    tookFromSent.push(now - lane.sent);
  } else {
    refused.push(now - lane.sent);
    if (!/\r\nretry-after: \d/i.test(text)) withoutRetryAfter += 1;
  }
  free(lane);
}

function percentile(sorted: Float64Array, share: number): number {
  return sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

const LAST_CHUNK = Buffer.from("0\r\n\r\n");
for (let i = 0; i < offer.connections; i++) openLane();
const began = performance.now();
const endsAt = began + offer.seconds * 1000;
const ticking = setInterval(() => {
  const now = performance.now();
  if (now >= endsAt) {
    clearInterval(ticking);
    finish();
    return;
  }
  if (offer.perSecond === null) return;
  for (const all = Math.floor(((now - began) / 1000) * offer.perSecond); due < all; due++) {
    const since = began + (due * 1000) / offer.perSecond;
    const lane = idle.pop();
    if (lane) send(lane, since);
    else waiting.push(since);
  }
}, 1);

function finish(): void {
  const seconds = (performance.now() - began) / 1000;
  isOver = true;
  const neverSent = waiting.length - first;
  first = waiting.length;
  const deadline = performance.now() + GRACE_MS;
  const draining = setInterval(() => {
    if (busy.size > 0 && performance.now() < deadline) return;
    clearInterval(draining);
    const all = Float64Array.from(took).sort();
    const report: Offered = {
      seconds,
      due,
      byStatus,
      withoutRetryAfter,
      neverSent,
      unanswered: unanswered + busy.size,
      p50: percentile(all, 0.5),
      p99: percentile(all, 0.99),
      slowest: percentile(all, 1),
      sentP99: percentile(Float64Array.from(tookFromSent).sort(), 0.99),
      refusedP99: percentile(Float64Array.from(refused).sort(), 0.99),
    };
    process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
  }, 5);
}
