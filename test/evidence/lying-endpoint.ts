import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Call = { id: number; method: string; params: unknown[] };
/** What is answered in place of the chain's answer: another JSON value, or anything at all; undefined lets the chain answer. */
export type Lie = (
  call: Call,
  honest: () => Promise<Answer>,
) => Promise<Answer | Raw | undefined> | Answer | Raw | undefined;
export type Answer = { result?: unknown; error?: unknown };
export type Raw = { status: number; body: string; location?: string };

/** An endpoint that stands between a verifier and the chain, and tells one lie at a time. */
export async function startLyingEndpoint(target: string) {
  let lie: Lie = () => undefined;
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    const call = JSON.parse(body) as Call;
    const honest = async (): Promise<Answer> => {
      const init = { method: "POST", headers: { "content-type": "application/json" }, body };
      return (await (await fetch(target, init)).json()) as Answer;
    };
    // The truth is told at another path: who follows there has left the endpoint.
    const told = request.url === "/" ? await lie(call, honest) : undefined;
    answer(response, call, told ?? (await honest()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    tell(next: Lie) {
      lie = next;
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function answer(response: ServerResponse, { id }: Call, told: Answer | Raw): void {
  if ("body" in told) {
    if (told.location !== undefined) response.setHeader("location", told.location);
    response.writeHead(told.status).end(told.body);
    return;
  }
  const { result, error } = told;
  const body = error === undefined ? { result } : { error };
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ jsonrpc: "2.0", id, ...body }));
}
