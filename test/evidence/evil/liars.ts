import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Somebody in between who forwards what he is asked to the honest one, and answers what he likes. */
export type Liar = { url: string; stop(): Promise<void> };

async function listen(server: Server): Promise<Liar> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** What a lying endpoint makes of an answer: the result that it gives instead. */
export type RpcLie = (method: string, params: readonly unknown[], result: unknown) => unknown;

/** A JSON-RPC endpoint that lies. */
export function startLyingRpc(target: string, lie: RpcLie): Promise<Liar> {
  return listen(
    createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const body = Buffer.concat(parts).toString();
      const { method, params } = JSON.parse(body) as { method: string; params: unknown[] };
      const headers = { "content-type": "application/json" };
      const answer = await (await fetch(target, { method: "POST", headers, body })).json();
      const { id, result } = answer as { id: number; result: unknown };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ jsonrpc: "2.0", id, result: lie(method, params, result) }));
    }),
  );
}

/** An API that says what it likes: what it answers instead of the honest server's text. */
export function startLyingApi(target: string, lie: (path: string, text: string) => string): Promise<Liar> {
  return listen(
    createServer(async (request, response) => {
      const answer = await fetch(target + request.url, { headers: { accept: request.headers.accept ?? "*/*" } });
      response.setHeader("content-type", answer.headers.get("content-type") ?? "text/plain");
      response.end(lie(request.url ?? "", await answer.text()));
    }),
  );
}
