import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { build } from "esbuild";

/**
 * Writes `commonjs/`: the entries once more for `require`, with their types.
 *
 * One file holds them all, with the packages they need, which are ES modules that an older Node cannot `require`; each entry hands out
 * its part of it. An error class is the same one then, whichever entry it came through.
 */
export async function writeCommonjs(staged: string, entries: readonly string[]): Promise<void> {
  const folder = join(staged, "commonjs");
  const nameOf = (entry: string) => entry.replaceAll("/", "_");
  await build({
    stdin: {
      contents: entries.map((entry) => `export * as ${nameOf(entry)} from "./${entry}.js";`).join("\n"),
      resolveDir: staged,
    },
    bundle: true,
    format: "cjs",
    platform: "neutral",
    // What Node 18 understands.
    target: "es2022",
    outfile: join(folder, "all.js"),
    logLevel: "error",
  });
  writeFileSync(join(folder, "package.json"), '{ "type": "commonjs" }\n');
  for (const file of readdirSync(staged, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".d.ts") || file.startsWith("commonjs")) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(staged, file), join(folder, file));
  }
  for (const entry of entries) {
    const all = posix.relative(posix.dirname(entry), "all.js");
    const text = `module.exports = require("${all.startsWith(".") ? all : `./${all}`}").${nameOf(entry)};\n`;
    writeFileSync(join(folder, `${entry}.js`), text);
  }
}
