import { TallyrootApiError, TallyrootConnectionError, TallyrootTimeoutError } from "./errors.ts";
import { newKeyFrom, type RandomSource, randomSource } from "./idempotency-key.ts";
import { isPassing, pauseBefore, retryAfterOf, sleep } from "./retry.ts";

/** Milliseconds that one attempt may take, from sending to the last byte of the answer. */
const TIMEOUT_MS = 30_000;
/** Attempts after the first. */
const MAX_RETRIES = 4;
/** Milliseconds after which no further attempt is begun. */
const TOTAL_MS = 120_000;

/** What one call may set for itself. */
export type CallOptions = {
  /** Ends the call; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds that one attempt may take. */
  timeoutMs?: number | undefined;
  /** Attempts after the first. */
  maxRetries?: number | undefined;
  /** Milliseconds after which no further attempt is begun. */
  totalMs?: number | undefined;
  /** At most 255 characters. Without it, each call that changes something makes one, and keeps it over its attempts. */
  idempotencyKey?: string | undefined;
};

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export type TransportRequest = CallOptions & {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** The part after `/api/v1`, percent-encoded. */
  path: string;
  /** The path is the server's own, not one under `/api/v1`. */
  root?: boolean | undefined;
  /** What is undefined is left out. */
  query?: Query | undefined;
  /** A JSON value. */
  body?: unknown;
  /** `data`: the envelope's data. `file`: the body's bytes as they came, of what is an evidence file. */
  expects?: "data" | "file";
};

export type TransportAnswer = {
  /** The envelope's data, or a Uint8Array where a file was expected. */
  data: unknown;
  status: number;
  /** Whether the server had answered this idempotency key before. */
  replayed: boolean;
};

/** Requests to one server under one key. */
export type Transport = {
  /**
   * Sends a request, again where that may help, always under the same idempotency key.
   *
   * @throws TallyrootApiError when the server refuses; TallyrootConnectionError, TallyrootTimeoutError when no answer came; the
   * reason of `signal`.
   */
  send(request: TransportRequest): Promise<TransportAnswer>;
};

export type TransportSettings = Omit<CallOptions, "idempotencyKey" | "signal"> & {
  apiKey?: string | undefined;
  /** With or without `/api/v1` and a trailing slash. */
  baseUrl: string;
  fetch?: typeof fetch | undefined;
  crypto?: RandomSource | undefined;
};

const FILE_TYPE = "application/vnd.tallyroot.receipt+json";

/** @throws TypeError for a base URL that is none, or a runtime without fetch or Web Crypto. */
export function openTransport({ apiKey, baseUrl, ...settings }: TransportSettings): Transport {
  const base = new URL(baseUrl).href.replace(/\/+$/, "").replace(/\/api\/v1$/, "");
  // Looked up for each request, so that whoever replaces the global one is heard; and never called as a method of something else.
  const post: typeof fetch = (...request) => (settings.fetch ?? globalThis.fetch)(...request);
  const random = randomSource(settings.crypto);
  const share = () => random.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;

  return {
    async send({ idempotencyKey, ...request }) {
      const { signal, maxRetries = settings.maxRetries ?? MAX_RETRIES } = request;
      const timeoutMs = request.timeoutMs ?? settings.timeoutMs ?? TIMEOUT_MS;
      const end = Date.now() + (request.totalMs ?? settings.totalMs ?? TOTAL_MS);
      const url = base + pathOf(request);
      const init = {
        method: request.method,
        // Followed, a redirect would take the key with it to wherever it points.
        redirect: "manual",
        headers: headersOf(
          request,
          apiKey,
          request.method === "POST" ? (idempotencyKey ?? newKeyFrom(random)) : undefined,
        ),
        ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
      } as const satisfies RequestInit;
      for (let attempt = 1; ; attempt++) {
        const outcome = await attempted(post, url, init, { timeoutMs, signal });
        if ("reply" in outcome && outcome.reply.ok) {
          const { reply, bytes } = outcome;
          const data = request.expects === "file" ? bytes : dataOf(bytes);
          if (data !== undefined)
            return { data, status: reply.status, replayed: reply.headers.get("Idempotent-Replayed") === "true" };
        }
        const error = "reply" in outcome ? refusal(outcome) : outcome.error;
        const pause = pauseBefore(
          attempt,
          share(),
          error instanceof TallyrootApiError ? error.retryAfterSeconds : null,
        );
        if (!error.retryable || attempt > maxRetries || Date.now() + pause > end) throw error;
        await sleep(pause, signal);
      }
    },
  };
}

function pathOf({ path, root = false, query = {} }: TransportRequest): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return `${root ? "" : "/api/v1"}${path}${given.length === 0 ? "" : `?${new URLSearchParams(given)}`}`;
}

function headersOf(
  { body, expects }: TransportRequest,
  apiKey: string | undefined,
  idempotencyKey: string | undefined,
): Record<string, string> {
  return {
    Accept: expects === "file" ? FILE_TYPE : "application/json",
    ...(apiKey !== undefined && { "X-Api-Key": apiKey }),
    ...(body !== undefined && { "Content-Type": "application/json" }),
    ...(idempotencyKey !== undefined && { "Idempotency-Key": idempotencyKey }),
  };
}

type Outcome = { reply: Response; bytes: Uint8Array } | { error: TallyrootConnectionError };

/** One attempt: an answer with its whole body, or why there is none. @throws the reason of the caller's signal */
async function attempted(
  post: typeof fetch,
  url: string,
  init: RequestInit,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
): Promise<Outcome> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    controller.abort();
  }, timeoutMs);
  const stop = () => controller.abort();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const reply = await post(url, { ...init, signal: controller.signal });
    return { reply, bytes: new Uint8Array(await reply.arrayBuffer()) };
  } catch (cause) {
    signal?.throwIfAborted();
    const { origin } = new URL(url);
    if (late) return { error: new TallyrootTimeoutError(`${origin} did not answer within ${timeoutMs} ms`, { cause }) };
    return { error: new TallyrootConnectionError(`${origin} does not answer: ${reasonOf(cause)}`, { cause }) };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** Node says in the cause why a connection failed, browsers say nothing. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
}

/** The members of a JSON object; none for bytes that are no such text. */
function membersOf(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(value) ? value : {};
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {};
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The data of a success; undefined where it is not in the envelope. */
function dataOf(bytes: Uint8Array): object | undefined {
  const { success, data } = membersOf(bytes);
  return success === true && isObject(data) ? data : undefined;
}

/** What an answer that is no success means. */
function refusal({
  reply,
  bytes,
}: {
  reply: Response;
  bytes: Uint8Array;
}): TallyrootApiError | TallyrootConnectionError {
  const { status, ok, headers } = reply;
  if (ok) return new TallyrootConnectionError(`what answers with status ${status} is not Tallyroot: no envelope`);
  const { success, error } = membersOf(bytes);
  const told = success === false && isObject(error) ? error : {};
  const { code = `HTTP_${status}`, message, requestId, details, retryAfterSeconds } = told;
  const elsewhere = status < 400 ? "; redirects are not followed, since the key would go with them" : "";
  return new TallyrootApiError(
    String(code),
    typeof message === "string" ? message : `answered with status ${status} and no error of Tallyroot${elsewhere}`,
    {
      status,
      requestId: typeof requestId === "string" ? requestId : headers.get("X-Request-Id"),
      retryable: isPassing(status),
      details: isObject(details) ? details : {},
      retryAfterSeconds:
        typeof retryAfterSeconds === "number"
          ? retryAfterSeconds
          : retryAfterOf(headers.get("Retry-After"), Date.now()),
    },
  );
}
