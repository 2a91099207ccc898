import { createHash } from "node:crypto";
import { expect } from "chai";
import { dataOf, errorOf, eventually, type Members, type Reply, read, record, send, verified } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const FILE = "application/vnd.tallyroot.receipt+json";

describe("a receipt", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let key: string;
  let delta: Members;
  let checkpoint: Members;

  before(async () => {
    server = await startServer(dir);
    key = apiKeyOf(dir);
    const body = { customerId: "cust_001", delta: 12.5, reason: "usage", referenceId: "r-1", metadata: { a: 1 } };
    await record(target(), { ...body, delta: 1 });
    delta = await verified(target(), (await record(target(), body)).recordId);
    const made = await send(server.url, {
      path: "/api/v1/balance/checkpoint",
      key,
      body: { customerId: "cust_001" },
    });
    checkpoint = await eventually("the checkpoint VERIFIED", async () => {
      const found = await read(target(), `/balance/checkpoints/${dataOf(made).checkpointId}`);
      return found.status === "VERIFIED" ? found : undefined;
    });
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const target = () => ({ url: server.url, key });
  const paths = () => [
    `/api/v1/receipt/${delta.receiptId}`,
    `/api/v1/receipt/${checkpoint.proofRoot}`,
    `/api/v1/receipt/${checkpoint.proofRoot}?deltas=true`,
  ];
  const open = () => `/api/v1/balance/receipts/${delta.receiptId}`;
  const asFile = { Accept: FILE };
  const get = (path: string, headers: Record<string, string> = {}): Promise<Reply> =>
    send(server.url, { path, headers, ...(path.includes("/balance/") && { key }) });

  it("is a file with a name, and its ETag is the SHA-256 of its bytes", async () => {
    for (const [path, name] of [
      [paths()[0]!, delta.receiptId],
      [paths()[1]!, checkpoint.proofRoot],
      [open(), delta.receiptId],
    ]) {
      const { headers, text } = await get(path, asFile);
      expect(headers.get("Content-Disposition")).to.equal(`inline; filename="receipt-${name.slice(2, 14)}.json"`);
      expect(headers.get("ETag")).to.equal(`"${createHash("sha256").update(text).digest("hex")}"`);
    }
  });

  it("may be kept for a year: a blind one by anybody, one with content by its caller, apart for each key", async () => {
    for (const path of paths()) {
      const { headers } = await get(path);
      expect(headers.get("Cache-Control")).to.equal("public, max-age=31536000, immutable");
      expect(headers.get("Vary")).to.equal(null);
      expect(headers.get("Access-Control-Expose-Headers")).to.include("ETag");
    }
    for (const path of [open(), `/api/v1/balance/receipts/${checkpoint.proofRoot}?deltas=true`]) {
      for (const headers of [asFile, {}]) {
        const reply = await get(path, headers);
        expect(reply.headers.get("Cache-Control")).to.equal("private, max-age=31536000");
        expect(reply.headers.get("Vary")).to.equal("Accept, Authorization, X-Api-Key");
      }
    }
  });

  it("is not sent again to who has it", async () => {
    for (const path of [...paths(), open(), `/api/v1/balance/receipts/${checkpoint.proofRoot}?deltas=true`]) {
      const first = await get(path);
      const etag = first.headers.get("ETag")!;
      expect(etag, path).to.match(/^"[0-9a-f]{64}"$/);
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
        const { status, text, headers } = await get(path, { "If-None-Match": known });
        expect([status, text], path).to.deep.equal([304, ""]);
        expect(headers.get("ETag")).to.equal(etag);
        expect(headers.get("Cache-Control")).to.equal(first.headers.get("Cache-Control"));
      }
      const other = await get(path, { "If-None-Match": `"${"0".repeat(64)}"` });
      expect([other.status, other.text]).to.deep.equal([200, first.text]);
    }
  });

  it("has another ETag in each of its forms", async () => {
    const listed = `/api/v1/balance/receipts/${checkpoint.proofRoot}?deltas=true`;
    const replies = [await get(open()), await get(open(), asFile), await get(paths()[0]!), await get(paths()[1]!)];
    replies.push(await get(listed), await get(listed, asFile));
    const tags = replies.map(({ headers }) => headers.get("ETag"));
    expect(new Set(tags).size).to.equal(tags.length);
  });

  it("that does not exist yet may not be kept as missing", async () => {
    const { status, headers } = await get(`/api/v1/receipt/0x${"5a".repeat(32)}`);
    expect(status).to.equal(404);
    expect(headers.get("Cache-Control")).to.equal("no-store");
    expect(headers.get("ETag")).to.equal(null);
  });

  it("is the same bytes after later anchors, a restart and an erasure; with content it is gone after that", async () => {
    const all = [...paths(), open()];
    const look = async () =>
      Promise.all(
        all.map(async (path) => {
          const { status, text, headers } = await get(path, asFile);
          return [status, text, headers.get("ETag")];
        }),
      );
    const before = await look();
    expect(before.map(([status]) => status)).to.deep.equal([200, 200, 200, 200]);
    const later = await record(target(), { customerId: "cust_001", delta: 1, reason: "later" });
    await verified(target(), later.recordId);
    expect(await look()).to.deep.equal(before);
    await server.stop();
    server = await startServer(dir);
    expect(await look()).to.deep.equal(before);
    const erasure = { method: "DELETE", path: "/api/v1/balance/customers/cust_001/content", key };
    expect((await send(server.url, erasure)).status).to.equal(200);
    const after = await look();
    expect(after.slice(0, 3)).to.deep.equal(before.slice(0, 3));
    const gone = await get(open(), { ...asFile, "If-None-Match": String(before[3]![2]) });
    expect([gone.status, errorOf(gone).code]).to.deep.equal([410, "CONTENT_ERASED"]);
    expect(gone.headers.get("Cache-Control")).to.equal("no-store");
  });
});
