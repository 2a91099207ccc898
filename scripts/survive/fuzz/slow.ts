import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../drill.ts";
import type { Server } from "../server.ts";
import { type Connection, openConnection } from "./connection.ts";
import { complaint } from "./judge.ts";

/** Clients of each kind, but for those that are idle. */
const CLIENTS = 20;
const IDLE = 1_000;
/** Milliseconds between two bytes of a slow client. */
const DRIP_MS = 1_000;
/** Milliseconds after which a head that has not come must be refused: what the server gives it, and some. */
const HEAD_MS = 40_000;
/** The same of a body. */
const BODY_MS = 90_000;
/** Milliseconds in which a connection must be over whose client has ended its half. */
const HALF_MS = 10_000;
/** Bytes that a client sends at most that never reads, and those of them that a server may take that is not read from. */
const FLOOD_BYTES = 64 * 1024 * 1024;
const MOST_TAKEN = 16 * 1024 * 1024;
const FLOOD_MS = 5_000;

const POST = (apiKey: string, length: number | string, path = "/api/v1/balance/delta") =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${apiKey}\r\nContent-Type: ${path.endsWith("stream") ? "application/x-ndjson" : "application/json"}\r\n${length === "chunked" ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`}\r\n\r\n`;

type Ground = { readonly server: Pick<Server, "url" | "apiKey">; readonly full: boolean; readonly signal: AbortSignal };

/** Everything that clients do who are slow, silent, or gone without a word, all of it at the same time. */
export async function slowClients(ground: Ground): Promise<Fault[]> {
  return Promise.all([slowHeads(ground), slowBodies(ground), halves(ground), neverReading(ground), idle(ground)]);
}

/** Sends a byte now and then, as long as the connection lives. */
async function drip(connection: Connection, head: string, byte: string, signal: AbortSignal): Promise<void> {
  connection.socket.write(head);
  while (connection.isOpen && !signal.aborted) {
    await sleep(DRIP_MS);
    if (connection.isOpen) connection.socket.write(byte);
  }
}

/** A head that comes a byte at a time is refused after its time, in words. */
async function slowHeads({ server, signal }: Ground): Promise<Fault> {
  const failures: string[] = [];
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, i) => {
      const connection = openConnection(server.url);
      const head = i % 2 === 0 ? "GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: " : "GET /he";
      const answering = connection.exchange("", [false], HEAD_MS);
      void drip(connection, head, "a", signal);
      const { answers, ended } = await answering;
      connection.close();
      const wrong = answers[0] && complaint(answers[0], false, []);
      if (answers[0]?.status !== 400 || wrong)
        failures.push(`a head of a byte a second: ${ended}, ${answers[0]?.status} ${wrong ?? ""}`);
    }),
  );
  return {
    name: "heads of a byte a second",
    tries: CLIENTS,
    figures: { refused: CLIENTS - failures.length },
    failures,
  };
}

/** A body that comes a byte at a time ends with its connection. In a small run nobody waits for that, and it only stands in the way. */
async function slowBodies({ server, full, signal }: Ground): Promise<Fault> {
  const waitMs = full ? BODY_MS : DRIP_MS * 10;
  let over = 0;
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      const connection = openConnection(server.url);
      void drip(connection, POST(server.apiKey, 10_000), " ", signal);
      const until = performance.now() + waitMs;
      while (connection.isOpen && performance.now() < until) await sleep(200, undefined, { signal });
      if (!connection.isOpen) over += 1;
      connection.close();
    }),
  );
  const failures =
    full && over < CLIENTS ? [`${CLIENTS - over} bodies of a byte a second went on for ${waitMs} ms`] : [];
  return { name: "bodies of a byte a second", tries: CLIENTS, figures: { "cut off": over }, failures };
}

/** Clients that end their half, or are gone, in the middle of a head or of a body. */
async function halves({ server, signal }: Ground): Promise<Fault> {
  const begun = [
    "GET /healthz HTTP/1.1\r\nHo",
    `${POST(server.apiKey, 500)}{"customerId":`,
    POST(server.apiKey, "chunked"),
  ];
  let over = 0;
  await Promise.all(
    Array.from({ length: CLIENTS * begun.length }, async (_, i) => {
      const connection = openConnection(server.url);
      connection.socket.write(begun[i % begun.length]!);
      await sleep(DRIP_MS, undefined, { signal });
      if (i < begun.length * (CLIENTS / 2)) connection.socket.end();
      else connection.socket.resetAndDestroy();
      const until = performance.now() + HALF_MS;
      while (!connection.socket.closed && performance.now() < until) await sleep(50, undefined, { signal });
      if (connection.socket.closed) over += 1;
      connection.close();
    }),
  );
  const tries = CLIENTS * begun.length;
  const failures = over < tries ? [`${tries - over} connections stay open whose clients have ended their half`] : [];
  return { name: "half-open connections", tries, figures: { ended: over }, failures };
}

/** Clients that ask on and on and never read an answer: the server must stop taking what they send. */
async function neverReading({ server, signal }: Ground): Promise<Fault> {
  const line = `${JSON.stringify({ customerId: "fuzz_flood", delta: 1, reason: "r" })}\n`;
  const kinds: Record<string, { head: string; piece: string }> = {
    "answers of 100 KB": { head: "", piece: "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n".repeat(100) },
    refusals: { head: "", piece: `${POST(server.apiKey, 2)}{}`.repeat(100) },
    "a stream": { head: POST(server.apiKey, FLOOD_BYTES, "/api/v1/balance/delta/stream"), piece: line.repeat(200) },
  };
  const failures: string[] = [];
  const figures: Record<string, number> = {};
  await Promise.all(
    Object.entries(kinds).map(async ([kind, { head, piece }]) => {
      const { socket, close } = openConnection(server.url);
      socket.pause();
      socket.write(head);
      const until = performance.now() + FLOOD_MS;
      while (
        !socket.destroyed &&
        socket.bytesWritten - socket.writableLength < FLOOD_BYTES &&
        performance.now() < until
      ) {
        if (socket.writableLength < piece.length) socket.write(piece);
        await sleep(1, undefined, { signal });
      }
      const taken = socket.bytesWritten - socket.writableLength;
      if (taken > MOST_TAKEN) failures.push(`${taken} bytes were taken of a client that never reads ${kind}`);
      figures[`KB taken, ${kind}`] = taken / 1024;
      close();
    }),
  );
  return { name: "clients that never read", tries: Object.keys(kinds).length, figures, failures };
}

/** Connections over which nothing is asked, while others are served; a few of them are used in the end. */
async function idle({ server, full, signal }: Ground): Promise<Fault> {
  const failures: string[] = [];
  const connections = Array.from({ length: IDLE }, () => openConnection(server.url));
  await sleep(full ? HEAD_MS : 5_000, undefined, { signal });
  const open = connections.filter((one) => one.isOpen);
  const fresh = openConnection(server.url);
  const { answers } = await fresh.exchange("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", [false], HALF_MS);
  if (answers[0]?.status !== 200)
    failures.push(`beside ${open.length} idle connections /healthz is ${answers[0]?.status}`);
  for (const one of [...connections, fresh]) one.close();
  // What never asks is let go of, after the time that a head has.
  if (full && open.length > 0)
    failures.push(`${open.length} of ${IDLE} connections stay open over which nothing was asked`);
  return { name: "idle connections", tries: IDLE, figures: { "open at the end": open.length }, failures };
}
