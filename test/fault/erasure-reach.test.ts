import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { fromHex, utf8 } from "#src/core/bytes.ts";
import { verifyFile } from "#src/core/verify-file.ts";
import { dataOf, eventually, type Members, type Reply, read, record, send, verified } from "#test/http/call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { type Loot, steal } from "./thief.ts";

/** A thief with all files and the master key: what was erased must be as unreadable to him as to everybody. */

const MASTER = `0x${"4d".repeat(32)}`;
const CUSTOMER = "zz-customer-of-whom-nothing-may-stay";
/** Of everything private that is recorded or asked for: words that stand nowhere else. */
const WORDS = [
  CUSTOMER,
  ...["zz-reason", "zz-reference", "zz-plan", "zz-adjusted", "zz-refused-reason", "zz-label", "zz-second-generation"],
];
/** Idempotency keys are stored as keyed hashes from the beginning. */
const KEYS = ["zz-key-of-a-delta", "zz-key-of-a-batch", "zz-key-of-a-checkpoint", "zz-key-of-an-api-key"];

describe("after the content of a customer was erased", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let receiver: HttpServer;
  let target: { url: string; key: string };
  let delta: Members;
  let checkpoint: Members;
  let batch: Reply;
  let made: Members;
  let blind: string[];
  let derived: Members;

  const settings = { TALLYROOT_MASTER_KEY: MASTER, TALLYROOT_WEBHOOK_ALLOW_PRIVATE: "true" };
  const master = fromHex(MASTER, 32);
  const post = (path: string, body: Members, key?: string) =>
    send(target.url, {
      path: `/api/v1${path}`,
      key: target.key,
      body,
      ...(key !== undefined && { headers: { "Idempotency-Key": key } }),
    });
  const wordsIn = (bytes: Buffer) => [...WORDS, ...KEYS].filter((word) => bytes.includes(word));
  /** Whatever a table ever showed the thief. */
  const known = new Set<string>();
  const stolen = (): Promise<Loot> => steal(dir, master, known);
  const batchBody = {
    deltas: [
      { customerId: CUSTOMER, delta: 2, reason: "zz-reason" },
      { customerId: CUSTOMER, delta: 3, reason: "zz-refused-reason", adjusts: { recordId: `rec_${"0".repeat(40)}_1` } },
      { customerId: CUSTOMER, delta: 0, reason: "zz-refused-reason" },
      { customerId: CUSTOMER, delta: 4, reason: "zz-reason", [`not-a-member-of-${CUSTOMER}`]: 1 },
      { customerId: "somebody else", delta: 1, reason: "zz-refused-reason" },
    ],
  };
  const keyBody = { scope: "read", customerId: CUSTOMER, label: "zz-label" };
  const receipts = async () =>
    Promise.all(
      [delta.receiptId, checkpoint.proofRoot].map(
        async (fingerprint) => (await send(target.url, { path: `/api/v1/receipt/${fingerprint}` })).text,
      ),
    );

  before(async function () {
    this.timeout(30_000);
    receiver = createServer((request, response) => {
      request.resume();
      request.on("end", () => response.writeHead(500).end(`no such customer ${CUSTOMER}`));
    }).listen(0, "127.0.0.1");
    server = await startServer(dir, settings);
    target = { url: server.url, key: apiKeyOf(dir) };
    const { port } = receiver.address() as AddressInfo;
    await post("/webhooks", { url: `http://127.0.0.1:${port}/hook`, events: ["delta.verified"] });

    const body = { customerId: CUSTOMER, delta: 1, reason: "zz-reason", referenceId: "zz-reference" };
    const sent = { ...body, metadata: { plan: "zz-plan" }, adjusts: { referenceId: "zz-adjusted" } };
    const { recordId } = await record(target, sent, { "Idempotency-Key": KEYS[0]! });
    // A summary under a reference, which has a request id of its own.
    await record(target, { ...body, metadata: { submissionType: "tenant_summary" } });
    await record(target, { customerId: "stays", delta: 1, reason: "of somebody who stays" });
    batch = await post("/balance/delta/batch", batchBody, KEYS[1]);
    made = dataOf(await post("/keys", keyBody, KEYS[3]));
    const statement = dataOf(await post("/balance/checkpoint", { customerId: CUSTOMER }, KEYS[2]));
    delta = await verified(target, recordId);
    checkpoint = await eventually("the checkpoint VERIFIED", async () => {
      const found = await read(target, `/balance/checkpoints/${statement.checkpointId}`);
      return found.status === "VERIFIED" ? found : undefined;
    });
    await eventually("a delivery that failed", async () => {
      const { deliveries } = await read(target, "/balance/webhooks");
      return (deliveries as Members[]).find(({ attempts }) => attempts > 0);
    });
    await stolen();
    // A first erasure, and a second generation of everything.
    await erase();
    await record(target, { ...body, reason: "zz-second-generation" });
    made = dataOf(await post("/keys", { ...keyBody, expiresAt: "2999-01-01T00:00:00Z" }, "another key"));
    blind = await receipts();
    derived = await read(target, `/balance/derive/${CUSTOMER}?limit=1`);
  });

  after(async () => {
    await server.stop();
    receiver.close();
    removeDirectory(dir);
  });

  async function erase(): Promise<Members> {
    const path = `/api/v1/balance/customers/${CUSTOMER}/content`;
    return dataOf(await send(target.url, { method: "DELETE", path, key: target.key }));
  }

  it("what was recorded since can be read with the master key, but for what is only ever hashed", async () => {
    // Of the second generation; the first was erased already. This also shows that the look can find something.
    const { raw, readable } = await stolen();
    expect(wordsIn(readable)).to.have.members([CUSTOMER, "zz-reference", "zz-second-generation", "zz-label"]);
    expect(wordsIn(raw)).to.deep.equal([]);
  });

  it("none can be read from any file, with the master key and every key that it opens", async () => {
    expect(await erase()).to.include({ erasedDeltas: 1 });
    const { raw, readable } = await stolen();
    expect(wordsIn(readable)).to.deep.equal([]);
    expect(wordsIn(raw)).to.deep.equal([]);
    // What is somebody else's still opens.
    expect(readable.includes("of somebody who stays")).to.equal(true);
  });

  it("blind receipts are the same bytes and verify, and balances are what they were", async () => {
    const after = await receipts();
    expect(after).to.deep.equal(blind);
    for (const text of after) {
      const { steps } = verifyFile(utf8(text));
      expect(steps).to.have.length(5);
      expect(steps.filter(({ outcome }) => outcome === "failed")).to.deep.equal([]);
    }
    const { computedBalance, deltasCount, latestReceiptId } = derived;
    const now = await read(target, `/balance/derive/${CUSTOMER}?limit=1`);
    expect(now).to.include({ computedBalance, deltasCount, latestReceiptId });
  });

  it("repeated requests get their first answers, refusals in their own words, and others a conflict by member", async () => {
    const again = await post("/balance/delta/batch", batchBody, KEYS[1]);
    expect(again.headers.get("Idempotent-Replayed")).to.equal("true");
    const refusals = ({ text }: Reply) =>
      (JSON.parse(text).data.results as Members[]).map(({ status, error }) => [status, error?.code, error?.message]);
    expect(refusals(again)).to.deep.equal(refusals(batch));
    expect(JSON.stringify(refusals(again))).to.include(`customer ${CUSTOMER} has no record`);
    const other = { deltas: batchBody.deltas.with(1, { ...batchBody.deltas[1]!, delta: 4 }) };
    expect(JSON.parse((await post("/balance/delta/batch", other, KEYS[1])).text).error.details.differs).to.deep.equal([
      "deltas.1",
    ]);
    const key = dataOf(await post("/keys", { ...keyBody, expiresAt: "2999-01-01T00:00:00Z" }, "another key"));
    expect(key).to.include({ publicId: made.publicId, label: null, apiKey: null, idempotent: true });
    const relabelled = await post("/keys", { ...keyBody, label: "another", scope: "write" }, "another key");
    expect(JSON.parse(relabelled.text).error.details.differs).to.have.members(["label", "scope", "expiresAt"]);
    const statement = dataOf(await post("/balance/checkpoint", { customerId: CUSTOMER }, KEYS[2]));
    expect(statement).to.include({ checkpointId: checkpoint.checkpointId, idempotent: true });
  });

  it("nothing of it comes back with a restart, and what is asked for since does not bring it into a file", async () => {
    await server.stop();
    expect(wordsIn((await stolen()).raw)).to.deep.equal([]);
    server = await startServer(dir, settings);
    target = { ...target, url: server.url };
    expect(await read(target, `/balance/delta/${delta.recordId}`)).to.include({ reason: null, customerId: null });
    const { raw, readable } = await stolen();
    expect([...wordsIn(readable), ...wordsIn(raw)]).to.deep.equal([]);
  });
});
