import { readFileSync } from "node:fs";
import Database from "better-sqlite3";
import { expect } from "chai";
import { fromHex } from "#src/core/bytes.ts";
import { verifyReceipt } from "#src/core/verify-receipt.ts";
import { databaseFile } from "#src/storage/sqlite/database.ts";
import { filesOfRecord, rowsBehind } from "#test/run/record-of.ts";
import { overSqlite } from "#test/run/sqlite-only.ts";
import { dataOf, errorOf, type Members, read, record, send, verified } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

/** Milliseconds between anchors: long enough to erase a delta before it is in one. */
const ANCHOR_INTERVAL_MS = 500;

describe("erasing a customer's content", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let target: { url: string; key: string };

  before(async () => {
    server = await startServer(dir, { TALLYROOT_ANCHOR_INTERVAL_MS: String(ANCHOR_INTERVAL_MS) });
    target = { url: server.url, key: apiKeyOf(dir) };
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const erase = (customerId: string) =>
    send(target.url, {
      method: "DELETE",
      path: `/api/v1/balance/customers/${customerId}/content`,
      key: target.key,
    });
  const erased = async (customerId: string): Promise<Members> => {
    const reply = await erase(customerId);
    expect(reply.status, reply.text).to.equal(200);
    return dataOf(reply);
  };
  const body = (customerId: string, delta: number) => ({
    customerId,
    delta,
    reason: "a reason",
    referenceId: "a reference",
    metadata: { a: 1 },
  });

  /** What is stored of a ledger's keys, seen from outside the server. */
  const storedKeys = (ledgerIdentifier: string) =>
    rowsBehind<{ wrapped: Buffer | null; sealed_customer_id: Buffer | null }>(
      dir,
      "SELECT k.wrapped, k.sealed_customer_id FROM ledger_keys k JOIN ledgers l ON l.id = k.ledger WHERE l.address = ? ORDER BY k.generation",
      fromHex(ledgerIdentifier.toLowerCase() as `0x${string}`, 20),
    );

  /** The files of the record that have these bytes in them. */
  const filesWith = async (bytes: Buffer) =>
    (await filesOfRecord(dir)).filter((file) => readFileSync(file).includes(bytes));

  it("leaves no byte of the key in any file", async () => {
    const { ledgerIdentifier } = await record(target, body("bytes", 1));
    for (let n = 0; n < 20; n++) await record(target, body(`beside-${n}`, n + 1));
    const [key] = await storedKeys(ledgerIdentifier);
    expect(await filesWith(key!.wrapped!)).not.to.deep.equal([]);
    expect(await filesWith(key!.sealed_customer_id!)).not.to.deep.equal([]);

    await erased("bytes");
    expect(await filesWith(key!.wrapped!)).to.deep.equal([]);
    expect(await filesWith(key!.sealed_customer_id!)).to.deep.equal([]);
    expect(await storedKeys(ledgerIdentifier)).to.deep.equal([{ wrapped: null, sealed_customer_id: null }]);
  });

  it("tells what was erased, and again that nothing is left to erase", async () => {
    await record(target, body("told", 1));
    const { ledgerIdentifier } = await record(target, body("told", 2));
    const first = await erased("told");
    expect(first).to.include({ customerId: "told", ledgerIdentifier, erasedDeltas: 2 });
    expect(await erased("told")).to.deep.equal({ ...first, erasedDeltas: 0 });
  });

  it("shows no content any more, also where it was shown just before", async () => {
    const delta = await record(target, body("shown", 5));
    expect(await read(target, `/balance/delta/${delta.recordId}`)).to.include({ reason: "a reason" });
    await erased("shown");
    expect(await read(target, `/balance/delta/${delta.recordId}`)).to.include({
      customerId: null,
      reason: null,
      referenceId: null,
      metadata: null,
    });
    const { customers } = await read(target, `/balance/customers?search=${delta.ledgerIdentifier}`);
    expect(customers[0]).to.include({ customerId: null, status: "erased", computedBalance: 5 });
    const found = await read(target, "/balance/customers?search=shown");
    expect(found.customers).to.deep.equal([]);
  });

  it("leaves balances and blind receipts as they were, and gives no receipt with content", async () => {
    const delta = await record(target, body("proven", 7));
    await verified(target, delta.recordId);
    const path = `/api/v1/receipt/${delta.receiptId}`;
    const before = await send(target.url, { path });
    await erased("proven");
    const after = await send(target.url, { path });
    expect(after.text).to.equal(before.text);
    expect(verifyReceipt(JSON.parse(after.text)).steps.filter((step) => step.outcome === "failed")).to.deep.equal([]);
    expect(await read(target, "/balance/derive/proven")).to.include({ computedBalance: 7, verifiedBalance: 7 });
    const refused = await send(target.url, { path: `/api/v1/balance/receipts/${delta.receiptId}`, key: target.key });
    expect(errorOf(refused).code).to.equal("CONTENT_ERASED");
    expect(refused.status).to.equal(410);
  });

  it("does not keep deltas that were in no anchor yet from being anchored", async () => {
    // An anchor has just been made, so the next one is an interval away.
    await verified(target, (await record(target, body("before", 1))).recordId);
    const delta = await record(target, body("unanchored", 3));
    await erased("unanchored");
    expect(await read(target, `/balance/delta/${delta.recordId}`)).to.include({ status: "QUEUED" });
    await verified(target, delta.recordId);
    const { text } = await send(target.url, { path: `/api/v1/receipt/${delta.receiptId}` });
    expect(verifyReceipt(JSON.parse(text)).steps.filter((step) => step.outcome === "failed")).to.deep.equal([]);
  });

  it("records on with a key of its own, which is erased on its own", async () => {
    const old = await record(target, body("on", 1));
    await erased("on");
    const next = await record(target, body("on", 2));
    expect(next).to.include({ sequence: 2, balance: 3 });
    expect(await read(target, `/balance/delta/${old.recordId}`)).to.include({ reason: null });
    expect(await read(target, `/balance/delta/${next.recordId}`)).to.include({ reason: "a reason", customerId: "on" });
    expect((await read(target, "/balance/customers?search=on")).customers[0]).to.include({
      customerId: "on",
      status: "active",
    });
    expect((await storedKeys(next.ledgerIdentifier)).map(({ wrapped }) => wrapped === null)).to.deep.equal([
      true,
      false,
    ]);
    await verified(target, next.recordId);
    expect(await erased("on")).to.include({ erasedDeltas: 1 });
    expect(await read(target, `/balance/delta/${next.recordId}`)).to.include({ reason: null });
  });

  it("still gives a repeated request its first answer", async () => {
    const headers = { "Idempotency-Key": "erased later" };
    const first = await record(target, body("repeated", 1), headers);
    await erased("repeated");
    const again = await record(target, body("repeated", 1), headers);
    expect(again).to.include({ recordId: first.recordId, idempotent: true });
  });

  overSqlite("erasure-old-pages", () => {
    it("is said to be incomplete while somebody reads old pages, and completes when asked again", async () => {
      const { ledgerIdentifier } = await record(target, body("held", 1));
      const [key] = await storedKeys(ledgerIdentifier);
      const reader = new Database(databaseFile(dir), { readonly: true });
      reader.exec("BEGIN");
      reader.prepare("SELECT count(*) FROM deltas").get();

      const refused = await erase("held");
      expect(errorOf(refused).code).to.equal("SERVICE_UNAVAILABLE");
      expect(refused.headers.get("Retry-After")).to.equal("1");
      expect((await storedKeys(ledgerIdentifier))[0]!.wrapped).to.equal(null);
      expect((await read(target, "/balance/customers/held")).recentActivity.items[0]).to.include({ reason: null });
      expect((await record(target, body("still-served", 1))).status).to.equal("QUEUED");

      reader.close();
      expect(await erased("held")).to.include({ erasedDeltas: 0 });
      expect(await filesWith(key!.wrapped!)).to.deep.equal([]);
    });
  });

  it("is for good: a restart finds nothing again and records on", async () => {
    const old = await record(target, body("restarted", 1));
    await erased("restarted");
    await server.stop();
    server = await startServer(dir);
    target = { url: server.url, key: apiKeyOf(dir) };
    expect(await read(target, `/balance/delta/${old.recordId}`)).to.include({ reason: null });
    const next = await record(target, body("restarted", 1));
    expect(next).to.include({ sequence: 2, reason: "a reason" });
  });
});
