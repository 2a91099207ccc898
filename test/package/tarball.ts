import { execFile, execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { environmentOf } from "./runtimes.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export type Tarball = { file: string; files: string[] };

/** Packs the project as `npm pack` does, which builds what is not built yet. */
export async function pack(folder: string): Promise<Tarball> {
  const args = ["pack", "--json", "--loglevel=error", "--pack-destination", folder];
  const { stdout } = await promisify(execFile)("npm", args, {
    cwd: ROOT,
    env: environmentOf({ node: process.execPath }),
    maxBuffer: 16 * 1024 * 1024,
  });
  // What the build says stands in front of it.
  const [packed] = JSON.parse(stdout.slice(stdout.search(/^\[$/m))) as [
    { filename: string; files: { path: string }[] },
  ];
  return { file: join(folder, packed.filename), files: packed.files.map(({ path }) => path).sort() };
}

/** Unpacks it where a project would have it, without the packages that it asks for. Returns its folder. */
export function unpack({ file }: Tarball, project: string): string {
  const folder = join(project, "node_modules", "tallyroot");
  mkdirSync(folder, { recursive: true });
  execFileSync("tar", ["-xzf", file, "-C", folder, "--strip-components=1"]);
  return folder;
}
