import type { RequestListener } from "node:http";
import express, { type NextFunction, type Request, type Response } from "express";
import { TallyrootError } from "../core/errors.ts";
import type { Log } from "../ledger/ports/log.ts";
import { preflight } from "./cross-origin.ts";
import { hostRefusal, requestIdOf } from "./exchange.ts";
import { answerFailure } from "./fail.ts";
import { PAGE_LINES, type Pages } from "./pages.ts";
import { PROTECTION_HEADERS } from "./protection.ts";
import type { Route, Service } from "./route.ts";
import { openLineServer } from "./serve-lines.ts";
import { servePages } from "./serve-pages.ts";

/** The HTTP surface: every route of the table, and besides it the pages for people, OPTIONS, and what is nowhere. */
export function createApp(routes: readonly Route[], service: Service, pages: Pages, log: Log): RequestListener {
  const serveLine = openLineServer(routes, service, log);
  const { metrics, corsOrigins } = service;
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use((request, response, next) => {
    const requestId = requestIdOf(request);
    for (const [name, value] of Object.entries(PROTECTION_HEADERS)) response.setHeader(name, value);
    response.setHeader("X-Request-Id", requestId);
    const begun = performance.now();
    const { method, path } = request;
    response.on("finish", () => {
      const { statusCode: status, locals } = response;
      metrics.answered(locals.line, method, status, performance.now() - begun);
      log.debug({ requestId, method, path, status }, "answered");
    });
    next(hostRefusal(request));
  });
  servePages(app, pages);
  const lines = [...routes, ...PAGE_LINES];
  app.use(answerOptions(lines, corsOrigins), refuseUnknown(lines));
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const requestId = String(response.getHeader("X-Request-Id"));
    answerFailure({ request, response, requestId, path: request.path }, error, { log, metrics });
  });
  return (request, response) => {
    if (!serveLine(request, response)) app(request, response);
  };
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
