import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "#test/http/call.ts";
import { apiKeyOf, type ServerFile, serverFile } from "#test/http/server.ts";
import { environmentOf, type Runtime } from "./runtimes.ts";
import type { Tarball } from "./tarball.ts";

/** Somebody's project, in a folder of its own, that has installed the package with this Node. */
export type Project = {
  folder: string;
  runtime: Runtime;
  /** Runs a program to its end and gives what it printed. @throws Error with its `code`, `stdout` and `stderr` when it fails. */
  run(program: string, args: readonly string[], more?: Record<string, string>): Promise<string>;
};

const OUTPUT_BYTES = 16 * 1024 * 1024;

/** How npm installs here: from its cache where it can, and with no word of what went well. */
export const QUIET = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];

/** Installs the package in an empty project. */
export async function installed(
  { file }: Tarball,
  { folder, runtime }: { folder: string; runtime: Runtime },
): Promise<Project> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "name": "somebody", "private": true, "type": "module" }\n');
  const run: Project["run"] = async (program, args, more = {}) => {
    const env = environmentOf(runtime, more);
    const { stdout } = await promisify(execFile)(program, args, { cwd: folder, env, maxBuffer: OUTPUT_BYTES });
    return stdout;
  };
  await run("npm", ["install", ...QUIET, file]);
  return { folder, runtime, run };
}

export type Served = ServerFile & { apiKey: string; dataDir: string; stop(): Promise<void> };

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) process.kill(-child.pid!, "SIGKILL");
});

/** Starts the server as the project would: `npx tallyroot serve`. */
export async function served({ folder, runtime }: Project, settings: Record<string, string>): Promise<Served> {
  const dataDir = join(folder, "data");
  const env = environmentOf(runtime, { PORT: "0", TALLYROOT_CHAIN_PORT: "0", ...settings });
  // A group of its own: npx, the shell that it starts and the server get the signal together, as in a terminal.
  const child = spawn("npx", ["tallyroot", "serve"], { cwd: folder, env, detached: true, stdio: "pipe" });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const closed = once(child, "close").then(() => running.delete(child));
  await eventually(`a server, which says ${output}`, async () => {
    if (child.exitCode !== null) throw new Error(`the server has ended:\n${output}`);
    return output.includes("Tallyroot is running") || undefined;
  });
  return {
    ...serverFile(dataDir),
    apiKey: apiKeyOf(dataDir),
    dataDir,
    async stop() {
      process.kill(-child.pid!, "SIGINT");
      await closed;
      // npx may be gone before the server has closed its files.
      await eventually("its end", async () => !existsSync(join(dataDir, "server.json")) || undefined);
    },
  };
}
