import { lookup } from "node:dns";
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { publicLookup, type Resolve, whyRefused } from "./address-guard.ts";

/** Milliseconds from the first byte that goes out to the last that is waited for. */
const ATTEMPT_MS = 10_000;
/** Bytes of an answer that are read: enough to let a connection be used again, and nothing that a receiver could fill the memory with. */
const ANSWER_BYTES = 64 * 1024;
/** Milliseconds that a connection is kept for the next delivery. */
const IDLE_MS = 20_000;
/** Idle connections kept per receiver. */
const IDLE_CONNECTIONS = 4;

/** What came back: a status, or a code that says why there is none. */
export type Answer = { status: number; error: null } | { status: null; error: string };

export type Post = {
  /** @throws AbortError when `signal` is aborted: nothing is known about the delivery then. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<Answer>;
  close(): void;
};

/**
 * Posts deliveries over HTTP(S). Redirects are answers like any other and not followed: they would lead around the guard, and take
 * a signed body to somebody else.
 *
 * @param attemptMs milliseconds that one attempt may take; `ATTEMPT_MS` unless a drill needs less.
 */
export function openPost({
  allowPrivate,
  resolve = lookup,
  attemptMs = ATTEMPT_MS,
}: {
  allowPrivate: boolean;
  resolve?: Resolve;
  attemptMs?: number;
}): Post {
  const keeping = { keepAlive: true, timeout: IDLE_MS, maxFreeSockets: IDLE_CONNECTIONS };
  const agents = { plain: new PlainAgent(keeping), secure: new SecureAgent(keeping) };
  const guard = allowPrivate ? undefined : publicLookup(resolve);

  function attempt(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal,
  ): Promise<Answer> {
    return new Promise((settle, reject) => {
      const secure = url.protocol === "https:";
      const options = { method: "POST", headers, signal, ...(guard && { lookup: guard }) };
      const request = secure
        ? secureRequest(url, { ...options, agent: agents.secure })
        : plainRequest(url, { ...options, agent: agents.plain });
      request.on("response", (response) => {
        // The status says it all; whatever becomes of the rest does not change it.
        settle({ status: response.statusCode ?? 0, error: null });
        drain(response);
      });
      request.on("error", (error: NodeJS.ErrnoException) => {
        // A kept connection that the receiver closed in that moment, before it saw the request as a rule; to send twice is allowed.
        if (request.reusedSocket && error.code === "ECONNRESET") settle(attempt(url, headers, body, signal));
        else if (signal.aborted) reject(signal.reason);
        else settle({ status: null, error: error.code ?? "UNREACHABLE" });
      });
      request.end(body);
    });
  }

  return {
    async post(text, headers, body, signal) {
      const url = new URL(text);
      // Asked again for each attempt: the setting may have changed since the endpoint was made.
      if (whyRefused(url, allowPrivate) !== undefined) return { status: null, error: "ADDRESS_REFUSED" };
      const late = AbortSignal.timeout(attemptMs);
      try {
        return await attempt(
          url,
          { ...headers, "Content-Length": String(Buffer.byteLength(body)) },
          body,
          AbortSignal.any([signal, late]),
        );
      } catch (error) {
        if (signal.aborted || !late.aborted) throw error;
        return { status: null, error: "TIMEOUT" };
      }
    },
    close() {
      agents.plain.destroy();
      agents.secure.destroy();
    },
  };
}

/** Reads and forgets an answer, up to a limit. */
function drain(response: IncomingMessage): void {
  let read = 0;
  response.on("data", (part: Buffer) => {
    read += part.length;
    if (read > ANSWER_BYTES) response.destroy();
  });
  response.on("error", () => response.destroy());
}
