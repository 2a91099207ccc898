import { expect } from "chai";
import { createPublicClient, type Hex, http } from "viem";
import { anchorLogAbi } from "#src/chain/anchor-log-abi.ts";
import { fromHex, toHex } from "#src/core/bytes.ts";
import { leafOf, selectionFingerprint } from "#src/core/fingerprint.ts";
import { verifyInclusion } from "#src/core/proof.ts";
import { RECEIPT_MEDIA_TYPE } from "#src/core/receipt.ts";
import { verifyReceipt } from "#src/core/verify-receipt.ts";
import { changeBehind } from "#test/run/record-of.ts";
import { dataOf, errorOf, eventually, type Members, read, send } from "./call.ts";
import { type History, loopOver, seedHistory } from "./history.ts";
import { removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const PRIVATE = /reason-|ref-|"a"|customer/i;

describe("the public verification of a checkpoint", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let history: History;
  let checkpoint: Members;

  before(async () => {
    history = await seedHistory(dir);
    server = await startServer(dir);
    checkpoint = await made({ customerId: "a", period: "2025-02" });
  });
  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  /** A checkpoint that is VERIFIED. */
  async function made(body: Members): Promise<Members> {
    const { checkpointId } = dataOf(
      await send(server.url, { path: "/api/v1/balance/checkpoint", key: history.keys.write, body }),
    );
    return eventually(`${checkpointId} VERIFIED`, async () => {
      const now = await read({ url: server.url, key: history.keys.read }, `/balance/checkpoints/${checkpointId}`);
      return now.status === "VERIFIED" ? now : undefined;
    });
  }
  const verify = (fingerprint: string, query = "") =>
    send(server.url, { path: `/api/v1/verify/${fingerprint}${query}` });
  const february = () => loopOver(history.past, "a", ({ time }) => new Date(time).toISOString().startsWith("2025-02"));

  it("says in one call what a month is about: balances, counts, records, and the proof", async () => {
    const reply = await verify(checkpoint.proofRoot);
    const { deltas, count, change } = february();
    const data = dataOf(reply);
    expect(data).to.include({
      verified: true,
      kind: "checkpoint",
      status: "VERIFIED",
      proofRoot: checkpoint.proofRoot,
      proofHash: checkpoint.proofRoot,
      contentHash: checkpoint.merkleRoot,
    });
    expect(data).not.to.have.property("receiptId");
    expect(data.summary).to.deep.equal({
      recordCount: count,
      netChange: change,
      startingBalance: checkpoint.startingBalance,
      endingBalance: checkpoint.endingBalance,
      firstRecordAt: new Date(deltas[0]!.time).toISOString(),
      lastRecordAt: new Date(deltas.at(-1)!.time).toISOString(),
    });
    expect((data.records as Members[]).map(({ amount }) => amount)).to.deep.equal(
      deltas.map((d) => d.hundredths / 100),
    );
    expect(reply.text).not.to.match(PRIVATE);
    expect(reply.headers.get("Access-Control-Allow-Origin")).to.equal("*");
  });

  it("shows records page by page", async () => {
    const whole = dataOf(await verify(checkpoint.proofRoot)).records as Members[];
    const pages: Members[] = [];
    for (let offset = 0; offset < whole.length + 3; offset += 3) {
      const { records, pagination } = dataOf(await verify(checkpoint.proofRoot, `?limit=3&offset=${offset}`));
      expect(pagination).to.deep.equal({ total: whole.length, offset, limit: 3 });
      pages.push(...records);
    }
    expect(pages).to.deep.equal(whole);
  });

  it("asks the contract where it is told to, and says so", async () => {
    const messages: string[] = [];
    for (const source of ["db", "chain", "both"]) {
      const data = dataOf(await verify(checkpoint.proofRoot, `?source=${source}`));
      expect(data.verified, source).to.equal(true);
      messages.push(data.message);
    }
    expect(messages[0]).to.match(/by this server's record/);
    expect(messages[1])
      .to.match(/the contract holds the root/)
      .and.to.equal(messages[2]);
  });

  it("answers to fingerprints only: no anchored root, leaf, node, commitment or id is one", async () => {
    const { verification, contentHash } = dataOf(await verify(checkpoint.proofRoot));
    const delta = dataOf(await verify(february().deltas[0]!.receiptId));
    const others = [
      verification.root,
      contentHash,
      toHex(leafOf(fromHex(checkpoint.proofRoot, 32))),
      toHex(leafOf(fromHex(february().deltas[0]!.receiptId, 32))),
      ...(verification.proof.anchorProof as string[]),
      ...(delta.verification.proof.ledgerProof as string[]),
      delta.verification.proof.head.root,
      delta.contentHash,
      verification.verificationReference,
      verification.blockHash,
      verification.log,
      `0x${"00".repeat(32)}`,
    ];
    expect(others.length).to.be.greaterThan(10);
    for (const other of others) {
      for (const path of [`/api/v1/verify/${other}`, `/api/v1/receipt/${other}`]) {
        const reply = await send(server.url, { path });
        expect(reply.status, path).to.equal(404);
        expect(JSON.parse(reply.text)).to.deep.include({ success: false, verified: false });
      }
    }
  });

  it("of a selection shows the chosen deltas, and a proof that anybody can fold", async () => {
    const chosen = [february().deltas[1]!, february().deltas[3]!];
    const { proofRoot } = await made({ mode: "selection", fingerprints: chosen.map(({ receiptId }) => receiptId) });
    const data = dataOf(await verify(proofRoot, "?source=chain"));
    expect(data).to.include({ verified: true, kind: "checkpoint" });
    expect((data.records as Members[]).map(({ amount }) => amount)).to.deep.equal(
      chosen.map((d) => d.hundredths / 100),
    );
    const { selection, anchorProof } = data.verification.proof;
    const fingerprint = selectionFingerprint({
      ledger: fromHex(selection.ledger.toLowerCase(), 20),
      count: BigInt(selection.count),
      netChange: BigInt(selection.netChange),
      root: fromHex(selection.root, 32),
    });
    expect(toHex(fingerprint)).to.equal(proofRoot);
    const siblings = (anchorProof as string[]).map((text) => fromHex(text, 32));
    expect(verifyInclusion(leafOf(fingerprint), siblings, fromHex(data.verification.root, 32))).to.equal(true);
    const second = dataOf(await verify(proofRoot, "?limit=1&offset=1")).records as Members[];
    expect(second.map(({ amount }) => amount)).to.deep.equal([chosen[1]!.hundredths / 100]);
    const receipt = await send(server.url, { path: `/api/v1/receipt/${proofRoot}` });
    expect([receipt.status, errorOf(receipt).code]).to.deep.equal([404, "NOT_FOUND"]);
  });

  describe("by receipt", () => {
    const file = async (query = "") => send(server.url, { path: `/api/v1/receipt/${checkpoint.proofRoot}${query}` });
    const keyed = (query = "", headers = {}) =>
      send(server.url, {
        path: `/api/v1/balance/receipts/${checkpoint.proofRoot}${query}`,
        key: history.keys.a,
        headers,
      });

    it("needs nothing but the file, with the deltas listed and without", async () => {
      const plain = await file();
      expect(plain.headers.get("Content-Type")).to.equal(RECEIPT_MEDIA_TYPE);
      expect(plain.headers.get("Content-Disposition")).to.match(/^inline; filename="receipt-[0-9a-f]{12}\.json"$/);
      const outcomes = (value: unknown) => verifyReceipt(value).steps.map(({ outcome }) => outcome);
      expect(outcomes(JSON.parse(plain.text))).to.deep.equal(["passed", "skipped", "passed", "skipped", "passed"]);
      const listed = await file("?deltas=true");
      expect(listed.headers.get("Content-Type")).to.equal(RECEIPT_MEDIA_TYPE);
      const whole = JSON.parse(listed.text) as Members;
      expect(outcomes(whole)).to.deep.equal(["passed", "skipped", "passed", "passed", "passed"]);
      expect(listed.text + plain.text).not.to.match(PRIVATE);
      expect(whole.deltas).to.have.length(february().count);
      const { deltas: _, ...rest } = whole;
      expect(rest).to.deep.equal(JSON.parse(plain.text));
    });

    it("is the same file for the customer's key, and the same data in the envelope", async () => {
      for (const query of ["", "?deltas=true"]) {
        const { text } = await file(query);
        expect((await keyed(query, { Accept: RECEIPT_MEDIA_TYPE })).text).to.equal(text);
        const enveloped = await keyed(query);
        expect(enveloped.headers.get("Content-Type")).to.equal("application/json; charset=utf-8");
        expect(dataOf(enveloped)).to.deep.equal(JSON.parse(text));
      }
    });

    it("is confirmed by the contract itself, asked with a public library, and a changed one is not", async () => {
      const { checkpoint: fields, anchor, anchorProof } = JSON.parse((await file()).text) as Members;
      const client = createPublicClient({ transport: http(server.rpcUrl) });
      const numbers = ["from", "to", "firstSequence", "count", "openingBalance", "closingBalance"];
      const ask = (change: bigint) => {
        const stated = Object.fromEntries(numbers.map((name) => [name, BigInt(fields[name])]));
        return client.readContract({
          address: anchor.contract,
          abi: anchorLogAbi,
          functionName: "verifyCheckpoint",
          args: [
            anchor.log,
            BigInt(anchor.index),
            { ...fields, ...stated, closingBalance: stated.closingBalance! + change } as never,
            anchorProof as Hex[],
          ],
        });
      };
      expect([await ask(0n), await ask(1n)]).to.deep.equal([true, false]);
    });
  });

  describe("after a restart", () => {
    it("shows reasons and references where the operator switches that on", async () => {
      await server.stop();
      server = await startServer(dir, { TALLYROOT_PUBLIC_REASONS: "true" });
      const records = dataOf(await verify(checkpoint.proofRoot)).records as Members[];
      expect(records.map(({ reason }) => reason)).to.deep.equal(february().deltas.map(({ reason }) => reason));
      expect(records.every(({ referenceId }) => /^ref-/.test(referenceId))).to.equal(true);
      expect(
        (await send(server.url, { path: `/api/v1/receipt/${checkpoint.proofRoot}?deltas=true` })).text,
      ).not.to.match(PRIVATE);
    });

    it("refuses to list a window of more than 100,000 deltas", async () => {
      await server.stop();
      const change = "UPDATE checkpoints SET count = 100001 WHERE statement_id = ?";
      expect(await changeBehind(dir, change, checkpoint.checkpointId)).to.equal(1);
      server = await startServer(dir);
      for (const path of ["/api/v1/receipt", "/api/v1/balance/receipts"]) {
        const request = { path: `${path}/${checkpoint.proofRoot}?deltas=true`, key: history.keys.read };
        const reply = await send(server.url, request);
        expect([reply.status, errorOf(reply).code]).to.deep.equal([400, "SCOPE_TOO_WIDE"]);
      }
    });
  });
});
