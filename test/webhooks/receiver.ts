import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** One request as a receiver saw it. */
export type Received = { path: string; headers: IncomingHttpHeaders; body: string; at: number };

/** What a receiver does with a request; what it is given has been read whole. */
export type Behaviour = (response: ServerResponse, received: Received) => void;

/** A real receiver on the loopback address. */
export type Receiver = {
  url: string;
  received: Received[];
  behave: Behaviour;
  /** Requests under way at once, at most so far. */
  most: number;
  /** Waits until so many requests have come. */
  until(count: number): Promise<Received[]>;
  stop(): Promise<void>;
};

const PATIENCE_MS = 10_000;

export const answer =
  (status: number, headers: Record<string, string> = {}): Behaviour =>
  (response) =>
    response.writeHead(status, headers).end();

export async function startReceiver(behave: Behaviour = answer(200)): Promise<Receiver> {
  let underWay = 0;
  const server = createServer(async (request, response) => {
    underWay += 1;
    receiver.most = Math.max(receiver.most, underWay);
    response.on("close", () => {
      underWay -= 1;
    });
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const received = {
      path: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(parts).toString(),
      at: performance.now(),
    };
    receiver.received.push(received);
    receiver.behave(response, received);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received: [],
    behave,
    most: 0,
    async until(count) {
      const end = performance.now() + PATIENCE_MS;
      while (receiver.received.length < count) {
        if (performance.now() > end)
          throw new Error(`${receiver.received.length} of ${count} requests came within ${PATIENCE_MS} ms`);
        await sleep(5);
      }
      return receiver.received;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return receiver;
}
