import type { IncomingMessage, ServerResponse } from "node:http";
import { TallyrootError } from "../core/errors.ts";
import type { Log } from "../ledger/ports/log.ts";
import { LIMITS } from "../wire/fields.ts";
import { openAdmission } from "./admission.ts";
import { envelope, JSON_TYPE, sendWhole, successBody } from "./answer.ts";
import { type Caller, openAuthentication } from "./authenticate.ts";
import { readableBy } from "./cross-origin.ts";
import { expectOwnCustomer, expectReach } from "./customer-keys.ts";
import { accepts, addressOf, bearerOf, type Exchange, hostRefusal, requestIdOf, targetOf } from "./exchange.ts";
import { answerFailure } from "./fail.ts";
import { openLines } from "./find-line.ts";
import { answerAsOf, maxStaleOf } from "./from-replica.ts";
import { isKnown } from "./lasting.ts";
import { expectLines } from "./lines-body.ts";
import { openApiOf } from "./openapi.ts";
import { parsePart } from "./parse-part.ts";
import { PROTECTION_HEADERS } from "./protection.ts";
import { openRateLimit } from "./rate-limit.ts";
import { hasBody, isJson, jsonOf, limitReading, readBytes } from "./read-body.ts";
import type { Answer, Route, Service } from "./route.ts";
import { sendChunks } from "./send-chunks.ts";

/** A route with all that can be known before anybody asks. */
type Line = Route & {
  /** Headers of every answer; undefined where they depend on who asks. */
  fixedHeaders: Readonly<Record<string, string>> | undefined;
  /** What its query is when none is sent; undefined where that is refused. */
  emptyQuery: unknown;
  /** Whether it takes no body as well. */
  bodyIsOptional: boolean;
  readsBody: boolean;
};

/** What stands in the target of a request. */
type Asked = { params: Readonly<Record<string, string>>; query: string };

/** Serves one request; false when it is for no route of the table, and nothing was done. */
export type LineServer = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * The routes of the table, each with the same conventions around it: admit, read, parse, handle, answer.
 *
 * They are served on Node's own messages, since most requests are for them, and what a framework does for each of its layers is more
 * than what recording a delta takes.
 */
export function openLineServer(routes: readonly Route[], service: Service, log: Log): LineServer {
  const { metrics, corsOrigins, trustedProxies } = service;
  const find = openLines(routes.map((line) => prepared(line, corsOrigins)));
  const authenticate = openAuthentication(service.store, service.clock);
  const limitRate = openRateLimit(service.rateLimits);
  const admission = openAdmission(log);
  // Made before there is anybody to wait: it takes some twenty milliseconds.
  const openApi = JSON.stringify(openApiOf(routes));

  /** Who calls is settled before a byte of the body is read: strangers do not fill the memory. */
  async function admit(line: Line, { request, path, headers }: Exchange): Promise<Caller | undefined> {
    let caller: Caller | undefined;
    if (line.access !== "public") {
      caller = await authenticate(request, line.access, path);
      expectReach(line, caller);
    }
    if (limitRate) await limitRate(line, caller, addressOf(request, trustedProxies), headers);
    return caller;
  }

  async function run(line: Line, exchange: Exchange, asked: Asked): Promise<void> {
    const { request } = exchange;
    const caller = await admit(line, exchange);
    if (line.takes === "lines") expectLines(request);
    const release = admission.hold(line, request);
    try {
      await handle(line, exchange, asked, caller);
    } finally {
      release();
    }
  }

  async function handle(line: Line, exchange: Exchange, asked: Asked, caller: Caller | undefined): Promise<void> {
    const { request } = exchange;
    const limit = line.bodyLimit ?? LIMITS.bodyBytes;
    const bytes = line.readsBody && isJson(request) ? await readBytes(request, exchange.response, limit) : undefined;
    const call = {
      params: parsePart(line.params, asked.params),
      query: queryOf(line, asked.query),
      body: line.readsBody && line.body && (await parsedBody(line, request, bytes)),
      bytes: request,
      tenant: caller?.tenant,
      caller,
      idempotencyKey: idempotencyKeyOf(request),
      accepts: (mediaType: string) => accepts(request, mediaType),
      bearer: line.access === "public" ? bearerOf(request) : undefined,
      openApi,
    };
    if (caller && caller.key.ledgerAddress !== null) await expectOwnCustomer(service.store, line, caller, call);
    const run = (from: Service) => admission.queued(line, () => line.handle(from, call as never));
    const maxStale = line.mayBeStale && service.replicas ? maxStaleOf(request) : undefined;
    await answer(line, exchange, await (maxStale === undefined ? run(service) : answerAsOf(service, maxStale, run)));
  }

  async function answer(line: Line, exchange: Exchange, given: Answer): Promise<void> {
    const { request, response } = exchange;
    const headers = given.headers ? { ...exchange.headers, ...given.headers } : exchange.headers;
    // Of a file without a tag it is known that it is there.
    const etag = given.headers?.ETag ?? ("file" in given ? "*" : undefined);
    if (isKnown(etag, request.headers["if-none-match"])) {
      response.writeHead(304, headers).end();
      return;
    }
    if ("file" in given) {
      sendWhole(response, 200, headers, { mediaType: given.mediaType, body: given.file });
      return;
    }
    const status = given.status ?? line.status;
    if ("chunks" in given) {
      response.writeHead(status, { ...headers, "Content-Type": given.mediaType });
      return sendChunks(exchange, given.chunks, log);
    }
    const body = "text" in given ? envelope(given.text) : successBody(given.data);
    sendWhole(response, status, headers, { mediaType: JSON_TYPE, body });
  }

  async function serve(line: Line | undefined, exchange: Exchange, work: () => Promise<void>): Promise<void> {
    const { request, response, requestId, path } = exchange;
    const begun = performance.now();
    try {
      await work();
    } catch (error) {
      answerFailure(exchange, error, { log, metrics });
    }
    if (!request.complete && hasBody(request)) limitReading(request);
    // What was cut off is no answer.
    if (!response.writableEnded) return;
    metrics.answered(line, request.method!, response.statusCode, performance.now() - begun);
    log.debug({ requestId, method: request.method, path, status: response.statusCode }, "answered");
  }

  return (request, response) => {
    const { path, query } = targetOf(request.url!);
    const found = foundOrError(() => find(request.method!, path));
    if (!found) return false;
    const line = "line" in found ? found.line : undefined;
    const requestId = requestIdOf(request);
    const headers = { ...headersOf(line, request, corsOrigins), "X-Request-Id": requestId };
    const exchange = { request, response, requestId, path, headers };
    if (line && admission.isRefused(line, request)) {
      void serve(line, exchange, async () => admission.refuse(exchange));
      return true;
    }
    const refused = hostRefusal(request) ?? ("error" in found ? found.error : undefined);
    void serve(line, exchange, () =>
      refused || !("line" in found)
        ? Promise.reject(refused)
        : run(found.line, exchange, { params: found.params, query }),
    );
    return true;
  };
}

