import { randomUUID } from "node:crypto";
import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { TallyrootError } from "../core/errors.ts";
import type { Log } from "../ledger/ports/log.ts";
import { JSON_TYPE, refusalBody } from "./answer.ts";
import { PROTECTION_HEADERS } from "./protection.ts";
import { STATUSES } from "./statuses.ts";

/** Milliseconds for which what still comes is thrown away after the answer: a connection that is closed over unread bytes takes the answer with it. */
const LINGER_MS = 1_000;

/** What the caller is told of each way to be unreadable, by Node's codes; whatever else there is, is no HTTP. */
const MESSAGES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "the head of the request is too large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "the extensions of the body's chunks are too large",
  ERR_HTTP_REQUEST_TIMEOUT: "the head of the request did not come in time",
};

/** The connection was lost, and nobody is there to read an answer. */
const LOST = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT"]);

/** Node knows which answer a connection is at. */
type Serving = Duplex & { _httpMessage?: ServerResponse | null };

/**
 * Answers what cannot be read as a request, in the form of every other refusal, and ends the connection: where one request ends and the next
 * begins is not known any more (RFC 9112, section 2.2).
 *
 * Whoever asked before on the same connection gets its own answer first, and nothing after it: a refusal in its place would be taken for
 * what came of that request.
 */
export function openUnreadable(log: Log): (error: NodeJS.ErrnoException, socket: Duplex) => void {
  const ending = new WeakSet<Duplex>();
  return (error, socket: Serving) => {
    const code = error.code ?? "";
    // What comes behind the unreadable part is unreadable too.
    if (ending.has(socket) && !LOST.has(code)) return;
    if (!socket.writable || LOST.has(code)) {
      socket.destroy();
      return;
    }
    ending.add(socket);
    const open = socket._httpMessage;
    if (open?.req.complete) {
      open.once("finish", () => endOf(socket, ""));
      return;
    }
    // A part of this answer has been sent: it stays a part.
    if (open?.headersSent) socket.destroy();
    else endOf(socket, answerOf(MESSAGES[code] ?? "this is not a request of HTTP/1.1", code, log));
  };
}

function endOf(socket: Duplex, answer: string): void {
  socket.end(answer, "latin1");
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

function answerOf(message: string, reason: string, log: Log): string {
  const error = new TallyrootError("VALIDATION_ERROR", message);
  const status = STATUSES[error.code];
  const requestId = randomUUID();
  log.info({ requestId, code: error.code, reason }, message);
  const body = refusalBody(error, requestId);
  const headers = {
    ...PROTECTION_HEADERS,
    "X-Request-Id": requestId,
    "Cache-Control": "no-store",
    "Content-Type": JSON_TYPE,
    "Content-Length": Buffer.byteLength(body),
    Connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`;
}
