import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Seen = { method: string; url: string; key: string | undefined; at: number; body: string };
/** Answers a request, or leaves it; `forward` hands it to the real server. */
export type Fault = (
  response: ServerResponse,
  forward: () => Promise<{ status: number; body: string }>,
) => unknown | Promise<unknown>;

/** A server in front of the real one: each request meets the next fault of the list, and without one goes through. */
export type FaultyServer = { url: string; faults: Fault[]; seen: Seen[]; stop(): void };

export async function startFaultyServer(target: string): Promise<FaultyServer> {
  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    const key = request.headers["idempotency-key"] as string | undefined;
    faulty.seen.push({ method: request.method!, url: request.url!, key, at: Date.now(), body });
    const forward = async () => {
      const { method, headers } = request;
      const { host: _, "content-length": __, connection: ___, ...rest } = headers as Record<string, string>;
      const answer = await fetch(target + request.url, { method: method!, headers: rest, ...(body && { body }) });
      return { status: answer.status, body: await answer.text() };
    };
    const fault = faulty.faults.shift();
    if (fault) return void (await fault(response, forward));
    const answer = await forward();
    response.writeHead(answer.status, { "Content-Type": "application/json" }).end(answer.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const faulty: FaultyServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults: [],
    seen: [],
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
  return faulty;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
