import { expect } from "chai";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import type { HttpAnswer } from "../../scripts/survive/fuzz/answers.ts";
import { openConnection } from "../../scripts/survive/fuzz/connection.ts";
import { complaint } from "../../scripts/survive/fuzz/judge.ts";

/** What bad input once found: the smallest of each kind. */
describe("bad input that found something", () => {
  const dir = temporaryDirectory();
  let server: Server;

  before(async () => {
    server = await startServer(dir);
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  /** Sends bytes and waits for so many answers, each of which has to be in one of the product's forms. */
  async function answersTo(bytes: string, count = 1): Promise<readonly HttpAnswer[]> {
    const connection = openConnection(server.url);
    const { answers } = await connection.exchange(Buffer.from(bytes, "latin1"), Array(count).fill(false), 10_000);
    connection.close();
    for (const answer of answers) expect(complaint(answer, false, [])).to.equal(undefined);
    return answers;
  }

  const messageOf = ({ body }: HttpAnswer) => JSON.parse(body.toString()).error.message as string;
  const post = (body: string, headers = "") =>
    `POST /api/v1/balance/delta HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${apiKeyOf(dir)}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`;
  const GOOD = '{"customerId":"found","delta":1,"reason":"r"}';

  it("what is no request is refused with a body and a request id, and ends the connection", async () => {
    for (const bytes of ["FOO / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n", "\x16\x03\x01\x02\x00"]) {
      const [answer] = await answersTo(bytes);
      expect(answer).to.include({ status: 400, isLast: true });
      expect(messageOf(answer!)).to.equal("this is not a request of HTTP/1.1");
    }
  });

  it("a head that is too large is refused in words, also while it is still being sent", async () => {
    const [answer] = await answersTo(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(5_000_000)}\r\n\r\n`);
    expect(answer?.status).to.equal(400);
    expect(messageOf(answer!)).to.equal("the head of the request is too large");
  });

  it("a request that names no host is refused like every other", async () => {
    for (const path of ["/healthz", "/", "/nowhere"]) {
      const [answer] = await answersTo(`GET ${path} HTTP/1.1\r\n\r\n`);
      expect(answer?.status, path).to.equal(400);
      expect(messageOf(answer!)).to.match(/^Host: /);
    }
  });

  it("a request that names two hosts is refused: a proxy may have gone by the other one", async () => {
    const [two, one] = await answersTo(
      "GET /healthz HTTP/1.1\r\nHost: a\r\nHOST: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
      2,
    );
    expect(two?.status).to.equal(400);
    expect(messageOf(two!)).to.equal("Host: a request of HTTP/1.1 has to name its host, once");
    expect(one?.status).to.equal(200);
  });

  it("CONNECT is answered", async () => {
    const [answer] = await answersTo("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(answer).to.include({ status: 400, isLast: true });
  });

  it("an expectation that nobody knows is left unmet, and the request is served", async () => {
    const [answer] = await answersTo(post(GOOD, "Expect: pie\r\n"));
    expect(answer?.status).to.equal(201);
  });

  it("what is unreadable behind a request takes nothing from that request's answer, and is not answered in its place", async () => {
    const answers = await answersTo(`${post(GOOD)}nonsense\r\n\r\n`, 2);
    expect(answers.map(({ status }) => status)).to.deep.equal([201]);
  });

  it("a body of unknown members is not sent back", async () => {
    const members = Array.from({ length: 50_000 }, (_, i) => `"member${i}":1`);
    const [many] = await answersTo(post(`{${members.join(",")}}`));
    expect(many?.body.length).to.be.below(20_000);
    expect(messageOf(many!)).to.match(/; and 49903 more$/);
    const [long] = await answersTo(post(`{"${"n".repeat(500_000)}":1}`));
    expect(long?.body.length).to.be.below(2_000);
  });
});
