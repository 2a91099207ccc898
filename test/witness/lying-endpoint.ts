import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export type Call = { id: number; method: string; params: unknown[] };
/** What goes out instead: a JSON-RPC answer, or a whole HTTP answer. */
export type Answer = { result: unknown } | { error: { code: number; message: string } } | Page;
export type Page = { status: number; body: string; headers?: Record<string, string> };
/** What is answered instead of the truth; undefined for the truth. */
export type Lie = (call: Call, truth: { result?: unknown }) => Answer | undefined;

/** Here it tells the truth, whatever it says elsewhere: who follows it here has left the endpoint that was asked. */
export const TRUTH = "/truth";

/** An endpoint of our own in front of a real one: it forwards every call, and may answer something else. */
export type LyingEndpoint = {
  url: string;
  lie: Lie;
  /** The methods that it was asked for, in order, and the headers of the last request. */
  asked: string[];
  headers: IncomingHttpHeaders;
  stop(): void;
};

export async function startLyingEndpoint(target: string): Promise<LyingEndpoint> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    const call = JSON.parse(body) as Call;
    endpoint.asked.push(call.method);
    endpoint.headers = request.headers;
    const headers = { "content-type": "application/json" };
    const truth = (await (await fetch(target, { method: "POST", headers, body })).json()) as { result?: unknown };
    const lie = request.url === TRUTH ? undefined : endpoint.lie(call, truth);
    if (lie && "body" in lie) {
      response.writeHead(lie.status, lie.headers).end(lie.body);
      return;
    }
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(lie ? { jsonrpc: "2.0", id: call.id, ...lie } : truth));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint: LyingEndpoint = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lie: () => undefined,
    asked: [],
    headers: {},
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
  return endpoint;
}

/** Lies to one method, by what it would truly answer. */
export function about(method: string, answer: (truth: never) => unknown): Lie {
  return (call, { result }) => (call.method === method ? { result: answer(result as never) } : undefined);
}
