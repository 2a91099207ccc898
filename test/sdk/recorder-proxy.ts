import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What happens to one request on its way to the real server, or to the answer on its way back. */
export type Fault =
  /** Nothing. */
  | "none"
  /** The connection breaks before the server has seen the request. */
  | "cut"
  /** The server does its work, and the connection breaks before the answer. */
  | "lost"
  /** Half of the answer arrives, then the connection breaks. */
  | "half"
  /** Half of the answer arrives, and the connection says that this was all. */
  | "half, whole by its length"
  /** What stands before a server that is away says so, in words of its own. */
  | "unavailable"
  /** The server does its work, and something else answers for it. */
  | "replaced"
  /** The server does its work, and no answer comes. */
  | "silent";

export const FAULTS = [
  "cut",
  "lost",
  "half",
  "half, whole by its length",
  "unavailable",
  "replaced",
  "silent",
] as const satisfies readonly Fault[];

/** A batch as it went by. */
export type Seen = { idempotencyKey: string; deltas: { customerId: string; idempotencyKey?: string }[] };

export type FaultyWay = {
  url: string;
  /** Faults of the next requests, one each; later ones go through. */
  faults: Fault[];
  /** Awaited before each request is passed on. */
  hold: (seen: Seen) => Promise<void> | void;
  seen: Seen[];
  /** Most requests that were under way at a time. */
  most: number;
  /** Customers that were in two requests at a time. */
  overlaps: string[];
  close: () => Promise<void>;
};

/** A way to the real server on which things go wrong as they are told to. */
export async function startProxy(target: string): Promise<FaultyWay> {
  const underWay = new Set<Seen>();
  const proxy: FaultyWay = {
    url: "",
    faults: [],
    hold: () => {},
    seen: [],
    most: 0,
    overlaps: [],
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const { deltas } = JSON.parse(body) as Pick<Seen, "deltas">;
    const seen = { idempotencyKey: String(request.headers["idempotency-key"]), deltas };
    note(seen);
    await proxy.hold(seen);
    await pass({ request, response, body, target, fault: proxy.faults.shift() ?? "none" });
    underWay.delete(seen);
  });

  function note(seen: Seen): void {
    const now = new Set([...underWay].flatMap(({ deltas }) => deltas.map(({ customerId }) => customerId)));
    for (const { customerId } of seen.deltas) if (now.has(customerId)) proxy.overlaps.push(customerId);
    underWay.add(seen);
    proxy.seen.push(seen);
    proxy.most = Math.max(proxy.most, underWay.size);
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}

type Passing = { request: IncomingMessage; response: ServerResponse; body: string; target: string; fault: Fault };

async function pass({ request, response, body, target, fault }: Passing): Promise<void> {
  if (fault === "cut") {
    request.socket.destroy();
    return;
  }
  if (fault === "unavailable") {
    response.writeHead(503, { "Retry-After": "0" }).end("<h1>back soon</h1>");
    return;
  }
  const { "x-api-key": key, "idempotency-key": idempotencyKey } = request.headers;
  const headers = {
    "Content-Type": "application/json",
    "X-Api-Key": String(key),
    "Idempotency-Key": String(idempotencyKey),
  };
  const answer = await fetch(target + request.url, { method: "POST", headers, body });
  const text = await answer.text();
  const half = text.slice(0, text.length / 2);
  switch (fault) {
    case "none":
      response.writeHead(answer.status, { "Content-Type": "application/json" }).end(text);
      return;
    case "lost":
      request.socket.destroy();
      return;
    case "half":
      response.writeHead(answer.status, { "Content-Length": Buffer.byteLength(text) });
      response.write(half, () => request.socket.destroy());
      return;
    case "half, whole by its length":
      response.writeHead(answer.status).end(half);
      return;
    case "replaced":
      response.writeHead(200).end('{"success":true,"data":{"results":[]}}');
      return;
    case "silent":
      return;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}
