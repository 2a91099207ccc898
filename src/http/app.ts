import { randomUUID } from "node:crypto";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import helmet from "helmet";
import { ChainUnavailableError, TallyrootError } from "../core/errors.ts";
import { inSteps } from "../ledger/in-steps.ts";
import type { Log } from "../ledger/ports/log.ts";
import { LIMITS } from "../wire/fields.ts";
import { parseJson } from "../wire/json.ts";
import { parsingJson } from "../wire/json-in-steps.ts";
import { answerError, publicError, successBody } from "./answer.ts";
import { bearerOf, type Caller, openAuthentication } from "./authenticate.ts";
import { preflight, readableBy } from "./cross-origin.ts";
import { expectOwnCustomer, expectReach } from "./customer-keys.ts";
import { isKnown } from "./lasting.ts";
import { expectLines, limitReading } from "./lines-body.ts";
import type { Metrics } from "./metrics.ts";
import { openApiOf } from "./openapi.ts";
import { PAGE_LINES, type Pages } from "./pages.ts";
import { parsePart } from "./parse-part.ts";
import { PROTECTION } from "./protection.ts";
import { openRateLimit } from "./rate-limit.ts";
import type { Answer, Route, Service } from "./route.ts";
import { sendChunks } from "./send-chunks.ts";
import { servePages } from "./serve-pages.ts";

const REQUEST_ID = /^[A-Za-z0-9_.:-]{1,128}$/;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The HTTP surface: every route of the table, with the same conventions around each, and the pages for people. */
export function createApp(routes: readonly Route[], service: Service, pages: Pages, log: Log): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", (text: string | null) => Object.fromEntries(singleValues(new URLSearchParams(text ?? ""))));
  if (service.trustedProxies > 0) app.set("trust proxy", service.trustedProxies);
  app.use(helmet(PROTECTION));
  app.use(takeRequestId(log, service.metrics));
  const limitRate = openRateLimit(service.rateLimits);
  // Made before there is anybody to wait: it takes some twenty milliseconds.
  const openApi = JSON.stringify(openApiOf(routes));
  const authenticate = openAuthentication(service.store, service.clock);
  for (const line of routes) {
    // Who calls is settled before a byte of the body is read: strangers do not fill the memory.
    const admit = async (request: Request, response: Response, next: NextFunction) => {
      response.locals.line = line;
      response.set(readableBy(line, { origin: request.get("Origin"), allowed: service.corsOrigins }));
      if (line.access !== "public") {
        const caller = await authenticate(request, line.access);
        expectReach(line, caller);
        response.locals.caller = caller;
      }
      if (limitRate) await limitRate(line, response.locals.caller, request, response);
      next();
    };
    const run = async (request: Request, response: Response) => {
      const caller = response.locals.caller as Caller | undefined;
      const call = {
        params: parsePart(line.params, request.params),
        query: parsePart(line.query, request.query),
        body:
          line.takes !== "lines" &&
          line.body &&
          parsePart(
            line.body,
            hasBody(request) || !line.body.safeParse(undefined).success ? await jsonBody(request, line) : undefined,
          ),
        bytes: request,
        tenant: caller?.tenant,
        caller,
        idempotencyKey: idempotencyKeyOf(request),
        accepts: (mediaType: string) => (request.get("Accept") ?? "").includes(mediaType),
        bearer: bearerOf(request),
        openApi,
      };
      if (caller) await expectOwnCustomer(service.store, line, caller, call);
      await answer(response, line, await line.handle(service, call as never), log);
    };
    const readBody =
      line.takes === "lines"
        ? expectLines
        : [limitReading, express.raw({ type: isJson, limit: line.bodyLimit ?? LIMITS.bodyBytes })];
    if (line.method === "POST") app.post(line.path, admit, readBody, run);
    else if (line.method === "PATCH") app.patch(line.path, admit, readBody, run);
    else if (line.method === "DELETE") app.delete(line.path, admit, run);
    else app.get(line.path, admit, run);
  }
  servePages(app, pages);
  const lines = [...routes, ...PAGE_LINES];
  app.use(answerOptions(lines, service.corsOrigins), refuseUnknown(lines));
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    if (error instanceof ChainUnavailableError) service.metrics.chainFailed();
    fail(error, request, response, log);
  });
  return app;
}

async function answer(response: Response, line: Route, given: Answer, log: Log): Promise<void> {
  if (given.headers) response.set(given.headers);
  if (isKnown(given.headers?.ETag, response.req.get("If-None-Match"))) {
    response.status(304).end();
    return;
  }
  if ("file" in given) {
    response.status(200).type(given.mediaType).send(Buffer.from(given.file));
    return;
  }
  response.status(given.status ?? line.status);
  if ("chunks" in given) return sendChunks(response, given, log);
  response.setHeader("Content-Type", "application/json; charset=utf-8");
  response.end(successBody(given.data));
}

