import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { runProgram } from "#src/cli/program.ts";
import { COMPILE_CACHE } from "#src/compile-cache.ts";
import { databaseOf } from "#test/run/engine.ts";

export type CommandEnd = { code: number; output: string; errors: string };

const BINARY = fileURLToPath(import.meta.resolve("#src/cli/tallyroot.ts"));

export type Running = { child: ChildProcess; output: () => string; errors: () => string; ended: Promise<CommandEnd> };

/** Where the record of a data directory is, as a command that looks at it itself is told in its environment. */
export async function placeOf(dir: string): Promise<Record<string, string>> {
  const url = await databaseOf(dir);
  return url === undefined ? {} : { TALLYROOT_DATABASE_URL: url };
}

/** Starts the binary as a process of its own. Nothing of the caller's environment reaches it but what is given. */
export function startCommand(words: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [BINARY, ...words], {
    env: { PATH: process.env.PATH ?? "", NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { output: "", errors: "" };
  for (const [stream, name] of [
    [child.stdout, "output"],
    [child.stderr, "errors"],
  ] as const)
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
    });
  const ended = once(child, "close").then(() => ({ code: child.exitCode ?? -1, ...text }));
  return { child, output: () => text.output, errors: () => text.errors, ended };
}

/** Runs the binary to its end. */
export function runCommand(...words: string[]): Promise<CommandEnd> {
  return startCommand(words).ended;
}

/** Runs a command line in this process, which spares the start of another where a test is not about that. */
export async function runHere(words: readonly string[], env: Record<string, string> = {}): Promise<CommandEnd> {
  const end = { code: 0, output: "", errors: "" };
  await runProgram(
    {
      words,
      env,
      out: (text) => {
        end.output += text;
      },
      err: (text) => {
        end.errors += text;
      },
      watched: false,
      leaveSignals: () => {},
      end(code) {
        end.code = code;
      },
    },
    "9.9.9",
  );
  return end;
}
