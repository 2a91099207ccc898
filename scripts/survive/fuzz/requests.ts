import { gzipSync } from "node:zlib";
import type { Random } from "../random.ts";
import { type Described, hex, type Known, madeOf } from "./described.ts";
import { TEXTS } from "./junk.ts";
import { jsonText, mutated, mutatedText } from "./mutate.ts";

/** A request as bytes, with its framing right: what is wrong with it is what it says. */
export type MadeRequest = { readonly bytes: Buffer; readonly isHead: boolean; readonly route: Described | undefined };

/** What requests are made of. */
export type Ground = {
  readonly routes: readonly Described[];
  readonly known: Known;
  readonly random: Random;
  /** A key of a tenant that may be spoilt. */
  readonly apiKey: (route: Described) => string;
};

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "QUERY", "M-SEARCH"];
/** Targets that are none of the described ones, or nearly one. */
const STRAY_PATHS = [
  "/",
  "//",
  "/..",
  "/.env",
  "/api",
  "/api/v1",
  "/api/v1/",
  "/api/v1/balance/delta/",
  "/API/V1/BALANCE/DELTA",
  "//api/v1/balance/delta",
  "/api/v1/balance/../balance/delta",
  "/api/v1/balance%2fdelta",
  "/api/v1/balance/delta;a=b",
  "/api/v1/balance/delta?",
  "/api/v1/balance/delta#a",
  "/assets/..%2f..%2fpackage.json",
  "/assets/%2e%2e/package.json",
  "/assets/constructor",
  "/docs/..%2fdocs.ts",
  "/verify",
  "/anchors",
  "/dashboard",
  "*",
  "http://other.invalid/healthz",
  "http://other.invalid",
];
/** What may stand for a parameter of a path, encoded already. */
const STRAY_PARTS = [
  "%00",
  "%",
  "%zz",
  "%ff",
  "%c0%af",
  "%ed%a0%80",
  "%252e%252e%252f",
  "..",
  ".",
  "%2e%2e",
  "..%2f..%2f",
  "%e2%80%ae",
  "a%0d%0aX:1",
  "~",
  "__proto__",
  "constructor",
  "summary",
  "current",
  "-1",
  "1e9",
];
const CONTENT_TYPES = [
  "application/json",
  "application/json; charset=utf-8",
  "application/json;charset=utf-16",
  "APPLICATION/JSON",
  "application/jsonp",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/x-ndjson",
  "application/x-ndjson; charset=latin1",
  "",
  ";",
  "a",
];
const HEADERS: readonly (readonly [name: string, values: readonly string[]])[] = [
  [
    "Accept",
    ["*/*", "text/html", "application/problem+json", "application/json;q=0", "", ",,,", "a/b/c", "text/plain"],
  ],
  ["Accept-Encoding", ["gzip", "br", "identity;q=0", "*;q=0", "zstd, ,", "gzip;q=NaN"]],
  ["Authorization", ["Bearer", "Bearer ", "Bearer a b", "Basic YTpi", "bearer pk_test_0", "\u00e9"]],
  ["X-Api-Key", ["", " ", "pk_test_", "pk_test_0_0", "pk_test_0123456789abcdef.", "a".repeat(4000), "a, b", "\u00ff"]],
  [
    "Idempotency-Key",
    ["", " ", "a", "a".repeat(255), "a".repeat(256), "\u00e9", '"quoted"', "a,b", "\t", "key-1", "key-2"],
  ],
  ["If-None-Match", ["*", '"', 'W/"a"', ",", '"a","b"', "a"]],
  ["X-Request-Id", ["", "order:42", "a b", "a".repeat(129), "\u00ff", "../x"]],
  ["X-Forwarded-For", ["1.2.3.4", "::1", "a", ",,,", "1.2.3.4, ".repeat(100)]],
  ["Origin", ["null", "http://evil.invalid", "a"]],
  ["Range", ["bytes=0-0", "bytes=-1", "lines=1"]],
  ["Cookie", ["a=b", "__proto__=1"]],
  ["Transfer-Coding", ["chunked"]],
  ["Upgrade", ["websocket", "h2c"]],
  ["Content-Length-X", ["1"]],
  ["X-HTTP-Method-Override", ["DELETE"]],
  ["Forwarded", ["for=_x;host=a"]],
  ["TE", ["trailers"]],
  ["Access-Control-Request-Method", ["POST"]],
  ["__proto__", ["a"]],
  ["constructor", ["a"]],
];

