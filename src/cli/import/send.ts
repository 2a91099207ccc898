import { TallyrootApiError } from "../../sdk/errors.ts";
import { pauseBefore, retryAfterOf, sleep } from "../../sdk/retry.ts";
import { UnansweredError } from "../ending.ts";
import type { Reached } from "../server-call.ts";
import type { Item } from "./items.ts";
import type { Refusal } from "./state.ts";

/** Milliseconds that one chunk may take. */
const TIMEOUT_MS = 120_000;
/** Attempts for one chunk. Each row has its idempotency key, so none is recorded twice. */
const ATTEMPTS = 6;
const STREAM = "application/x-ndjson";

/** What came of a chunk of rows. */
export type Sent = { recorded: number; replayed: number; refusals: Refusal[] };

/** Answers to a row that are not about the row: it may be recorded later. */
const PASSING = new Set(["SERVICE_UNAVAILABLE", "INTERNAL", "RATE_LIMITED"]);
/** Answers that every further row would get too. */
const FINAL = new Set(["QUOTA_EXCEEDED"]);

/**
 * Sends rows as one stream, again where that may help.
 *
 * @throws TallyrootApiError when the server refuses them all; UnansweredError
 */
export async function sendItems(reached: Reached, items: readonly Item[]): Promise<Sent> {
  const body = items.map(({ line }) => `${line}\n`).join("");
  for (let attempt = 1; ; attempt++) {
    const outcome = await attempted(reached, body, items);
    if ("sent" in outcome) return outcome.sent;
    if (!outcome.again || attempt === ATTEMPTS) throw outcome.error;
    await sleep(pauseBefore(attempt, (attempt % 3) / 2, outcome.wished));
  }
}

type Outcome = { sent: Sent } | { error: Error; again: boolean; wished: number | null };

async function attempted({ url, apiKey }: Reached, body: string, items: readonly Item[]): Promise<Outcome> {
  let reply: Response;
  let text: string;
  try {
    reply = await fetch(`${url}/api/v1/balance/delta/stream`, {
      method: "POST",
      headers: { "X-Api-Key": apiKey, "Content-Type": STREAM },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await reply.text();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const cause = error.cause instanceof Error && "code" in error.cause ? String(error.cause.code) : error.message;
    return unanswered(`${url} does not answer: ${cause}`);
  }
  if (!reply.ok) return refused(reply, text);
  const lines = text.trimEnd().split("\n");
  // One line per row and the summary: less was cut off on its way.
  if (lines.length !== items.length + 1)
    return unanswered(`${url} answered ${lines.length - 1} of ${items.length} rows`);
  return outcomeOf(lines, items);
}

const unanswered = (message: string): Outcome => ({ error: new UnansweredError(message), again: true, wished: null });

function refused(reply: Response, text: string): Outcome {
  const { status, headers } = reply;
  const json = headers.get("Content-Type")?.startsWith("application/json") === true;
  const told = json ? (JSON.parse(text) as { error?: { code?: string; message?: string } }).error : undefined;
  const again = status === 429 || status >= 500;
  const wished = retryAfterOf(headers.get("Retry-After"), Date.now());
  const error = new TallyrootApiError(told?.code ?? `HTTP_${status}`, told?.message ?? `answered with ${status}`, {
    status,
    requestId: headers.get("X-Request-Id"),
    retryable: again,
    details: {},
    retryAfterSeconds: wished,
  });
  return { error, again, wished };
}

function outcomeOf(lines: readonly string[], items: readonly Item[]): Outcome {
  const sent: Sent = { recorded: 0, replayed: 0, refusals: [] };
  for (const [i, { row }] of items.entries()) {
    const line = lines[i]!;
    // What the server writes of a recorded row has no text of the caller's but the id, which holds no quotes.
    if (line.includes('"status":"QUEUED"')) {
      if (line.endsWith('"idempotent":true}')) sent.replayed++;
      else sent.recorded++;
      continue;
    }
    const { code, message } = (JSON.parse(line) as { error: { code: string; message: string } }).error;
    if (PASSING.has(code) || FINAL.has(code)) {
      const parts = { status: 0, requestId: null, retryable: PASSING.has(code), details: {}, retryAfterSeconds: null };
      return { error: new TallyrootApiError(code, message, parts), again: PASSING.has(code), wished: null };
    }
    sent.refusals.push({ row, code, message });
  }
  return { sent };
}
