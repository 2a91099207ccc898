import type { Express, Request, Response } from "express";
import { TallyrootError } from "../core/errors.ts";
import { isKnown } from "./lasting.ts";
import { ASSETS, DOCUMENTS, ENCODINGS, PAGE_LINES, type PageFile, type Pages } from "./pages.ts";

/** What a document can be had as; a program that asks for JSON alone is told that this is not for it. */
const FORMS = ["text/html", "application/json", "application/problem+json"];

const NOT_BUILT = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Tallyroot</title>
  </head>
  <body>
    <h1>The pages are not built</h1>
    <p>In a clone of the project, run <code>npm run build</code> and start the server again.</p>
    <p>The API works meanwhile: see <a href="/docs">/docs</a>.</p>
  </body>
</html>
`;

/**
 * Answers the paths of the pages. They are outside of the route table: they are for people, and no part of the API, its document or its
 * limits of requests; each answer comes from memory.
 */
export function servePages(app: Express, pages: Pages): void {
  for (const { file, policy, paths } of DOCUMENTS) {
    for (const path of paths) {
      const line = PAGE_LINES.find((one) => one.path === path);
      app.get(path, (request, response) => {
        response.locals.line = line;
        response.vary("Accept");
        expectReader(request);
        const found = pages?.get(file);
        if (!found) return answerNotBuilt(response);
        response.setHeader("Content-Security-Policy", policy);
        sendFile(request, response, found);
      });
    }
  }
  const assets = PAGE_LINES.find(({ path }) => path === ASSETS);
  app.get(ASSETS, (request, response) => {
    response.locals.line = assets;
    const found = pages?.get(`assets/${request.params.file}`);
    if (!found) throw new TallyrootError("NOT_FOUND", `there is nothing at ${request.path}`);
    sendFile(request, response, found);
  });
}

/** @throws TallyrootError NOT_FOUND to whoever asks for JSON. */
function expectReader(request: Request): void {
  const form = request.accepts(FORMS);
  if (form === false || form === "text/html") return;
  throw new TallyrootError(
    "NOT_FOUND",
    `there is nothing at ${request.path} for programs: the API is under /api/v1, and described at /openapi.json`,
  );
}

function answerNotBuilt(response: Response): void {
  response.status(503).set({ "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" }).end(NOT_BUILT);
}

/** Sends a file in the best form that the caller takes. Each form has an ETag of its own (RFC 9110, section 8.8.3). */
function sendFile(request: Request, response: Response, { mediaType, lasting, sha256, bodies }: PageFile): void {
  const encoding = ENCODINGS.find((one) => bodies.has(one) && request.acceptsEncodings(one) !== false);
  const body = bodies.get(encoding ?? "identity")!;
  const etag = encoding ? `"${sha256}-${encoding}"` : `"${sha256}"`;
  response.vary("Accept-Encoding").set({
    ETag: etag,
    "Cache-Control": lasting ? "public, max-age=31536000, immutable" : "no-cache",
  });
  if (isKnown(etag, request.get("If-None-Match"))) {
    response.status(304).end();
    return;
  }
  if (encoding) response.setHeader("Content-Encoding", encoding);
  response.set({ "Content-Type": mediaType, "Content-Length": String(body.length) }).end(body);
}