/** One request: half of them as the server describes them, the others with something wrong in one part or several. */
export function makeRequest(ground: Ground): MadeRequest {
  const { routes, random, known, apiKey } = ground;
  const route = random.oneOf(routes);
  const isWrong = random.chance(0.6);
  const wrong = (share: number) => isWrong && random.chance(share);
  let method = wrong(0.08) ? random.oneOf(METHODS) : route.method;
  if (method === "GET" && random.chance(0.05)) method = "HEAD";
  const headers: [string, string][] = [["Host", "tallyroot"]];
  if (route.needsKey ? !wrong(0.08) : random.chance(0.2)) headers.push(["X-Api-Key", apiKey(route)]);
  if (method === "POST" && random.chance(0.4)) headers.push(["Idempotency-Key", `key-${random.between(0, 500)}`]);
  for (let i = wrong(0.35) ? random.between(1, 4) : 0; i > 0; i--) {
    const [name, values] = random.oneOf(HEADERS);
    headers.push([name, random.oneOf(values)]);
  }
  const target = wrong(0.06) ? random.oneOf(STRAY_PATHS) : targetOf(route, ground, wrong);
  const made = route.body && !wrong(0.05) ? bodyOf(route.body, ground, wrong) : undefined;
  if (made) headers.push(...made.headers);
  else if (wrong(0.1)) headers.push(["Content-Type", random.oneOf(CONTENT_TYPES)]);
  const body = made?.bytes ?? (wrong(0.1) ? Buffer.from(random.oneOf(TEXTS)) : undefined);
  return { bytes: framed(`${method} ${target}`, headers, body, random), isHead: method === "HEAD", route };

  function targetOf(one: Described, { random: drawn }: Ground, isOff: (share: number) => boolean): string {
    const path = one.path.replace(/\{(\w+)\}/g, (_, name: string) => {
      const { schema = {} } = one.parameters.find((parameter) => parameter.name === name) ?? {};
      if (isOff(0.3)) return drawn.oneOf(STRAY_PARTS);
      if (isOff(0.2)) return segment(drawn.oneOf(TEXTS));
      return segment(madeOf({ type: "string", ...schema }, drawn, known, name));
    });
    const query = queryOf(one, ground, isOff);
    return query === "" ? path : `${path}?${query}`;
  }
}

/** One part of a path. What only a host could hold is left out: an empty part, and dots that a client resolves itself. */
function segment(value: unknown): string {
  const text = encodeURIComponent(String(value).toWellFormed());
  return text === "" ? "_" : text;
}

function queryOf({ parameters }: Described, { random, known }: Ground, isOff: (share: number) => boolean): string {
  const all = parameters.filter((one) => one.in === "query");
  const sent = all.filter((one) => one.required || random.chance(2 / Math.max(4, all.length)));
  const pairs = sent.map(({ name, schema }) => {
    const value = isOff(0.3) ? random.oneOf(TEXTS) : madeOf(schema, random, known, name);
    return [name, typeof value === "object" ? JSON.stringify(value) : String(value)] as const;
  });
  const text = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join("&");
  if (!isOff(0.15)) return text;
  return random.oneOf([
    `${text}&${text}`,
    `${text}&nope=1`,
    `${text}&__proto__=1&constructor=2`,
    `${text}&limit[]=1&limit[a]=2`,
    `${text}&a=%&b=%zz&c=%ff&d=%c0%af`,
    `${text}&=&&&==`,
    `limit=${"9".repeat(400)}`,
    Array.from({ length: 500 }, (_, i) => `p${i}=${i}`).join("&"),
    `${text}?${text}`,
    `cursor=${hex(random, 40)}`,
  ]);
}

function bodyOf(
  { mediaType, schema }: NonNullable<Described["body"]>,
  { random, known }: Ground,
  isOff: (share: number) => boolean,
): { headers: [string, string][]; bytes: Buffer } {
  const value = () => {
    const described = madeOf(schema, random, known);
    return jsonText(isOff(0.5) ? mutated(described, random) : described);
  };
  const isLines = mediaType.includes("ndjson");
  let text = isLines ? Array.from({ length: random.between(1, 6) }, value).join("\n") : value();
  if (isOff(0.15)) text = mutatedText(text, random);
  const headers: [string, string][] = [["Content-Type", isOff(0.1) ? random.oneOf(CONTENT_TYPES) : mediaType]];
  let bytes: Buffer = Buffer.from(text, isOff(0.03) ? "latin1" : "utf8");
  if (isOff(0.05)) {
    const encoding = random.oneOf(["gzip", "deflate", "br", "zstd", "identity", "gzip, gzip", "x", ""]);
    headers.push(["Content-Encoding", encoding]);
    if (encoding === "gzip" && random.chance(0.7)) bytes = gzipSync(bytes);
  }
  return { headers, bytes };
}

/** Header values as bytes, without what would end them: that is for those who shape raw bytes. */
function framed(start: string, headers: [string, string][], body: Buffer | undefined, random: Random): Buffer {
  const isChunked = body !== undefined && random.chance(0.1);
  if (isChunked) headers.push(["Transfer-Encoding", "chunked"]);
  else if (body) headers.push(["Content-Length", String(body.length)]);
  const lines = headers.map(([name, value]) => `${name}: ${value.replace(/[\r\n\0]/g, " ")}\r\n`).join("");
  const head = Buffer.from(`${start} HTTP/1.1\r\n${lines}\r\n`, "latin1");
  if (!body) return head;
  return Buffer.concat(isChunked ? [head, ...chunksOf(body, random), Buffer.from("0\r\n\r\n")] : [head, body]);
}

function chunksOf(body: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const end = Math.min(body.length, at + random.between(1, 200));
    pieces.push(Buffer.from(`${(end - at).toString(16)}\r\n`), body.subarray(at, end), Buffer.from("\r\n"));
    at = end;
  }
  return pieces;
}
