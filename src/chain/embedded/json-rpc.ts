/** JSON-RPC 2.0: from the text of a request, or of a batch, to the text of the answer. */

import { RPC, RpcError } from "./errors.ts";

/** Requests in one batch; they are answered one after the other, as other nodes do. */
const MAX_BATCH = 1000;

export type Call = (method: string, params: readonly unknown[]) => Promise<unknown>;

type Id = string | number | null;

interface Answer {
  jsonrpc: "2.0";
  id: Id;
  result?: unknown;
  error?: { code: number; message: string; data?: string };
}

/** The answer's text, or undefined where only notifications came, which get none. Never rejects for the caller's mistake. */
export async function answerText(text: string, call: Call): Promise<string | undefined> {
  let payload: unknown;
  try {
    payload = JSON.parse(text);
  } catch (error) {
    return errorText(RPC.PARSE_ERROR, `the body is not JSON: ${(error as Error).message}`);
  }
  if (!Array.isArray(payload)) {
    const answer = await answerOne(payload, call);
    return answer && JSON.stringify(answer);
  }
  if (payload.length === 0) return errorText(RPC.INVALID_REQUEST, "the batch is empty");
  if (payload.length > MAX_BATCH) {
    return errorText(RPC.LIMIT_EXCEEDED, `the batch has ${payload.length} requests, more than ${MAX_BATCH}`);
  }
  const answers: Answer[] = [];
  for (const request of payload) {
    const answer = await answerOne(request, call);
    if (answer !== undefined) answers.push(answer);
  }
  return answers.length === 0 ? undefined : JSON.stringify(answers);
}

export const errorText = (code: number, message: string): string =>
  JSON.stringify({ jsonrpc: "2.0", id: null, error: { code, message } } satisfies Answer);

async function answerOne(request: unknown, call: Call): Promise<Answer | undefined> {
  if (typeof request !== "object" || request === null || Array.isArray(request)) {
    return failed(null, new RpcError(RPC.INVALID_REQUEST, "a request is an object"));
  }
  const { id, method, params = [] } = request as { id?: unknown; method?: unknown; params?: unknown };
  if (id !== undefined && id !== null && typeof id !== "string" && typeof id !== "number") {
    return failed(null, new RpcError(RPC.INVALID_REQUEST, "id is neither a text, a number nor null"));
  }
  const answer = await perform(id ?? null, method, params, call);
  return id === undefined && typeof method === "string" ? undefined : answer;
}

async function perform(id: Id, method: unknown, params: unknown, call: Call): Promise<Answer> {
  if (typeof method !== "string") return failed(id, new RpcError(RPC.INVALID_REQUEST, "method is not a text"));
  if (!Array.isArray(params)) return failed(id, new RpcError(RPC.INVALID_PARAMS, "params is not a list"));
  try {
    return { jsonrpc: "2.0", id, result: (await call(method, params)) ?? null };
  } catch (error) {
    return failed(id, error);
  }
}

/** Ours and Hardhat's refusals carry a number as code; anything else is a defect, of which the caller learns no detail. */
function failed(id: Id, error: unknown): Answer {
  const { code, message, data } = error as { code?: unknown; message?: unknown; data?: unknown };
  if (typeof code !== "number" || typeof message !== "string") {
    return { jsonrpc: "2.0", id, error: { code: RPC.INTERNAL_ERROR, message: "internal error" } };
  }
  const revertData = typeof data === "string" ? data : (data as { data?: unknown } | null | undefined)?.data;
  return { jsonrpc: "2.0", id, error: { code, message, ...(typeof revertData === "string" && { data: revertData }) } };
}
