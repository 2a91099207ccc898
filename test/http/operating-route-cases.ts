import { getDocs, getDocsFile, getMetrics, getOpenApi } from "#src/http/routes/operating.ts";
import type { RouteCase } from "./route-cases.ts";

/** The cases of what operators and readers ask for. */

export const OPERATING_ROUTE_CASES: readonly RouteCase[] = [
  {
    route: getMetrics,
    happy: () => ({ path: "/metrics" }),
    members: [],
    file: "text",
    rejects: [],
    elsewhere: { INVALID_API_KEY: "test/http/metrics.test.ts" },
  },
  {
    route: getOpenApi,
    happy: () => ({ path: "/openapi.json" }),
    members: ["openapi", "info.title", "paths", "components.schemas", "components.securitySchemes"],
    file: true,
    rejects: [],
  },
  { route: getDocs, happy: () => ({ path: "/docs" }), members: [], file: "text", rejects: [] },
  {
    route: getDocsFile,
    happy: () => ({ path: "/docs/start.js" }),
    members: [],
    file: "text",
    rejects: [
      ["a file that is not of the page", "VALIDATION_ERROR", () => ({ path: "/docs/package.json" }), /file/],
      ["a path that is not UTF-8", "VALIDATION_ERROR", () => ({ path: "/docs/%ff" }), /the path/],
    ],
  },
];
