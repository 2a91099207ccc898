import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { DemoFailure } from "./failure.ts";

/** Milliseconds that one exchange may take. */
const TIMEOUT_MS = 30_000;
/** How often one request is sent at most, and the milliseconds before the second time; the wait doubles each time. */
const MAX_ATTEMPTS = 6;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;
/** What a connection that failed is called (Node's and libuv's error codes): the request may be sent again. */
const CONNECTION_FAILURES = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT"]);

/** A caller of the HTTP API: what comes back is parsed, what may be sent again is sent again. */
export type Client = {
  get<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  /** The same, and undefined where the API answers 404. */
  find<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined>;
  /** The key makes it safe to send the request again when its answer was lost. */
  post<T>(path: string, body: object, idempotencyKey: string, schema: z.ZodType<T>): Promise<T>;
  /** A body as it comes. */
  file(path: string, mediaType: string): Promise<string>;
  /** From here on nothing is asked: every call throws. */
  close(): void;
};

const envelope = z.discriminatedUnion("success", [
  z.object({ success: z.literal(true), data: z.unknown() }),
  z.object({ success: z.literal(false), error: z.object({ code: z.string(), message: z.string() }) }),
]);

type Answer = { status: number; headers: IncomingHttpHeaders; text: string };
type Sent = { method: "GET" | "POST"; path: string; headers?: Record<string, string>; body?: string };

/**
 * @param connections how many requests are under way at a time; each connection is kept alive.
 * @param signal ends the waiting and the sending again.
 */
export function openClient(server: { url: string; apiKey: string; connections: number; signal: AbortSignal }): Client {
  const { url, apiKey, connections, signal } = server;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let closed = false;

  const once = (sent: Sent) =>
    new Promise<Answer>((resolve, reject) => {
      const headers = { "X-Api-Key": apiKey, ...sent.headers };
      const asked = request(`${url}${sent.path}`, { method: sent.method, agent, headers, timeout: TIMEOUT_MS });
      asked.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      asked.on("timeout", () => {
        asked.destroy(Object.assign(new Error(`no answer within ${TIMEOUT_MS} ms`), { code: "ETIMEDOUT" }));
      });
      asked.on("error", reject);
      asked.end(sent.body);
    });

  const send = async (sent: Sent): Promise<Answer> => {
    if (closed) throw new Error("the client is closed: the server is not used any more");
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      const answer = await once(sent).catch((error: Error) => error);
      const again = answer instanceof Error ? isConnectionFailure(answer) : answer.status === 503;
      if (!again || attempt === MAX_ATTEMPTS) {
        if (!(answer instanceof Error)) return answer;
        if (!again) throw answer;
        throw new DemoFailure(`the server at ${url} does not answer: ${answer.message}`, { cause: answer });
      }
      await sleep(pause(attempt, answer), undefined, { signal });
    }
  };

  return {
    get: async (path, schema) => schema.parse(dataOf(path, await send({ method: "GET", path }))),
    async find(path, schema) {
      const answer = await send({ method: "GET", path });
      return answer.status === 404 ? undefined : schema.parse(dataOf(path, answer));
    },
    async post(path, body, idempotencyKey, schema) {
      const headers = { "Content-Type": "application/json", "Idempotency-Key": idempotencyKey };
      return schema.parse(dataOf(path, await send({ method: "POST", path, headers, body: JSON.stringify(body) })));
    },
    async file(path, mediaType) {
      const answer = await send({ method: "GET", path, headers: { Accept: mediaType } });
      if (answer.status !== 200) dataOf(path, answer);
      return answer.text;
    },
    close() {
      closed = true;
      agent.destroy();
    },
  };
}

function isConnectionFailure(error: Error): boolean {
  return "code" in error && CONNECTION_FAILURES.has(String(error.code));
}

/** Milliseconds before the next attempt: what the server asks for, or twice as long each time. */
function pause(attempt: number, answer: Answer | Error): number {
  const asked = answer instanceof Error ? 0 : Number(answer.headers["retry-after"] ?? 0) * 1000;
  return Math.min(LONGEST_WAIT_MS, Math.max(asked || 0, FIRST_WAIT_MS * 2 ** (attempt - 1)));
}

/** @throws DemoFailure with the code and the message of a refusal. */
function dataOf(path: string, { status, text }: Answer): unknown {
  const answer = envelope.parse(JSON.parse(text));
  if (answer.success) return answer.data;
  const { code, message } = answer.error;
  throw new DemoFailure(`${path.split("?")[0]}: ${status} ${code}: ${message}`);
}
