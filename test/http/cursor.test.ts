import { expect } from "chai";
import { errorOf, type Members, read, record, send, verified } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

/** Every list that can be long, and what its entries are called. */
const LISTS = [
  { path: "/balance/customers", entries: "customers", name: "customerId", filled: true },
  ...["lastDelta&order=desc", "firstDelta&order=desc", "deltas", "balance&order=desc"].map((sort) => ({
    path: `/balance/customers?sort=${sort}`,
    entries: "customers",
    name: "customerId",
    filled: true,
  })),
  { path: "/balance/derive/c0", entries: "deltas", name: "recordId", filled: true },
  { path: "/balance/customers/c0/receipts", entries: "receipts", name: "recordId", filled: true },
  { path: "/balance/checkpoints", entries: "checkpoints", name: "checkpointId", filled: true },
  { path: "/anchors", entries: "anchors", name: "index", filled: true },
  { path: "/balance/webhooks", entries: "deliveries", name: "id", filled: false },
] as const;

describe("lists by cursor", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let caller: { url: string; key: string };

  before(async () => {
    server = await startServer(dir);
    caller = { url: server.url, key: apiKeyOf(dir) };
    for (let i = 0; i < 7; i++) {
      const last = await record(caller, { customerId: "c0", delta: i + 1, reason: "r" });
      await record(caller, { customerId: `c${i + 1}`, delta: 1, reason: "r" });
      await send(server.url, {
        method: "POST",
        path: "/api/v1/balance/checkpoint",
        key: caller.key,
        body: { customerId: `c${i}` },
      });
      if (i % 3 === 0) await verified(caller, last.recordId);
    }
  });
  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  for (const { path, entries, name, filled } of LISTS) {
    it(`${path}: the pages together are the whole list`, async () => {
      const whole = (await read(caller, asking(path, "limit=100")))[entries] as Members[];
      if (filled) expect(whole).to.have.length.greaterThan(2);
      const paged: Members[] = [];
      let query = "limit=2";
      for (;;) {
        const page = await read(caller, asking(path, query));
        paged.push(...(page[entries] as Members[]));
        if (page.pagination.nextCursor === null) break;
        query = `limit=2&cursor=${page.pagination.nextCursor}`;
      }
      expect(paged.map((entry) => entry[name])).to.deep.equal(whole.map((entry) => entry[name]));
    });

    it(`${path}: a cursor that is none, or that comes with an offset, is refused`, async () => {
      const ask = (query: string) => send(server.url, { path: asking(`/api/v1${path}`, query), key: caller.key });
      expect(errorOf(await ask("cursor=AAAA"))).to.have.property("code", "VALIDATION_ERROR");
      const place = entries === "customers" ? "page=2" : "offset=1";
      expect(errorOf(await ask(`cursor=AAAA&${place}`))).to.have.property("code", "INVALID_SCOPE_COMBINATION");
    });
  }
});

function asking(path: string, query: string): string {
  return path + (path.includes("?") ? "&" : "?") + query;
}