function takeRequestId(log: Log, metrics: Metrics) {
  return (request: Request, response: Response, next: NextFunction) => {
    const sent = request.get("X-Request-Id");
    const requestId = sent !== undefined && REQUEST_ID.test(sent) ? sent : randomUUID();
    response.setHeader("X-Request-Id", requestId);
    const begun = performance.now();
    response.on("finish", () => {
      metrics.answered(response.locals.line, request.method, response.statusCode, performance.now() - begun);
      log.debug({ requestId, method: request.method, path: request.path, status: response.statusCode }, "answered");
    });
    next();
  };
}

/** A parameter that is given twice is refused: which of the two was meant cannot be known. */
function singleValues(parameters: URLSearchParams): [string, string][] {
  const entries = [...parameters];
  const names = entries.map(([name]) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new TallyrootError("VALIDATION_ERROR", `${twice}: given more than once`);
  return entries;
}

function isJson(request: { headers: { "content-type"?: string | undefined } }): boolean {
  return /^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "");
}

/** Whether a body was sent, by its framing (RFC 9112, section 6): a route whose members are all optional takes none as well. */
function hasBody(request: Request): boolean {
  return request.get("Transfer-Encoding") !== undefined || Number(request.get("Content-Length") ?? 0) > 0;
}

/** Where a body may be large, it is parsed in steps: others go on in between. */
async function jsonBody(request: Request, { bodyLimit }: Route): Promise<unknown> {
  if (!isJson(request)) throw new TallyrootError("UNSUPPORTED_MEDIA_TYPE", "send the body as application/json");
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  try {
    const text = decodeUtf8(bytes);
    return bodyLimit === undefined ? parseJson(text) : await inSteps(parsingJson(text));
  } catch (error) {
    // The parser recurses where it reads numbers by their digits; what exhausts its stack is beyond every limit.
    if (!(error instanceof RangeError)) throw error;
    throw new TallyrootError("VALIDATION_ERROR", "the body is nested too deeply");
  }
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new TallyrootError("VALIDATION_ERROR", "the body is not UTF-8");
  }
}

function idempotencyKeyOf(request: Request): string | undefined {
  const key = request.get("Idempotency-Key");
  if (key === undefined || request.method !== "POST") return undefined;
  if (key.length < 1 || key.length > LIMITS.idempotencyKeyLength) {
    throw new TallyrootError(
      "VALIDATION_ERROR",
      `Idempotency-Key: must have 1 to ${LIMITS.idempotencyKeyLength} characters`,
    );
  }
  return key;
}

/** OPTIONS tells the methods; a browser's preflight is granted where the answer itself may be read by the page. */
function answerOptions(routes: readonly Line[], allowed: readonly string[]) {
  return (request: Request, response: Response, next: NextFunction) => {
    const lines = routesAt(routes, request.path);
    if (request.method !== "OPTIONS" || lines.length === 0) return next();
    const methods = methodsOf(lines);
    response.setHeader("Allow", methods);
    response.set(preflight(lines, methods, { origin: request.get("Origin"), allowed }));
    response.status(204).end();
  };
}

function refuseUnknown(routes: readonly Line[]) {
  return (request: Request, response: Response) => {
    const lines = routesAt(routes, request.path);
    if (lines.length === 0) throw new TallyrootError("NOT_FOUND", `there is nothing at ${request.path}`);
    const methods = methodsOf(lines);
    response.setHeader("Allow", methods);
    throw new TallyrootError("NOT_FOUND", `${request.method} is not taken here, only ${methods}`);
  };
}

/** What is known of every path that answers. */
type Line = Pick<Route, "method" | "path" | "cors">;

function routesAt(routes: readonly Line[], path: string): Line[] {
  return routes.filter((line) => pathMatches(line.path, path));
}

function methodsOf(lines: readonly Line[]): string {
  return [...new Set(lines.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method])))].join(", ");
}

function pathMatches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split("/"), path.split("/")];
  return wanted.length === given.length && wanted.every((part, i) => part.startsWith(":") || part === given[i]);
}

function fail(error: unknown, request: Request, response: Response, log: Log): void {
  const shown =
    error instanceof ChainUnavailableError
      ? new TallyrootError("SERVICE_UNAVAILABLE", "the chain does not answer now", { retryAfterSeconds: 2 })
      : publicError(error);
  const requestId = response.getHeader("X-Request-Id");
  const line = { requestId, method: request.method, path: request.path, code: shown.code };
  if (shown.code === "INTERNAL") log.error({ ...line, err: error }, "failed");
  else if (shown.code === "SERVICE_UNAVAILABLE") log.warn({ ...line, err: error }, shown.message);
  else log.info(line, shown.message);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  answerError(response, shown, (request.get("Accept") ?? "").includes("application/problem+json"));
}
