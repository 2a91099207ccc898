import { fromHex, toHex } from "../../core/bytes.ts";
import { TallyrootConnectionError } from "../errors.ts";
import { sleep } from "../retry.ts";

/** Questions to one JSON-RPC endpoint, which may be anybody's: what it answers is data of unknown shape. */

/** Milliseconds for one answer. */
const TIMEOUT_MS = 10_000;
/** Milliseconds before the second and the third try. */
const PAUSES_MS = [100, 400];
/** Characters of an answer. */
const MAX_ANSWER = 8 * 1024 * 1024;
/** What an endpoint answers for a moment, and a try later no longer. */
const PASSING = new Set([429, 502, 503, 504]);
/** How clients say that a call was executed and failed; geth and others also say it with code 3. */
const EXECUTED = /revert|invalid opcode|opcode 0x|invalid jump|stack (?:under|over)flow|out of gas/i;

/** The endpoint has executed the call, and the code that was called failed. */
export class CallFailedError extends Error {
  override readonly name = "CallFailedError";
}

export type Reader = ReturnType<typeof openReader>;

/** An answer that means nothing is no answer: nobody can be convicted by it, and nothing verified. */
export function unusable(name: string, method: string, what: string): TallyrootConnectionError {
  return new TallyrootConnectionError(`${name} answers ${method} with what is ${what}`);
}

/**
 * Opens an endpoint. Whatever it cannot say makes TallyrootConnectionError.
 *
 * @param ordinal its place among several.
 */
export function openReader(url: URL, post: typeof fetch, ordinal?: number) {
  // Reports never show the part of a URL that may be a key; and fetch refuses URLs with credentials, so they go where they belong.
  const name = `endpoint ${ordinal === undefined ? "" : `${ordinal} `}at ${url.origin}`;
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const address = new URL(url);
  [address.username, address.password] = ["", ""];
  const headers = {
    "Content-Type": "application/json",
    ...(credentials !== ":" && {
      Authorization: `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(credentials)))}`,
    }),
  };

  async function once(body: string): Promise<{ status: number; text: string } | { why: string; cause: unknown }> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), TIMEOUT_MS);
    try {
      const answer = await post(address, {
        method: "POST",
        headers,
        body,
        redirect: "manual",
        signal: controller.signal,
      });
      return { status: answer.status, text: await textWithin(answer, MAX_ANSWER) };
    } catch (cause) {
      if (controller.signal.aborted) return { why: `nothing within ${TIMEOUT_MS / 1000} s`, cause };
      const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
      return { why: inner instanceof Error ? inner.message : String(inner), cause };
    } finally {
      clearTimeout(timer);
    }
  }

  async function ask(method: string, params: readonly unknown[]): Promise<unknown> {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    let answer = await once(body);
    for (const pause of PAUSES_MS) {
      if ("status" in answer && !PASSING.has(answer.status)) break;
      await sleep(pause);
      answer = await once(body);
    }
    if ("why" in answer)
      throw new TallyrootConnectionError(`${name} does not answer: ${answer.why}`, { cause: answer.cause });
    return resultOf(name, method, answer);
  }

  const refuse = (method: string, what: string) => unusable(name, method, what);
  const quantity = (method: string, value: unknown): bigint => {
    if (typeof value !== "string" || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) throw refuse(method, "no number");
    return BigInt(value);
  };
  const bytes = (method: string, value: unknown, length?: number): Uint8Array => {
    if (typeof value !== "string" || !/^0x(?:[0-9a-fA-F]{2})*$/.test(value)) throw refuse(method, "no hex");
    if (length !== undefined && value.length !== 2 + 2 * length) throw refuse(method, `not ${length} bytes`);
    return fromHex(value.toLowerCase());
  };
  const members = (method: string, value: unknown): Record<string, unknown> => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse(method, "no object");
    return value as Record<string, unknown>;
  };

  return {
    name,
    chainId: async () => quantity("eth_chainId", await ask("eth_chainId", [])),
    blockNumber: async () => quantity("eth_blockNumber", await ask("eth_blockNumber", [])),
    code: async (of: string) => bytes("eth_getCode", await ask("eth_getCode", [of, "latest"])),

    /** What a call of a contract returns. @throws CallFailedError */
    call: async (to: string, data: string) => bytes("eth_call", await ask("eth_call", [{ to, data }, "latest"])),

    /** The block at a height of the chain as it is now, undefined when it is not as high. */
    async blockAt(number: bigint): Promise<{ hash: Uint8Array; timestamp: bigint } | undefined> {
      const method = "eth_getBlockByNumber";
      const answer = await ask(method, [`0x${number.toString(16)}`, false]);
      if (answer === null) return undefined;
      const block = members(method, answer);
      if (quantity(method, block.number) !== number) throw refuse(method, "another block");
      return { hash: bytes(method, block.hash, 32), timestamp: quantity(method, block.timestamp) };
    },

    /** Block and events of a transaction, undefined when it is in no block. */
    async transaction(hash: Uint8Array) {
      const method = "eth_getTransactionReceipt";
      const answer = await ask(method, [toHex(hash)]);
      if (answer === null) return undefined;
      const receipt = members(method, answer);
      if (!Array.isArray(receipt.logs)) throw refuse(method, "without its events");
      return {
        blockNumber: quantity(method, receipt.blockNumber),
        blockHash: bytes(method, receipt.blockHash, 32),
        events: receipt.logs.map((value: unknown) => {
          const event = members(method, value);
          if (!Array.isArray(event.topics)) throw refuse(method, "without its events");
          return {
            address: bytes(method, event.address, 20),
            topics: event.topics.map((topic: unknown) => bytes(method, topic, 32)),
            data: bytes(method, event.data),
          };
        }),
      };
    },
  };
}

/** A stranger's server must not fill the memory of who asks it. */
async function textWithin(answer: Response, limit: number): Promise<string> {
  const reader = answer.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const part = await reader?.read();
    if (!part || part.done) return text + decoder.decode();
    text += decoder.decode(part.value, { stream: true });
    if (text.length > limit) {
      await reader?.cancel();
      throw new Error(`more than ${limit} characters`);
    }
  }
}

function resultOf(name: string, method: string, { status, text }: { status: number; text: string }): unknown {
  const answer = jsonObject(text);
  const failure = answer?.error;
  if (typeof failure === "object" && failure !== null) {
    const { code, message } = failure as { code?: unknown; message?: unknown };
    const words = typeof message === "string" ? message : "";
    if (method === "eth_call" && (code === 3 || EXECUTED.test(words))) throw new CallFailedError();
    const said = `${words.slice(0, 200)} (${typeof code === "number" ? code : "no code"})`;
    throw new TallyrootConnectionError(`${name} refuses ${method}: ${said}`);
  }
  if (status < 200 || status > 299) throw new TallyrootConnectionError(`${name} answers with HTTP status ${status}`);
  if (!answer || !("result" in answer)) throw unusable(name, method, "no JSON-RPC");
  return answer.result;
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
