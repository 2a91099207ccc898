/** One answer as it came over the connection. */
export type HttpAnswer = {
  readonly status: number;
  /** By lower-case name; what came twice is joined with a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Whether the server says that nothing comes after it. */
  readonly isLast: boolean;
};

const HEAD_END = Buffer.from("\r\n\r\n");
const LINE_END = Buffer.from("\r\n");

/** What came is no answer of HTTP. */
export class NoHttpError extends Error {
  override readonly name = "NoHttpError";
}

/**
 * The first answer in some bytes, and what comes behind it (RFC 9112); undefined while it is not complete. A reader of its own: a client
 * library would mend, or hide, what this one is to see.
 *
 * @param toHead whether it answers a HEAD, and has no body.
 * @throws NoHttpError
 */
export function firstAnswer(bytes: Buffer, toHead: boolean): { answer: HttpAnswer; rest: Buffer } | undefined {
  const end = bytes.indexOf(HEAD_END);
  if (end === -1) return undefined;
  const [statusLine = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})(?: .*)?$/.exec(statusLine)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) throw new NoHttpError(`no status line: ${JSON.stringify(statusLine.slice(0, 200))}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) throw new NoHttpError(`no header: ${JSON.stringify(line.slice(0, 200))}`);
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  const rest = bytes.subarray(end + HEAD_END.length);
  // What is announced on the way (RFC 9110, section 15.2) is no answer yet.
  if (status < 200) return firstAnswer(rest, toHead);
  const body = toHead || status === 204 || status === 304 ? { body: rest.subarray(0, 0), rest } : bodyOf(headers, rest);
  return body && { answer: { status, headers, body: body.body, isLast: isLast(headers) }, rest: body.rest };
}

function isLast(headers: ReadonlyMap<string, string>): boolean {
  return headers.get("connection")?.toLowerCase() === "close";
}

function bodyOf(headers: ReadonlyMap<string, string>, bytes: Buffer): { body: Buffer; rest: Buffer } | undefined {
  if (headers.get("transfer-encoding") === "chunked") return chunkedBody(bytes);
  const length = Number(headers.get("content-length") ?? 0);
  if (bytes.length < length) return undefined;
  return { body: bytes.subarray(0, length), rest: bytes.subarray(length) };
}

function chunkedBody(bytes: Buffer): { body: Buffer; rest: Buffer } | undefined {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf(LINE_END, at);
    if (end === -1) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, end), 16);
    if (Number.isNaN(size)) throw new NoHttpError("a chunk has no size");
    const from = end + LINE_END.length;
    const next = from + size + LINE_END.length;
    if (bytes.length < next) return undefined;
    if (size === 0) return { body: Buffer.concat(pieces), rest: bytes.subarray(next) };
    pieces.push(bytes.subarray(from, from + size));
    at = next;
  }
}
