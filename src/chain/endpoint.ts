import { setTimeout as sleep } from "node:timers/promises";
import { fromHex } from "../core/bytes.ts";
import { ChainUnavailableError } from "../core/errors.ts";
import { BodyTooLongError, bodyWithin } from "./bounded-body.ts";

/** Milliseconds for one answer. */
const TIMEOUT_MS = 10_000;
/** Milliseconds before the second and the third try: endpoints refuse for a moment when they are asked too often. */
const PAUSES_MS = [100, 400];
/** Bytes of an answer. A transaction's receipt with some thousand events has about one megabyte. */
const MAX_ANSWER = 8 * 1024 * 1024;
/** What an endpoint answers for a moment, and a try later no longer. */
const PASSING = new Set([429, 502, 503, 504]);
/** Connections that broke: another one may hold. Nobody there, by contrast, stays nobody. */
const BROKEN = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);
/** How clients say that a call was executed and failed; geth and others also say it with code 3. */
const EXECUTED = /revert|invalid opcode|opcode 0x|invalid jump|stack (?:under|over)flow|out of gas/i;
const EXECUTED_CODE = 3;

/** A JSON-RPC endpoint of a chain that may be anybody's: whatever it answers is data of unknown shape. */
export type Endpoint = {
  /** How it is called in reports: never with the part of its URL that may be a key. */
  readonly name: string;
  /**
   * @throws ChainUnavailableError when it does not answer, or answers something that is not JSON-RPC; CallFailedError
   */
  ask(method: string, params: readonly unknown[]): Promise<unknown>;
};

/** The endpoint has executed the call, and the code that was called failed. */
export class CallFailedError extends Error {
  override readonly name = "CallFailedError";
}

/** Whether a text is the URL of something that could be asked. */
export function isEndpointUrl(text: string): boolean {
  return URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol);
}

/**
 * An endpoint by its URL. Written over plain HTTP rather than a library: a verifier wants to tell "it did not answer" from
 * "it answered nonsense" from "the contract says no", each strictly.
 *
 * @param ordinal its place among several, where there are several: two can be of one host.
 */
export function openEndpoint(url: string, ordinal?: number): Endpoint {
  const { username, password } = new URL(url);
  const address = new URL(url);
  // fetch refuses URLs with credentials, so they go where they belong.
  address.username = "";
  address.password = "";
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const headers = {
    "Content-Type": "application/json",
    ...(credentials !== ":" && { Authorization: `Basic ${Buffer.from(credentials).toString("base64")}` }),
  };
  const name = `endpoint ${ordinal === undefined ? "" : `${ordinal} `}at ${address.origin}`;
  const post = (body: string) =>
    fetch(address, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });

  /** One try: the answer, or undefined when the next try may do better. */
  async function once(body: string, last: boolean): Promise<{ status: number; text: string } | undefined> {
    try {
      const response = await post(body);
      if (PASSING.has(response.status) && !last) {
        await response.body?.cancel();
        return undefined;
      }
      return { status: response.status, text: Buffer.from(await bodyWithin(response, MAX_ANSWER)).toString("utf8") };
    } catch (error) {
      const why =
        error instanceof Error && error.name === "TimeoutError"
          ? `nothing within ${TIMEOUT_MS / 1000} s`
          : error instanceof BodyTooLongError
            ? error.message
            : causeOf(error);
      if (!last && BROKEN.has(why)) return undefined;
      throw new ChainUnavailableError(`${name} does not answer: ${why}`, { cause: error });
    }
  }

  return {
    name,
    async ask(method, params) {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
      for (const pause of PAUSES_MS) {
        const answer = await once(body, false);
        if (answer) return resultOf(name, method, answer);
        await sleep(pause);
      }
      return resultOf(name, method, (await once(body, true))!);
    },
  };
}

/** The operating system's word for why a connection failed: an error of fetch says only that it did. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) throw error;
  return "code" in cause ? String(cause.code) : cause.message;
}

function resultOf(name: string, method: string, { status, text }: { status: number; text: string }): unknown {
  const answer = jsonObject(text);
  const failure = answer?.error;
  if (typeof failure === "object" && failure !== null) {
    const { code, message } = failure as { code?: unknown; message?: unknown };
    const words = typeof message === "string" ? message : "";
    if (method === "eth_call" && (code === EXECUTED_CODE || EXECUTED.test(words))) throw new CallFailedError();
    throw new ChainUnavailableError(
      `${name} refuses ${method}: ${words.slice(0, 200)} (${typeof code === "number" ? code : "no code"})`,
    );
  }
  if (status < 200 || status > 299) throw new ChainUnavailableError(`${name} answers with HTTP status ${status}`);
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

/** An answer that means nothing is no answer: nobody can be convicted by it, and nothing verified. */
export function unusable(name: string, method: string, what: string): ChainUnavailableError {
  return new ChainUnavailableError(`${name} answers ${method} with what is ${what}`);
}

/** Reads the answers of one endpoint: each method asks once and refuses what is not of the form it must have. */
export function readerOf(endpoint: Endpoint) {
  const refuse = (method: string, what: string) => unusable(endpoint.name, method, what);

  function quantity(method: string, value: unknown): bigint {
    if (typeof value !== "string" || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) throw refuse(method, "no number");
    return BigInt(value);
  }

  function bytes(method: string, value: unknown, length?: number): Uint8Array {
    if (typeof value !== "string" || !/^0x(?:[0-9a-fA-F]{2})*$/.test(value)) throw refuse(method, "no hex");
    if (length !== undefined && value.length !== 2 + 2 * length) throw refuse(method, `not ${length} bytes`);
    return fromHex(value.toLowerCase());
  }

  function members(method: string, value: unknown): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse(method, "no object");
    return value as Record<string, unknown>;
  }

  return {
    name: endpoint.name,
    chainId: async () => quantity("eth_chainId", await endpoint.ask("eth_chainId", [])),
    blockNumber: async () => quantity("eth_blockNumber", await endpoint.ask("eth_blockNumber", [])),
    code: async (address: string) => bytes("eth_getCode", await endpoint.ask("eth_getCode", [address, "latest"])),

    /** What a call of a contract returns. @throws CallFailedError */
    call: async (to: string, data: string) =>
      bytes("eth_call", await endpoint.ask("eth_call", [{ to, data }, "latest"])),

    /** The block at a height of the chain as it is now, undefined when it is not as high. */
    async blockAt(number: bigint): Promise<{ hash: Uint8Array; timestamp: bigint } | undefined> {
      const method = "eth_getBlockByNumber";
      const answer = await endpoint.ask(method, [`0x${number.toString(16)}`, false]);
      if (answer === null) return undefined;
      const block = members(method, answer);
      if (quantity(method, block.number) !== number) throw refuse(method, "another block");
      return { hash: bytes(method, block.hash, 32), timestamp: quantity(method, block.timestamp) };
    },

    /** Block and events of a transaction, undefined when it is in no block. */
    async transaction(hash: string) {
      const method = "eth_getTransactionReceipt";
      const answer = await endpoint.ask(method, [hash]);
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

export type Reader = ReturnType<typeof readerOf>;