/** What was found, or the URIError of a path that cannot be decoded: it is answered as any other failure is. */
function foundOrError<T>(work: () => T): T | { error: URIError } {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return { error };
  }
}

function prepared(line: Route, corsOrigins: readonly string[]): Line {
  const cors = readableBy(line, { origin: undefined, allowed: corsOrigins });
  const query = line.query?.safeParse({});
  return {
    ...line,
    fixedHeaders: line.cors || corsOrigins.length === 0 ? { ...PROTECTION_HEADERS, ...cors } : undefined,
    // It is the same object for every request that sends none.
    emptyQuery: query?.success ? Object.freeze(query.data) : undefined,
    bodyIsOptional: line.body?.safeParse(undefined).success === true,
    readsBody: line.takes !== "lines" && (line.method === "POST" || line.method === "PATCH"),
  };
}

function headersOf(
  line: Line | undefined,
  { headers }: IncomingMessage,
  corsOrigins: readonly string[],
): Readonly<Record<string, string>> {
  if (line?.fixedHeaders) return line.fixedHeaders;
  const cors = line && readableBy(line, { origin: headers.origin, allowed: corsOrigins });
  return { ...PROTECTION_HEADERS, ...cors };
}

function queryOf(line: Line, query: string): unknown {
  if (query === "" && (line.emptyQuery !== undefined || !line.query)) return line.emptyQuery;
  return parsePart(line.query, Object.fromEntries(singleValues(new URLSearchParams(query))));
}

/** A parameter that is given twice is refused: which of the two was meant cannot be known. */
function singleValues(parameters: URLSearchParams): [string, string][] {
  const entries = [...parameters];
  const names = entries.map(([name]) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new TallyrootError("VALIDATION_ERROR", `${twice}: given more than once`);
  return entries;
}

/** Where a body may be large, it is parsed in steps. */
async function parsedBody(line: Line, request: IncomingMessage, bytes: Buffer | undefined): Promise<unknown> {
  if (line.bodyIsOptional && !hasBody(request)) return parsePart(line.body, undefined);
  if (!bytes) throw new TallyrootError("UNSUPPORTED_MEDIA_TYPE", "send the body as application/json");
  return parsePart(line.body, await jsonOf(bytes, line.bodyLimit !== undefined));
}

function idempotencyKeyOf({ method, headers }: IncomingMessage): string | undefined {
  const sent = headers["idempotency-key"];
  if (sent === undefined || method !== "POST") return undefined;
  const key = String(sent);
  if (key.length < 1 || key.length > LIMITS.idempotencyKeyLength) {
    throw new TallyrootError(
      "VALIDATION_ERROR",
      `Idempotency-Key: must have 1 to ${LIMITS.idempotencyKeyLength} characters`,
    );
  }
  return key;
}
