import { once } from "node:events";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { errorOf, eventually, type Members, read, record, send, type Target } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const PATH = "/api/v1/balance/delta/stream";
const NDJSON = { "Content-Type": "application/x-ndjson" };

const line = (customerId: string, more: Members = {}) =>
  `${JSON.stringify({ customerId, delta: 1, reason: "r", ...more })}\n`;

describe("a stream", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let target: Required<Target>;

  before(async () => {
    server = await startServer(dir);
    target = { url: server.url, key: apiKeyOf(dir) };
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const post = async (body: string | Uint8Array, headers: Record<string, string> = {}) => {
    const reply = await send(target.url, { path: PATH, key: target.key, body, headers: { ...NDJSON, ...headers } });
    return {
      reply,
      lines: reply.text
        .trimEnd()
        .split("\n")
        .map((text) => JSON.parse(text) as Members),
    };
  };
  const countOf = async (customerId: string) =>
    (await read(target, `/balance/derive/${customerId}?limit=1`)).deltasCount as number;

  /** A stream that is written and read by hand. */
  const open = (): ClientRequest =>
    httpRequest(target.url + PATH, { method: "POST", headers: { ...NDJSON, "X-Api-Key": target.key } });
  const answerOf = async (sent: ClientRequest): Promise<IncomingMessage> =>
    (await once(sent, "response"))[0] as IncomingMessage;

  it("answers each line in order and ends with the summary; bad lines fail alone", async () => {
    const body = [
      line("plain"),
      "\n",
      "nope\n",
      line("plain", { delta: 0 }),
      "[]\n",
      line("plain", { reason: "x".repeat(140_000) }),
      line("plain", { delta: "2.5" }),
    ];
    const { reply, lines } = await post(body.join(""));
    expect([reply.status, reply.headers.get("Content-Type")]).to.deep.equal([200, "application/x-ndjson"]);
    expect(lines.slice(0, -1).map(({ index, status, error }) => [index, status, error?.code])).to.deep.equal([
      [0, "QUEUED", undefined],
      [1, "FAILED", "VALIDATION_ERROR"],
      [2, "FAILED", "VALIDATION_ERROR"],
      [3, "FAILED", "VALIDATION_ERROR"],
      [4, "FAILED", "VALIDATION_ERROR"],
      [5, "QUEUED", undefined],
    ]);
    expect(lines[1]!.error.message).to.match(/^the line is not JSON/);
    expect(lines[4]!.error.message).to.equal("the line is longer than 131072 bytes");
    expect(lines.at(-1)).to.deep.equal({ summary: { totalQueued: 2, totalFailed: 4 } });
    expect(await read(target, `/balance/delta/${lines[5]!.recordId}`)).to.include({
      sequence: 2,
      balance: 3.5,
      receiptId: lines[5]!.receiptId,
    });
  });

  it("keeps every digit", async () => {
    const { reply } = await post(
      '{"customerId":"digits","delta":0.123456789012345678,"reason":"r"}\n{"customerId":"digits","delta":1e-19,"reason":"r"}',
    );
    expect(reply.text)
      .to.include('"delta":0.123456789012345678,"deltaExact":"0.123456789012345678"')
      .and.to.include('"delta":1e-19,"error":{"code":"AMOUNT_NOT_EXACT"');
  });

  it("without a line is answered by the summary alone", async () => {
    for (const body of ["\n", "  \n\r\n"])
      expect((await post(body)).lines).to.deep.equal([{ summary: { totalQueued: 0, totalFailed: 0 } }]);
  });

  it("answers a line before the next one is sent, also when it comes byte by byte", async () => {
    const sent = open();
    sent.flushHeaders();
    const answers = createInterface(await answerOf(sent))[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) {
      for (const byte of Buffer.from(line("alive", { reason: `größer ${i}` }))) sent.write(Buffer.of(byte));
      const answer = JSON.parse((await answers.next()).value as string) as Members;
      expect(answer).to.include({ index: i, status: "QUEUED" });
      expect((await read(target, `/balance/delta/${answer.recordId}`)).reason).to.equal(`größer ${i}`);
    }
    sent.end();
    expect(JSON.parse((await answers.next()).value as string)).to.deep.equal({
      summary: { totalQueued: 3, totalFailed: 0 },
    });
  });

  it("that is cut off keeps what was answered, and takes up nothing more", async () => {
    const sent = open();
    sent.on("error", () => sent.destroy());
    sent.write(line("cut").repeat(500));
    const answer = await answerOf(sent);
    let seen = "";
    answer.setEncoding("utf8").on("data", (text: string) => {
      seen += text;
    });
    answer.on("error", () => answer.destroy());
    await eventually("500 answers", async () => seen.split("\n").length > 500 || undefined);
    sent.write(line("cut").slice(0, 30));
    sent.destroy();
    await sleep(100);
    expect(await countOf("cut")).to.equal(500);
    expect((await record(target, { customerId: "cut", delta: 1, reason: "r" })).sequence).to.equal(501);
    expect(server.errors()).not.to.include("INTERNAL");
  });

  it("is recorded no faster than its answers are read", async () => {
    const most = 60_000;
    const sent = open();
    const answering = answerOf(sent);
    sent.end(line("slow").repeat(most));
    const answer = await answering;
    let [before, now] = [-1, 0];
    while (now > before) {
      await sleep(700);
      [before, now] = [now, await countOf("slow")];
    }
    expect(now).to.be.within(1, most - 1);
    let last = "";
    for await (const text of createInterface(answer)) last = text;
    expect(JSON.parse(last)).to.deep.equal({ summary: { totalQueued: most, totalFailed: 0 } });
    expect(await countOf("slow")).to.equal(most);
  });

  it("that is sent again under its key records only what is missing", async () => {
    const key = { "Idempotency-Key": "stream" };
    const first = await post(line("resumed") + line("resumed", { delta: 2 }), key);
    expect(first.reply.headers.get("Idempotent-Replayed")).to.equal(null);
    const again = await post(line("resumed") + line("resumed", { delta: 7 }) + line("resumed", { delta: 3 }), key);
    expect(again.reply.headers.get("Idempotent-Replayed")).to.equal("true");
    expect(again.lines[0]).to.deep.equal({ ...first.lines[0], idempotent: true });
    expect(again.lines[1]!.error).to.deep.include({ code: "IDEMPOTENCY_CONFLICT" });
    expect(again.lines[2]).to.include({ status: "QUEUED" }).and.not.to.have.property("idempotent");
    expect(await read(target, "/balance/derive/resumed")).to.include({ deltasCount: 3, computedBalance: 6 });
    const batch = await send(target.url, {
      path: "/api/v1/balance/delta/batch",
      key: target.key,
      body: { deltas: [{ customerId: "resumed", delta: 1, reason: "r" }] },
      headers: key,
    });
    expect(errorOf(batch).code).to.equal("IDEMPOTENCY_CONFLICT");
  });

  it("takes items with a key of their own, and summaries", async () => {
    const body =
      line("keys", { idempotencyKey: "own" }) +
      line("keys", { referenceId: "2026-10", metadata: { submissionType: "tenant_summary" } });
    const first = await post(body);
    const again = await post(body);
    expect(again.lines.slice(0, 2)).to.deep.equal(
      first.lines.slice(0, 2).map((result) => ({ ...result, idempotent: true })),
    );
    expect(await countOf("keys")).to.equal(2);
  });
});
