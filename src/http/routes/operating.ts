import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { TallyrootError } from "../../core/errors.ts";
import { DOCS_FILES, docsFile } from "../docs.ts";
import { DOCS_POLICY } from "../protection.ts";
import { route } from "../route.ts";

export const getMetrics = route({
  method: "GET",
  path: "/metrics",
  access: "public",
  summary: "Figures for Prometheus",
  status: 200,
  data: z.string(),
  media: { "text/plain": "bare" },
  codes: ["INVALID_API_KEY"],
  async handle({ metrics, metricsToken }, { bearer }) {
    if (metricsToken !== null && !isSame(bearer ?? "", metricsToken)) {
      throw new TallyrootError(
        "INVALID_API_KEY",
        "the figures are for whoever sends TALLYROOT_METRICS_TOKEN as a bearer token",
      );
    }
    return { file: await metrics.text(), mediaType: metrics.contentType };
  },
});

/** Compares without telling by its time how much of the text was right. */
function isSame(sent: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(sent), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

export const getOpenApi = route({
  method: "GET",
  path: "/openapi.json",
  access: "public",
  summary: "This API as an OpenAPI 3.1 document",
  status: 200,
  data: z.looseObject({ openapi: z.string() }),
  media: { "application/json": "bare" },
  codes: [],
  cors: "*",
  async handle(_service, { openApi }) {
    return { file: openApi, mediaType: "application/json; charset=utf-8" };
  },
});

const headers = { "Content-Security-Policy": DOCS_POLICY, "Cache-Control": "public, max-age=3600" };

export const getDocs = route({
  method: "GET",
  path: "/docs",
  access: "public",
  summary: "A page to read this API and to try it",
  status: 200,
  data: z.string(),
  media: { "text/html": "bare" },
  codes: [],
  async handle() {
    return { ...(await docsFile("page.html")), headers: { ...headers, "Cache-Control": "no-cache" } };
  },
});

export const getDocsFile = route({
  method: "GET",
  path: "/docs/:file",
  access: "public",
  summary: "The files of that page",
  status: 200,
  params: z.object({ file: z.enum(DOCS_FILES).meta({ example: "start.js" }) }),
  data: z.string(),
  media: {
    "text/javascript": "bare",
    "text/css": "bare",
    "text/html": "bare",
    "text/plain": "bare",
    "image/png": "bare",
  },
  codes: [],
  async handle(_service, { params }) {
    return { ...(await docsFile(params.file)), headers };
  },
});
