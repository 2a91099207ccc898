import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { recordRequest } from "#src/wire/delta.ts";
import { removeDirectory, temporaryDirectory } from "#test/http/server.ts";
import { deltaTexts, drawn, inTurn } from "../../scripts/bench/deltas.ts";
import { applyLoad, type Engine, type Load, writeLines } from "../../scripts/bench/load.ts";
import { hasWrk } from "../../scripts/bench/machine.ts";

const ENGINES: readonly Engine[] = hasWrk() ? ["wrk", "autocannon"] : ["autocannon"];

for (const engine of ENGINES) {
  describe(`a load made by ${engine}`, () => {
    const dir = temporaryDirectory();
    const seen = {
      requests: 0,
      bodies: new Set<string>(),
      keys: new Set<string>(),
      methods: new Set<string>(),
      apiKeys: new Set<unknown>(),
    };
    let server: Server;
    let url: string;

    before(async () => {
      server = createServer((request, response) => {
        textOf(request).then(
          (body) => {
            seen.requests++;
            seen.bodies.add(body);
            seen.keys.add(String(request.headers["idempotency-key"]));
            seen.methods.add(`${request.method} ${request.url}`);
            seen.apiKeys.add(request.headers["x-api-key"]);
            // One in a hundred is refused there.
            response.writeHead(request.url === "/moody" && seen.requests % 100 === 0 ? 503 : 201).end("{}");
          },
          (error: unknown) => response.destroy(error as Error),
        );
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });

    beforeEach(() => {
      seen.requests = 0;
      for (const set of [seen.bodies, seen.keys, seen.methods, seen.apiKeys]) set.clear();
    });

    after(() => {
      server.close();
      server.closeAllConnections();
      removeDirectory(dir);
    });

    function apply(path: string, more: Partial<Load> = {}) {
      const file = writeLines(dir, "bodies", ['{"a":1}', '{"a":"2 \\u00e9 \\""}']);
      const headers = { "X-Api-Key": "a key" };
      const load = {
        name: "load",
        url,
        method: "POST",
        path,
        headers,
        file,
        connections: 4,
        seconds: 1,
        ...more,
      } as const;
      return applyLoad(load, { dir, engine, signal: new AbortController().signal });
    }

    it("sends every body as it stands in the file, with the headers, and counts what was answered", async () => {
      const { requests, perSecond, p50, p99 } = await apply("/delta");
      expect([...seen.bodies].sort()).to.deep.equal(['{"a":"2 \\u00e9 \\""}', '{"a":1}']);
      expect([...seen.methods]).to.deep.equal(["POST /delta"]);
      expect([...seen.apiKeys]).to.deep.equal(["a key"]);
      // The last on each connection may be cut off.
      expect(requests).to.be.within(seen.requests - 4, seen.requests);
      expect(perSecond).to.be.greaterThan(0);
      expect(p99).to.be.at.least(p50);
    });

    it("gives each request an idempotency key of its own where it has to", async () => {
      await apply("/delta", { keys: "round-1-" });
      expect(seen.keys.size).to.equal(seen.requests);
      expect([...seen.keys].every((key) => /^round-1-\d+$/.test(key))).to.equal(true);
    });

    it("of GET asks for the paths of the file", async () => {
      const file = writeLines(dir, "paths", ["/a", "/b?c=1"]);
      await apply("/", { method: "GET", file });
      expect([...seen.methods].sort()).to.deep.equal(["GET /a", "GET /b?c=1"]);
    });

    it("fails for answers that are no success", async () => {
      const failure = await apply("/moody").then(
        () => "none",
        (error: Error) => error.message,
      );
      expect(failure).to.match(/^load: \d+ of \d+ requests failed$/);
    });
  });
}

describe("the deltas of a load", () => {
  it("are real requests to a language model, priced by the token to the millionth", () => {
    const [first, second] = [...deltaTexts({ count: 2, customerOf: inTurn(10) })].map((text) => JSON.parse(text));
    expect(first).to.deep.equal({
      customerId: "cust_000000",
      delta: "-0.001782",
      reason: "llm_request",
      referenceId: "req-0",
      metadata: { at: "2023-11-16T18:15:46.680Z", promptTokens: 374, generatedTokens: 44 },
    });
    expect(second).to.include({ customerId: "cust_000001", delta: "-0.002823" });
  });

  it("are what the API takes, each of them", () => {
    const refused = [...deltaTexts({ count: 2_500, customerOf: drawn(100) })].filter(
      (text) => !recordRequest.safeParse(JSON.parse(text)).success,
    );
    expect(refused).to.deep.equal([]);
  });

  it("are of all customers, and of the same ones in every run", () => {
    const [once, again] = [drawn(100), drawn(100)].map((customerOf) =>
      Array.from({ length: 2_000 }, (_, n) => customerOf(n)),
    );
    expect(once).to.deep.equal(again);
    expect(new Set(once).size).to.equal(100);
    expect(Math.max(...once!)).to.equal(99);
  });
});

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
