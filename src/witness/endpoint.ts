import { utf8 } from "../core/bytes.ts";
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
/** Node's words for connections that broke: another one may hold. Nobody there, by contrast, stays nobody. */
const BROKEN = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);
/** How clients say that a call was executed and failed; geth and others also say it with code 3. */
const EXECUTED = /revert|invalid opcode|opcode 0x|invalid jump|stack (?:under|over)flow|out of gas/i;
const EXECUTED_CODE = 3;
/** How providers say in JSON-RPC that they are asked too often: EIP-1474's "limit exceeded", HTTP's 429, and words of their own. */
const LIMITED_CODES = new Set([-32005, -32029, 429]);
const LIMITED = /rate.?limit|too many requests|request limit|compute units|capacity exceeded/i;

/** A JSON-RPC endpoint of a chain that may be anybody's: whatever it answers is data of unknown shape. */
export type Endpoint = {
  /** How it is called in reports: never with the part of its URL that may be a key. */
  readonly name: string;
  /**
   * @throws ChainUnavailableError when it does not answer, or answers something that is not JSON-RPC; CallFailedError
   */
  ask(method: string, params: readonly unknown[]): Promise<unknown>;
};

export type EndpointSettings = {
  /** Sends the questions; the runtime's own unless given. */
  fetch?: typeof fetch | undefined;
  /** Its place among several, where there are several: two can be of one host. */
  ordinal?: number | undefined;
};

/** The endpoint has executed the call, and the code that was called failed. */
export class CallFailedError extends Error {
  override readonly name = "CallFailedError";
}

/** The endpoint has answered, and its answer is that it does not do this: the same question in a moment changes nothing. */
export class EndpointRefusalError extends ChainUnavailableError {
  /** What it said, at most 200 characters: a stranger's words. */
  readonly words: string;

  constructor(message: string, words: string) {
    super(message);
    this.words = words;
  }
}

/** Whether a text is the URL of something that could be asked. */
export function isEndpointUrl(text: string): boolean {
  return URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol);
}

type Answer = { status: number; text: string };
/** One try. `passing`: the next one may do better. */
type Tried = { passing: boolean } & (Answer | { why: string; cause?: unknown });

/**
 * An endpoint by its URL. Written over plain HTTP rather than a library: a verifier wants to tell "it did not answer" from
 * "it answered nonsense" from "the contract says no", each strictly. It needs nothing but what browsers, Node and edge runtimes share.
 */
export function openEndpoint(url: string, { fetch = runtimesFetch, ordinal }: EndpointSettings = {}): Endpoint {
  const { username, password } = new URL(url);
  const address = new URL(url);
  // fetch refuses URLs with credentials, so they go where they belong.
  address.username = "";
  address.password = "";
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const headers = {
    "Content-Type": "application/json",
    ...(credentials !== ":" && { Authorization: `Basic ${btoa(String.fromCharCode(...utf8(credentials)))}` }),
  };
  const name = `endpoint ${ordinal === undefined ? "" : `${ordinal} `}at ${address.origin}`;
  const hidden = hiddenParts(url);
  const discreet = (words: string) => hidden.reduce((text, part) => text.replaceAll(part, "…"), words);

  async function once(body: string): Promise<Tried> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const response = await fetch(address.href, { method: "POST", headers, body, redirect: "manual", signal });
      // Where it leads is nobody's business: a question to one is answered by that one. Browsers do not even show the status.
      if (response.type === "opaqueredirect") return { passing: false, why: "redirects" };
      const { status } = response;
      return { passing: PASSING.has(status), status, text: textOf(await bodyWithin(response, MAX_ANSWER)) };
    } catch (cause) {
      // Aborted is asked of the signal: not every runtime tells it by the error.
      if (signal.aborted) return { passing: false, why: `nothing within ${TIMEOUT_MS / 1000} s`, cause };
      const { why, passing } = reasonOf(cause);
      return { passing, why: discreet(why.replaceAll(address.href, address.origin)), cause };
    }
  }

  return {
    name,
    async ask(method, params) {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
      let tried = await once(body);
      for (const pause of PAUSES_MS) {
        if (!tried.passing) break;
        await new Promise((resolve) => setTimeout(resolve, pause));
        tried = await once(body);
      }
      if ("why" in tried)
        throw new ChainUnavailableError(`${name} does not answer: ${tried.why}`, { cause: tried.cause });
      return resultOf({ name, method, discreet }, tried);
    },
  };
}

/** The runtime's own, as it is when it is needed. */
const runtimesFetch: typeof fetch = (...request) => globalThis.fetch(...request);

/** A mark of the byte order is kept: JSON has none. */
const textOf = (bytes: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

/** Why there is no answer. Node says it in the error's cause, by the operating system's word; browsers do not say, so they try again. */
function reasonOf(error: unknown): { why: string; passing: boolean } {
  if (error instanceof BodyTooLongError) return { why: error.message, passing: false };
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return { why: String(cause), passing: true };
  if ("code" in cause && typeof cause.code === "string") return { why: cause.code, passing: BROKEN.has(cause.code) };
  return { why: cause.message, passing: true };
}

/** Characters from which on a part of a path may be a key rather than a word such as `rpc` or `mainnet`. */
const LEAST_KEY = 8;

/** What of an endpoint's URL may be its key: providers put it into the path, the query or the user's name, and repeat it in refusals. */
function hiddenParts(url: string): string[] {
  const { username, password, pathname, searchParams } = new URL(url);
  const users = [username, password, decodeURIComponent(username), decodeURIComponent(password)];
  const parts = [...users, ...pathname.split("/").filter((part) => part.length >= LEAST_KEY), ...searchParams.values()];
  return [...new Set(parts)].filter((part) => part !== "");
}

type Asked = { name: string; method: string; discreet: (words: string) => string };

function resultOf({ name, method, discreet }: Asked, { status, text }: Answer): unknown {
  const answer = jsonObject(text);
  const failure = answer?.error;
  if (typeof failure === "object" && failure !== null) {
    const { code, message } = failure as { code?: unknown; message?: unknown };
    const words = typeof message === "string" ? message : "";
    if (method === "eth_call" && (code === EXECUTED_CODE || EXECUTED.test(words))) throw new CallFailedError();
    const said = discreet(words).slice(0, 200);
    const refusal = `${name} refuses ${method}: ${said} (${typeof code === "number" ? code : "no code"})`;
    const limited = status === 429 || (typeof code === "number" && LIMITED_CODES.has(code)) || LIMITED.test(words);
    throw limited ? new ChainUnavailableError(refusal) : new EndpointRefusalError(refusal, said);
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
