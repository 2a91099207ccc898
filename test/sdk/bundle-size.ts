import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";

export type BundleSize = {
  /** Bytes, minified and compressed, that a page loads before it does anything. */
  atFirst: number;
  /** With all that it loads later, when it first verifies or compares. */
  all: number;
  /** The modules of the first part. */
  modules: string[];
};

/** What an entry costs a page, bundled as bundlers do: what is imported dynamically is loaded when it is needed. */
export async function bundleSize(entry: string): Promise<BundleSize> {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    outdir: "unwritten",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const first = loadedAtFirst(metafile);
  const sizeOf = (parts: ReadonlySet<string>) =>
    outputFiles
      .filter(({ path }) => [...parts].some((part) => path.endsWith(part)))
      .reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
  return {
    atFirst: sizeOf(first),
    all: sizeOf(new Set(Object.keys(metafile.outputs))),
    modules: [...first].flatMap((part) => Object.keys(metafile.outputs[part]!.inputs)).sort(),
  };
}

/** The entry's part, and those that it imports statically. */
function loadedAtFirst({ outputs }: Metafile): Set<string> {
  // The others with an entry point are what is imported dynamically.
  const dynamic = new Set(Object.values(outputs).flatMap(({ imports }) => imports.flatMap(laterPaths)));
  const [entry] = Object.keys(outputs).filter((part) => outputs[part]!.entryPoint && !dynamic.has(part));
  const parts = new Set([entry!]);
  // A Set goes on to what is added while it is walked.
  for (const part of parts)
    for (const { kind, path } of outputs[part]!.imports) if (kind === "import-statement") parts.add(path);
  return parts;
}

const laterPaths = ({ kind, path }: { kind: string; path: string }) => (kind === "dynamic-import" ? [path] : []);
