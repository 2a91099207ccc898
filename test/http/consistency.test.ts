import { Ajv2020 } from "ajv/dist/2020.js";
import { expect } from "chai";
import { fromHex, utf8 } from "#src/core/bytes.ts";
import { verifyFile } from "#src/core/verify-file.ts";
import { dataOf, errorOf, eventually, type Members, read, record, send, verified } from "./call.ts";
import { type History, seedHistory } from "./history.ts";
import { removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const MEDIA_TYPE = "application/vnd.tallyroot.consistency+json";

describe("a consistency file", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let history: History;
  /** The 40th delta of `a`, in its first head, and the 41st, in its second. */
  let fortieth: string;
  let newest: Members;
  let january: Members;
  let current: Members;

  before(async () => {
    history = await seedHistory(dir);
    server = await startServer(dir);
    const ofA = history.past.filter(({ customerId }) => customerId === "a");
    fortieth = ofA.at(-1)!.receiptId;
    await verified(reader(), ofA.at(-1)!.recordId);
    january = await checkpoint({ customerId: "a", period: "2025-01" });
    const added = await record(writer(), { customerId: "a", delta: 5, reason: "later" });
    newest = await verified(reader(), added.recordId);
    current = await checkpoint({ customerId: "a", timePreset: "current_month" });
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const reader = () => ({ url: server.url, key: history.keys.read });
  const writer = () => ({ url: server.url, key: history.keys.write });
  const ask = (from: string, to: string, headers: Record<string, string> = {}) =>
    send(server.url, { path: `/api/v1/consistency?from=${from}&to=${to}`, headers });

  async function checkpoint(body: Members): Promise<Members> {
    const made = dataOf(await send(server.url, { path: "/api/v1/balance/checkpoint", key: history.keys.write, body }));
    return eventually("the checkpoint VERIFIED", async () => {
      const found = await read(reader(), `/balance/checkpoints/${made.checkpointId}`);
      return found.status === "VERIFIED" || body.mode === "selection" ? found : undefined;
    });
  }

  /** The file, which verifies offline and is of the ledger that was asked about. */
  async function fileOf(from: string, to: string): Promise<{ text: string; file: Members }> {
    const { status, text } = await ask(from, to);
    expect(status, text).to.equal(200);
    const ledger = fromHex(newest.ledgerIdentifier.toLowerCase(), 20);
    const { kind, steps } = verifyFile(utf8(text), { ledger });
    expect([kind, steps.map(({ outcome }) => outcome).join(" ")]).to.deep.equal([
      "consistency",
      "passed skipped skipped passed passed",
    ]);
    return { text, file: JSON.parse(text) };
  }

  it("of two receipts proves the later head to extend the earlier one, in whichever order they are named", async () => {
    const { text, file } = await fileOf(fortieth, newest.receiptId);
    expect([file.earlier.head.count, file.later.head.count]).to.deep.equal(["40", "41"]);
    expect(file.proof).not.to.deep.equal([]);
    expect(file.earlier).not.to.have.property("statement");
    expect((await fileOf(newest.receiptId, fortieth)).text).to.equal(text);
  });

  it("holds the heads of the receipts themselves", async () => {
    const { file } = await fileOf(fortieth, newest.receiptId);
    for (const [side, receiptId] of [
      ["earlier", fortieth],
      ["later", newest.receiptId],
    ]) {
      const receipt = JSON.parse((await send(server.url, { path: `/api/v1/receipt/${receiptId}` })).text);
      const { head, anchorProof, anchor } = receipt;
      expect(file[side!]).to.deep.equal({ head, anchorProof, anchor });
    }
  });

  it("of two checkpoints ties both statements to the one history by the last delta of each window", async () => {
    const { text, file } = await fileOf(january.proofRoot, current.proofRoot);
    const [{ statement: first, head }, { statement: second }] = [file.earlier, file.later];
    expect(first.checkpoint.count).to.equal(String(january.deltasCount));
    expect(first.edge.delta.sequence).to.equal(String(january.deltasCount));
    expect(first.edge.windowProof).not.to.deep.equal([]);
    expect(first.edge.delta.balance).to.equal(first.checkpoint.closingBalance);
    // The window's end lies inside the earliest anchored head that covers it.
    expect(head.count).to.equal("40");
    expect(second.edge.delta.sequence).to.equal("41");
    expect((await fileOf(current.proofRoot, january.proofRoot)).text).to.equal(text);
  });

  it("takes a receipt on one side and a checkpoint on the other", async () => {
    const { file } = await fileOf(january.proofRoot, newest.receiptId);
    expect(file.earlier).to.have.property("statement");
    expect(file.later).not.to.have.property("statement");
  });

  it("of windows of every length verifies, also of empty ones", async () => {
    const days = Array.from({ length: 16 }, (_, i) => new Date(Date.UTC(2025, 0, 1 + 4 * i)).toISOString());
    const windows = days.map((end) => ({ customerId: "a", startDate: "2025-01-01", endDate: end.slice(0, 10) }));
    const [empty, ...made] = await Promise.all([{ customerId: "a", period: "2024-12" }, ...windows].map(checkpoint));
    for (const { proofRoot } of made) await fileOf(proofRoot, newest.receiptId);
    const { file } = await fileOf(empty!.proofRoot, fortieth);
    expect(file.earlier.statement).not.to.have.property("edge");
    expect([file.earlier.head.count, file.proof]).to.deep.equal(["40", []]);
  });

  it("of one state twice has an empty proof", async () => {
    expect((await fileOf(fortieth, fortieth)).file.proof).to.deep.equal([]);
    expect((await fileOf(january.proofRoot, january.proofRoot)).file.proof).to.deep.equal([]);
  });

  it("may be read by any page, kept for good, and is not sent again to who has it", async () => {
    const { headers } = await ask(fortieth, newest.receiptId);
    expect(headers.get("Content-Type")).to.match(new RegExp(`^${MEDIA_TYPE.replace("+", "\\+")}`));
    expect(headers.get("Access-Control-Allow-Origin")).to.equal("*");
    expect(headers.get("Cache-Control")).to.equal("public, max-age=31536000, immutable");
    expect(headers.get("Content-Disposition")).to.match(/filename="consistency-[0-9a-f]{12}-40-41\.json"/);
    const again = await ask(fortieth, newest.receiptId, { "If-None-Match": headers.get("ETag")! });
    expect([again.status, again.text]).to.deep.equal([304, ""]);
  });

  it("is what its schema describes", async () => {
    const { text } = await send(server.url, { path: "/api/v1/schemas/consistency.json" });
    const judge = new Ajv2020({ strict: false }).compile(JSON.parse(text));
    const { file } = await fileOf(january.proofRoot, current.proofRoot);
    expect(judge(file), JSON.stringify(judge.errors)).to.equal(true);
    expect(judge({ ...file, more: 1 })).to.equal(false);
  });

  it("is linked from the comparison of its two checkpoints", async () => {
    const path = `/balance/checkpoints/compare?from=${january.checkpointId}&to=${current.checkpointId}`;
    const { consistencyUrl } = await read(reader(), path);
    const reply = await fetch(consistencyUrl);
    expect(await reply.text()).to.equal((await fileOf(january.proofRoot, current.proofRoot)).text);
  });

  it("is not given for a leaf, a root, a head or a selection in place of a receiptId or a proofRoot", async () => {
    const { file } = await fileOf(january.proofRoot, newest.receiptId);
    const { anchor, anchorProof, head, statement } = file.earlier;
    for (const node of [anchor.root, head.root, statement.checkpoint.root, ...anchorProof, ...file.proof]) {
      const reply = await ask(newest.receiptId, node);
      expect(errorOf(reply), reply.text).to.include({ code: "NOT_FOUND" });
      expect(errorOf(reply).details).to.include({ parameter: "to" });
      expect(JSON.parse(reply.text).verified).to.equal(false);
    }
    const fingerprints = [newest.receiptId];
    const { proofRoot } = await checkpoint({ mode: "selection", customerId: "a", fingerprints });
    expect(errorOf(await ask(proofRoot, newest.receiptId))).to.include({
      code: "VALIDATION_ERROR",
      message: "from: is of a selection, which has no place in the ledger's history to extend",
    });
  });

  it("is refused of two ledgers without saying whose they are", async () => {
    const ofB = history.past.find(({ customerId }) => customerId === "b")!;
    const [own, theirs] = [await ask(fortieth, ofB.receiptId), await ask(fortieth, history.theirs.receiptId)];
    const { requestId: _, ...first } = errorOf(own);
    const { requestId: __, ...second } = errorOf(theirs);
    expect(first).to.deep.equal(second);
    expect(first).to.include({ code: "VALIDATION_ERROR", message: "from and to are not of one ledger" });
    for (const { text } of [own, theirs]) expect(text).not.to.match(/0x|rec_|chk_|"a"|"b"/);
  });

  it("is the same after later anchors and a restart, and waits for what is not anchored yet", async () => {
    const states = [
      [fortieth, newest.receiptId],
      [january.proofRoot, current.proofRoot],
    ] as const;
    const before = await Promise.all(states.map(([from, to]) => fileOf(from, to)));
    const more = await record(writer(), { customerId: "a", delta: 1, reason: "more" });
    await verified(reader(), more.recordId);
    await server.stop();
    server = await startServer(dir, { TALLYROOT_ANCHOR_INTERVAL_MS: "600000" });
    const after = await Promise.all(states.map(([from, to]) => fileOf(from, to)));
    expect(after.map(({ text }) => text)).to.deep.equal(before.map(({ text }) => text));

    const waiting = await record(writer(), { customerId: "a", delta: 1, reason: "waits" });
    const reply = await ask(waiting.receiptId, fortieth);
    expect(reply.status).to.equal(404);
    expect(errorOf(reply).details).to.include({ parameter: "from", status: "QUEUED" });
    expect(reply.headers.get("Cache-Control")).to.equal("no-store");
    const statement = dataOf(
      await send(server.url, {
        path: "/api/v1/balance/checkpoint",
        key: history.keys.write,
        body: { customerId: "a", period: "2025-02" },
      }),
    );
    expect(errorOf(await ask(fortieth, statement.proofRoot)).details).to.include({ parameter: "to", status: "QUEUED" });
  });
});
