import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { expect } from "chai";
import { LIMITS } from "#src/wire/fields.ts";
import { dataOf, errorOf, read, send } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const DELTA = "/api/v1/balance/delta";
const TEXT = JSON.stringify({ customerId: "cust_body", delta: 1, reason: "r" });
const TOO_LARGE = TEXT.padEnd(LIMITS.bodyBytes + 1);

describe("a body", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let key: string;

  before(async () => {
    server = await startServer(dir);
    key = apiKeyOf(dir);
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const post = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
    send(server.url, { path: DELTA, key, body, headers });

  const ENCODINGS = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };
  for (const [encoding, compress] of Object.entries(ENCODINGS)) {
    it(`in ${encoding} is what it unfolds to, and as large as that`, async () => {
      const headers = { "Content-Encoding": encoding };
      expect(dataOf(await post(compress(Buffer.from(TEXT)), headers)).customerId).to.equal("cust_body");
      expect(errorOf(await post(compress(Buffer.from(TOO_LARGE)), headers)).code).to.equal("BODY_TOO_LARGE");
    });
  }

  it("in an encoding that is not known, or not what it says, is refused", async () => {
    expect(errorOf(await post(TEXT, { "Content-Encoding": "pigeon" })).code).to.equal("UNSUPPORTED_MEDIA_TYPE");
    expect(errorOf(await post(TEXT, { "Content-Encoding": "gzip" })).code).to.equal("VALIDATION_ERROR");
    expect((await post(TEXT, { "Content-Encoding": "Identity" })).status).to.equal(201);
  });

  it("may be as large as the limit, and not a byte larger, whether its length is told or not", async () => {
    for (const headers of [{}, { "Transfer-Encoding": "chunked" }]) {
      const codes: unknown[] = [];
      for (const body of [TOO_LARGE.slice(0, -1), TOO_LARGE, TOO_LARGE.padEnd(4 * LIMITS.bodyBytes)]) {
        const sent = request(server.url + DELTA, {
          method: "POST",
          headers: { "X-Api-Key": key, "Content-Type": "application/json", Connection: "close", ...headers },
        }).end(body);
        const [answer] = await once(sent, "response");
        const { error } = JSON.parse(Buffer.concat(await answer.toArray()).toString("utf8"));
        codes.push([answer.statusCode, error?.code]);
      }
      const refused = [413, "BODY_TOO_LARGE"];
      expect(codes).to.deep.equal([[201, undefined], refused, refused]);
    }
  });

  it("is the same in how many pieces it comes, and so is the next request of its connection", async () => {
    const { port, hostname } = new URL(server.url);
    const head = `POST ${DELTA} HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${key}\r\nContent-Type: application/json\r\n`;
    const plain = `${head}Content-Length: ${TEXT.length}\r\n\r\n${TEXT}`;
    const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n${TEXT.slice(0, 5)}\r\n${(TEXT.length - 5).toString(16)}\r\n${TEXT.slice(5)}\r\n0\r\n\r\n`;
    const socket = connect(Number(port), hostname);
    socket.setNoDelay(true);
    let answers = "";
    socket.on("data", (piece: Buffer) => {
      answers += piece.toString("utf8");
    });
    const before = ((await read({ url: server.url, key }, "/balance/derive/cust_body")).deltasCount ?? 0) as number;
    for (const sent of [plain, chunked]) {
      for (const cuts of [[], [head.length + 30], [20, head.length, sent.length - 1]]) {
        const wanted = answers.split("HTTP/1.1 201").length + 1;
        for (const [i, cut] of [0, ...cuts].entries()) {
          socket.write(sent.slice(cut, cuts[i]));
          await sleep(5);
        }
        while (answers.split("HTTP/1.1 201").length < wanted) await once(socket, "data");
      }
    }
    // Two at once: the second has come before the first is answered.
    socket.write(plain + chunked);
    while (answers.split("HTTP/1.1 201").length < 9) await once(socket, "data");
    socket.destroy();
    const { deltasCount } = await read({ url: server.url, key }, "/balance/derive/cust_body");
    expect(deltasCount).to.equal(before + 8);
  });

  it("that the caller does not send to its end is no request, and harms nobody", async () => {
    const { port, hostname } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.write(`POST ${DELTA} HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${key}\r\nContent-Type: application/json\r\n`);
    socket.write(`Content-Length: ${TEXT.length + 1}\r\n\r\n${TEXT}`);
    await sleep(50);
    const { deltasCount } = await read({ url: server.url, key }, "/balance/derive/cust_body");
    socket.destroy();
    await sleep(50);
    expect((await read({ url: server.url, key }, "/balance/derive/cust_body")).deltasCount).to.equal(deltasCount);
  });

  it("that is asked for with HEAD is not sent, and as long as that of GET", async () => {
    const get = await send(server.url, { path: "/healthz" });
    const head = await send(server.url, { path: "/healthz", method: "HEAD" });
    expect([head.text, head.headers.get("Content-Length")]).to.deep.equal(["", String(get.text.length)]);
  });
});
