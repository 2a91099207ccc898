import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Call = { readonly id: number; readonly method: string; readonly params: readonly unknown[] };
/** An HTTP answer as it goes out. */
export type Answer = { readonly status: number; readonly body: string; readonly headers?: Record<string, string> };
export type Way = {
  /** Asks the real network, as often as it is called: another call in place of the one that came in if given. */
  truth(call?: Call): Promise<{ result?: unknown; error?: unknown }>;
  /** Counts the request as one that has met the trouble: for trouble that ends with it. */
  meets(): void;
  /** Resolves when the trouble is over. */
  readonly over: Promise<void>;
};
/** What happens to one request: another answer, `reset` for a connection that breaks, `truth` after something else; undefined for nothing. */
export type Trouble = (call: Call, way: Way) => Promise<Answer | "reset" | "truth" | undefined>;

/** Trouble that has begun. */
export type Begun = {
  /** How many requests have met it. */
  met(): number;
  end(): void;
};

/** An endpoint between a server and its network, which does what endpoints do to people. */
export type FaultyEndpoint = {
  readonly url: string;
  /** Brings trouble about from now on. */
  begin(trouble: Trouble): Begun;
  /** Signed transactions that the server has sent, in the order in which they came by first. */
  readonly sent: string[];
  /** Waits for what is on its way. */
  stop(): Promise<void>;
};

export async function startProxy(target: string): Promise<FaultyEndpoint> {
  let trouble: { meets: Trouble; met: number; over: PromiseWithResolvers<void> } | undefined;
  const sent: string[] = [];
  const underWay = new Set<Promise<void>>();

  async function forward(call: Call): Promise<{ result?: unknown; error?: unknown }> {
    const headers = { "content-type": "application/json" };
    const response = await fetch(target, {
      method: "POST",
      headers,
      body: JSON.stringify({ jsonrpc: "2.0", ...call }),
    });
    return (await response.json()) as { result?: unknown; error?: unknown };
  }

  async function answer(call: Call, response: ServerResponse): Promise<void> {
    const now = trouble;
    let hasMet = false;
    const meets = () => {
      if (now && !hasMet) now.met += 1;
      hasMet = true;
    };
    const way = { truth: (other = call) => forward(other), over: now?.over.promise ?? Promise.resolve(), meets };
    const instead = await now?.meets(call, way);
    if (instead) meets();
    if (instead === "reset") return void response.destroy();
    if (instead && instead !== "truth")
      return void response.writeHead(instead.status, instead.headers).end(instead.body);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(await forward(call)));
  }

  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const call = JSON.parse(Buffer.concat(parts).toString()) as Call;
    const raw = call.params[0];
    if (call.method === "eth_sendRawTransaction" && typeof raw === "string" && !sent.includes(raw)) sent.push(raw);
    const answering = answer(call, response);
    underWay.add(answering);
    await answering;
    underWay.delete(answering);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A drill that cannot be done ends all the same.
  server.unref();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    begin(meets) {
      const begun = { meets, met: 0, over: Promise.withResolvers<void>() };
      trouble = begun;
      return {
        met: () => begun.met,
        end() {
          trouble = undefined;
          begun.over.resolve();
        },
      };
    },
    async stop() {
      trouble?.over.resolve();
      server.close();
      await Promise.all(underWay);
      server.closeAllConnections();
    },
  };
}

/** A JSON-RPC answer with this result. */
export const result = ({ id }: Call, value: unknown): Answer => ({
  status: 200,
  body: JSON.stringify({ jsonrpc: "2.0", id, result: value }),
});

/** A JSON-RPC answer that refuses. */
export const refusal = ({ id }: Call, code: number, message: string, status = 200): Answer => ({
  status,
  body: JSON.stringify({ jsonrpc: "2.0", id, error: { code, message } }),
});
