import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Writes a module of constants with its values worked out: importing it then needs no file beside it and no other module, so that it
 * can be bundled for a browser.
 */
export async function writeValues({ root, staged, entry }: { root: string; staged: string; entry: string }) {
  const values = (await import(pathToFileURL(join(root, "src", `${entry}.ts`)).href)) as Record<string, unknown>;
  const lines = Object.entries(values).map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`);
  writeFileSync(join(staged, `${entry}.js`), lines.join(""));
}
