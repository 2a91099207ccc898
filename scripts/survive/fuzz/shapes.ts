import { gzipSync } from "node:zlib";
import { nested } from "./junk.ts";

/** Bytes that are sent as they are, and the statuses of the answers that may come, in their order. */
export type Shape = {
  readonly name: string;
  readonly bytes: Buffer;
  /** What each answer may be; the connection is then ended, or goes on as its last answer says. */
  readonly statuses: readonly (readonly number[])[];
};

const DELTA = "/api/v1/balance/delta";
const KEY_PLACE = "@api-key@";
const GOOD = JSON.stringify({ customerId: "fuzz_shapes", delta: 1, reason: "r" });
/** Bytes that a gzip bomb unfolds to. */
const BOMB_BYTES = 64 * 1024 * 1024;

const raw = (name: string, text: string | Buffer, ...statuses: number[][]): Shape => ({
  name,
  bytes: typeof text === "string" ? Buffer.from(text, "latin1") : text,
  statuses,
});
const get = (head: string, path = "/healthz") => `GET ${path} HTTP/1.1\r\nHost: a\r\n${head}\r\n`;
const post = (headers: string, body: string, path = DELTA) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nX-Api-Key: ${KEY_PLACE}\r\nContent-Type: application/json\r\n${headers}\r\n${body}`;
const sized = (body: string, path = DELTA, headers = "") =>
  post(`Content-Length: ${Buffer.byteLength(body)}\r\n${headers}`, body, path);
const withBytes = (headers: string, body: Buffer, path = DELTA) =>
  Buffer.concat([Buffer.from(post(`Content-Length: ${body.length}\r\n${headers}`, "", path)), body]);
const repeated = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("");

/** Every shape, once for each run: made when they are needed, for they are large. */
export function shapes(apiKey: string): Shape[] {
  return table().map(({ bytes, ...shape }) => ({ ...shape, bytes: withKey(bytes, apiKey) }));
}

function withKey(bytes: Buffer, apiKey: string): Buffer {
  const at = bytes.indexOf(KEY_PLACE);
  if (at === -1) return bytes;
  return Buffer.concat([
    bytes.subarray(0, at),
    Buffer.from(apiKey),
    withKey(bytes.subarray(at + KEY_PLACE.length), apiKey),
  ]);
}

function table(): Shape[] {
  return [
    // What is no request.
    raw("a TLS greeting", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [400]),
    raw("HTTP/2 without being asked", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
    raw("an unknown version", "GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n", [400]),
    raw("an unknown method", "FOO /healthz HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    raw("HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n", [200]),
    raw("no host", "GET /healthz HTTP/1.1\r\n\r\n", [400]),
    raw("two hosts", "GET /healthz HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", [400]),
    raw("no host, for a page", "GET /assets/a HTTP/1.1\r\n\r\n", [400]),
    raw("zeros", Buffer.alloc(4096), [400]),
    raw("a name with a space before its colon", "GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n", [400]),
    raw("bare line ends", "GET /healthz HTTP/1.1\nHost: a\n\n", [400]),
    raw("a folded header", get("X-A: b\r\n c\r\n"), [400]),
    raw("NUL in a header", get("X-A: a\0b\r\n"), [400]),
    raw("bytes above ASCII in the target", "GET /h\xe9\xff HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    raw("a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    raw("CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    raw("an upgrade", get("Connection: Upgrade\r\nUpgrade: websocket\r\n"), [200]),
    raw("an expectation that nobody knows", sized(GOOD, DELTA, "Expect: pie\r\n"), [201]),
    raw("an expectation of being told to go on", sized(GOOD, DELTA, "Expect: 100-continue\r\n"), [201]),
    raw("OPTIONS of all", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", [404]),
    raw("a target with scheme and host", get("", "http://other.invalid/healthz"), [200]),
    // Where one request ends is not to be argued about: what a proxy before this server takes for a body must never be a request here.
    raw(
      "length and chunks at once",
      post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", `0\r\n\r\n${get("")}`),
      [400],
    ),
    raw(
      "chunks and length at once",
      post("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", `0\r\n\r\n${get("")}`),
      [400],
    ),
    raw("two lengths", post("Content-Length: 6\r\nContent-Length: 5\r\n", "abcdef"), [400]),
    raw("a list of lengths", post("Content-Length: 6, 6\r\n", "abcdef"), [400]),
    raw("a negative length", post("Content-Length: -1\r\n", ""), [400]),
    raw("a length with a sign", post("Content-Length: +6\r\n", "abcdef"), [400]),
    raw("a length beyond every number", post(`Content-Length: ${"9".repeat(40)}\r\n`, ""), [400]),
    raw("an unknown transfer coding", post("Transfer-Encoding: identity\r\n", ""), [400]),
    raw("chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), [400]),
    raw("a transfer coding with a tab", post("Transfer-Encoding:\x0bchunked\r\n", "0\r\n\r\n"), [400]),
    raw("a chunk without a size", post("Transfer-Encoding: chunked\r\n", "zz\r\n\r\n"), [400]),
    raw("a chunk of more than its size", post("Transfer-Encoding: chunked\r\n", "1\r\nabc\r\n0\r\n\r\n"), [400]),
    raw(
      "a chunk of a size beyond every number",
      post("Transfer-Encoding: chunked\r\n", `${"f".repeat(40)}\r\na`),
      [400],
    ),
    raw(
      "extensions of chunks",
      post("Transfer-Encoding: chunked\r\n", `1;${"a".repeat(20_000)}\r\na\r\n0\r\n\r\n`),
      [400],
    ),
    raw("trailers", post("Transfer-Encoding: chunked\r\n", `2\r\n{}\r\n0\r\nX-Api-Key: a\r\n\r\n`), [400]),
    raw("a good request before nonsense", `${sized(GOOD)}nonsense\r\n\r\n`, [201]),
    raw("a shorter length than the body", `${post("Content-Length: 2\r\n", '{}{"a":1}')}`, [400], [400]),
    raw(
      "16 at once",
      repeated(16, () => get("")),
      ...Array.from({ length: 16 }, () => [200]),
    ),
    raw(
      "a good and a bad one in turn",
      repeated(4, (i) => (i % 2 ? sized("{") : sized(GOOD))),
      [201],
      [400],
      [201],
      [400],
    ),
    // Heads.
    raw("a header of 100 KB", get(`X-A: ${"a".repeat(100_000)}\r\n`), [400]),
    raw("a target of 100 KB", get("", `/${"a".repeat(100_000)}`), [400]),
    raw("a target of 15 KB", get("", `/api/v1/balance/customers?search=${"a".repeat(15_000)}`), [401]),
    raw("500 headers", get(repeated(500, (i) => `A${i}: b\r\n`)), [200]),
    raw("20,000 headers", get(repeated(20_000, (i) => `A${i}: b\r\n`)), [400]),
    raw("1,000 parameters", get("", `/api/v1/anchors?${repeated(1_000, (i) => `p${i}=&`)}`), [400]),
    raw("a path of 3,000 parts", get("", "/a".repeat(3_000)), [404]),
    // Bodies.
    raw("1 MB of open lists", sized("[".repeat(1024 * 1024)), [400]),
    raw("1 MB of lists", sized(nested("[", 512 * 1024)), [400]),
    raw("100,000 objects in each other", sized(nested("{", 100_000)), [400]),
    raw("100,000 lists around a long number", sized(nested("[", 100_000, "1e5")), [400]),
    raw(
      "metadata of 20,000 levels",
      sized(`{"customerId":"c","delta":1,"reason":"r","metadata":{"a":${nested("[", 20_000)}}}`),
      [400],
    ),
    raw("a batch of 4 MB of lists", sized(`{"deltas":[${nested("[", 2_000_000)}]}`, `${DELTA}/batch`), [400, 413]),
    raw(
      "a batch of 700,000 empty ones",
      sized(`{"deltas":[${repeated(700_000, () => "{},")}{}]}`, `${DELTA}/batch`),
      [400],
    ),
    raw(
      "a batch of 700,000 numbers",
      sized(`{"deltas":[${repeated(700_000, () => "1e5,")}0]}`, `${DELTA}/batch`),
      [400],
    ),
    raw("80,000 members", sized(`{${repeated(79_999, (i) => `"m${i}":1,`)}"x":1}`), [400]),
    raw("100,000 times the same member", sized(`{${repeated(99_999, () => '"a":1,')}"x":1}`), [400]),
    raw("a number of 900,000 digits", sized(`{"customerId":"c","delta":${"9".repeat(900_000)},"reason":"r"}`), [400]),
    raw("a text of 900,000 digits", sized(`{"customerId":"c","delta":"0.${"9".repeat(900_000)}","reason":"r"}`), [400]),
    raw(
      "a text of 170,000 escapes",
      sized(`{"customerId":"${"\\u0000".repeat(170_000)}","delta":1,"reason":"r"}`),
      [400],
    ),
    raw("2 MB", sized(" ".repeat(2 * 1024 * 1024)), [413]),
    raw("a gzip bomb", withBytes("Content-Encoding: gzip\r\n", gzipSync(Buffer.alloc(BOMB_BYTES, " "))), [413]),
    raw(
      "a gzip bomb as a batch",
      withBytes("Content-Encoding: gzip\r\n", gzipSync(Buffer.alloc(BOMB_BYTES, " ")), `${DELTA}/batch`),
      [413],
    ),
    raw("gzip in gzip", withBytes("Content-Encoding: gzip, gzip\r\n", gzipSync(gzipSync("{}"))), [415]),
    raw("gzip that is none", withBytes("Content-Encoding: gzip\r\n", Buffer.from("nonsense")), [400]),
    raw("gzip that is cut off", withBytes("Content-Encoding: gzip\r\n", gzipSync(GOOD).subarray(0, 30)), [400]),
    raw("UTF-16", withBytes("", Buffer.from(GOOD, "utf16le")), [400]),
    raw("overlong UTF-8", withBytes("", Buffer.from([0x22, 0xc0, 0xaf, 0x22])), [400]),
    raw("a surrogate in UTF-8", withBytes("", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), [400]),
  ];
}
