import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { ROUTES } from "#src/http/route-table.ts";
import { dataOf, eventually, type Members, read, record, send, type Target, verified } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

/** Two tenants with the same customer ids in one server: what one has is not there for the other, whatever it asks. */

const SHARED = "cust_001";
/** What only the first tenant's record has in it. */
const MARKS = ["mark-reason", "mark-reference", "mark-plan", "4242.4242"];

describe("two tenants with the same customers", () => {
  const dir = temporaryDirectory();
  const delivered: string[] = [];
  let receiver: HttpServer;
  let server: Server;
  let first: Target & { key: string };
  let second: Target & { key: string };
  /** Everything that names something of the first tenant's. */
  let names: Record<string, string>;

  before(async () => {
    receiver = createServer((request, response) => {
      request.setEncoding("utf8").on("data", (chunk: string) => delivered.push(chunk));
      request.on("end", () => response.end());
    }).listen(0, "127.0.0.1");
    server = await startServer(dir, { TALLYROOT_WEBHOOK_ALLOW_PRIVATE: "true" });
    first = { url: server.url, key: apiKeyOf(dir) };
    const post = async (caller: { key: string }, path: string, body: Members) =>
      dataOf(await send(server.url, { method: "POST", path: `/api/v1${path}`, key: caller.key, body }));
    const made = await post(first, "/tenants", { name: "tenant-two" });
    second = { url: server.url, key: made.apiKey };
    const { port } = receiver.address() as AddressInfo;
    await post(second, "/webhooks", {
      url: `http://127.0.0.1:${port}/hook`,
      events: ["delta.verified", "checkpoint.verified"],
    });

    const marked = { customerId: SHARED, delta: 4242.4242, reason: "mark-reason", referenceId: "mark-reference" };
    const delta = await record(first, { ...marked, metadata: { plan: "mark-plan" } });
    await record(first, { ...marked, customerId: "mark-customer" });
    const own = await record(second, { customerId: SHARED, delta: 1, reason: "own" });
    const checkpoint = await post(first, "/balance/checkpoint", { customerId: SHARED });
    const endpoint = await post(first, "/webhooks", {
      url: `http://127.0.0.1:${port}/other`,
      events: ["anchor.confirmed"],
    });
    const key = await post(first, "/keys", { scope: "read", label: "mark-label" });
    await verified(first, delta.recordId);
    await verified(second, own.recordId);
    await eventually("the second's delivery", async () =>
      delivered.join("").includes(own.recordId) ? true : undefined,
    );
    names = {
      customerId: "mark-customer",
      recordId: delta.recordId,
      fingerprint: delta.receiptId,
      checkpointId: checkpoint.checkpointId,
      publicId: key.publicId,
      id: endpoint.id,
      eventId: "evt_none",
      index: "1",
      file: "page.html",
      ledger: delta.ledgerIdentifier,
      proofRoot: checkpoint.proofRoot,
    };
  });
  after(async () => {
    await server.stop();
    receiver.close();
    removeDirectory(dir);
  });

  function bodyFor(path: string, customerId: string, fingerprint: string): Members {
    if (path.endsWith("/heads")) return { customerId, heads: [{ sequence: 1 }] };
    if (path.endsWith("/compare")) return { customerId, yours: [{ receiptId: fingerprint }] };
    if (path.endsWith("/checkpoint")) return { mode: "selection", fingerprints: [fingerprint] };
    return { customerId };
  }

  /** A text that the second tenant got, with what it sent itself taken out. */
  function expectNothingOfTheFirst(what: string, text: string, sent: string): void {
    const told = [...MARKS, "mark-label", ...Object.values(names).filter((name) => name.length > 12)];
    const found = told.filter((mark) => !sent.includes(mark) && text.toLowerCase().includes(mark.toLowerCase()));
    expect(found, `${what}: ${text.slice(0, 300)}`).to.deep.equal([]);
  }

  it("find nothing of each other by searching", async () => {
    for (const search of ["mark", "MARK-CUSTOMER", names.ledger!, names.ledger!.slice(2, 12)]) {
      const { customers } = await read(second, `/balance/customers?search=${search}`);
      expect(customers, search).to.deep.equal([]);
    }
    const { customers } = await read(second, "/balance/customers?search=cust");
    expect((customers as Members[]).map(({ customerId, totalDeltas }) => [customerId, totalDeltas])).to.deep.equal([
      [SHARED, 1],
    ]);
  });

  it("are not named in metrics, and a webhook of one tells nothing of the other", async () => {
    const metrics = await send(server.url, { path: "/metrics" });
    expect(metrics.status).to.equal(200);
    for (const text of [metrics.text, delivered.join("\n")]) expectNothingOfTheFirst("told", text, "");
    expect(metrics.text).not.to.include("tenant-two").and.not.to.include(SHARED);
  });

  // Last, for it tries the routes that take things away as well.
  it("tell each other nothing through any route that takes a key, by any name", async () => {
    let asked = 0;
    for (const line of ROUTES) {
      if (line.access === "public" || line.takes === "lines") continue;
      for (const customerId of [SHARED, names.customerId!]) {
        for (const fingerprint of [names.fingerprint!, names.proofRoot!]) {
          const own: Record<string, string> = { ...names, customerId, fingerprint };
          const path = line.path.replace(/:(\w+)/g, (_, name: string) => own[name] ?? "none");
          const body = bodyFor(line.path, customerId, fingerprint);
          const reply = await send(server.url, {
            method: line.method,
            path,
            key: second.key,
            ...(line.body && { body }),
          });
          expect(reply.status, `${line.method} ${path}`).to.be.lessThan(500);
          expectNothingOfTheFirst(`${line.method} ${path}`, reply.text, path + JSON.stringify(body));
          asked += 1;
        }
      }
    }
    expect(asked).to.be.greaterThan(100);
  });
});
