/** The port everybody talks to the embedded chain through, this server's own publisher included. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ChainStartError, RPC } from "./errors.ts";
import { answerText, type Call, errorText } from "./json-rpc.ts";

const MAX_BODY_BYTES = 2 * 1024 * 1024;

/** How long requests in progress may take when the server stops, in milliseconds; connections are cut after it. */
const STOP_PATIENCE = 2000;

/** Any page may read: there is nothing here but a public chain. */
const CORS = { "access-control-allow-origin": "*" };

/** What a browser hears before it sends a page's question: also that a page from elsewhere may ask a machine of its own network. */
const PREFLIGHT = {
  "access-control-allow-methods": "POST",
  "access-control-allow-headers": "*",
  "access-control-allow-private-network": "true",
  "access-control-max-age": "600",
};

export interface RpcServer {
  port: number;
  /** From now on requests are answered; those before were told to come back. */
  serve(call: Call): void;
  stop(): Promise<void>;
}

/** Takes the port; 0 takes a free one. Errors: CHAIN_PORT_IN_USE, CHAIN_PORT_REFUSED. */
export async function listen(host: string, port: number): Promise<RpcServer> {
  let call: Call | undefined;
  const server = createServer((request, response) => {
    respond(request, response, call).catch((error: Error) => response.destroy(error));
  });
  await bind(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    serve(ready) {
      call = ready;
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const impatience = setTimeout(() => server.closeAllConnections(), STOP_PATIENCE);
      await closed;
      clearTimeout(impatience);
    },
  };
}

async function bind(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => {
      const inUse = error.code === "EADDRINUSE";
      const message = inUse
        ? `port ${port} on ${host} is in use: is the server running already, or a Hardhat node?`
        : `port ${port} on ${host} cannot be opened: ${error.message}`;
      reject(new ChainStartError(inUse ? "CHAIN_PORT_IN_USE" : "CHAIN_PORT_REFUSED", message, { cause: error }));
    };
    server.once("error", refuse);
    server.listen({ port, host, exclusive: true }, () => {
      server.off("error", refuse);
      resolve();
    });
  });
}

async function respond(request: IncomingMessage, response: ServerResponse, call: Call | undefined): Promise<void> {
  if (request.method === "OPTIONS") return reply(response, 204, undefined, PREFLIGHT);
  if (request.method === "GET") {
    return reply(response, 200, JSON.stringify({ service: "embedded chain", protocol: "JSON-RPC 2.0 over POST" }));
  }
  if (request.method !== "POST") return reply(response, 405, errorText(RPC.INVALID_REQUEST, "POST a JSON-RPC request"));
  const body = await readBody(request);
  if (body === undefined) {
    const message = `the body is longer than ${MAX_BODY_BYTES} bytes`;
    return reply(response, 413, errorText(RPC.LIMIT_EXCEEDED, message));
  }
  if (call === undefined) return reply(response, 503, errorText(RPC.RESOURCE_UNAVAILABLE, "the chain is starting"));
  const text = await answerText(body, call);
  return text === undefined ? reply(response, 204) : reply(response, 200, text);
}

/** Undefined when it is too long; the rest is read and dropped, so that the sender hears why. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return length <= MAX_BODY_BYTES ? Buffer.concat(chunks).toString("utf8") : undefined;
}

function reply(response: ServerResponse, status: number, body?: string, more: Record<string, string> = {}): void {
  const type = body === undefined ? {} : { "content-type": "application/json" };
  response.writeHead(status, { ...CORS, ...more, ...type });
  response.end(body);
}
