import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** The files of `/docs`, and where each comes from. Swagger UI is served from its package, unchanged. */
const FILES = {
  "page.html": { source: new URL("./docs/page.html", import.meta.url), mediaType: "text/html; charset=utf-8" },
  "start.js": { source: new URL("./docs/start.js", import.meta.url), mediaType: "text/javascript; charset=utf-8" },
  "README.md": { source: new URL("../../README.md", import.meta.url), mediaType: "text/plain; charset=utf-8" },
  "swagger-ui.css": { source: packaged("swagger-ui.css"), mediaType: "text/css; charset=utf-8" },
  "swagger-ui-bundle.js": { source: packaged("swagger-ui-bundle.js"), mediaType: "text/javascript; charset=utf-8" },
  "favicon.png": { source: packaged("favicon-32x32.png"), mediaType: "image/png" },
} as const;

export type DocsFile = keyof typeof FILES;
export const DOCS_FILES = Object.keys(FILES) as [DocsFile, ...DocsFile[]];

function packaged(name: string): URL {
  return new URL(import.meta.resolve(`swagger-ui-dist/${name}`));
}

const read = new Map<DocsFile, Uint8Array>();

/** One file of the page, kept after the first time: the largest has a megabyte and a half. */
export async function docsFile(name: DocsFile): Promise<{ file: Uint8Array; mediaType: string }> {
  const { source, mediaType } = FILES[name];
  const file = read.get(name) ?? (await readFile(fileURLToPath(source)));
  read.set(name, file);
  return { file, mediaType };
}
