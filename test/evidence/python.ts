import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Step } from "#src/core/verify-receipt.ts";

/** The second implementation. */
export const SCRIPT = fileURLToPath(new URL("../../scripts/verify.py", import.meta.url));
/** How many files may be on their way to it: what it has not read is kept in memory. */
const ON_THE_WAY = 256;

/** A report as `--batch` writes it: verdict, failure, and the first letter of each step's outcome. */
export function lineOf(steps: readonly Pick<Step, "step" | "outcome">[]): string {
  const failed = steps.find((step): step is Extract<Step, { outcome: "failed" }> => step.outcome === "failed");
  const verdict = failed ? "REFUSED" : steps[5]?.outcome === "passed" ? "VERIFIED" : "CONSISTENT";
  return `${verdict} ${failed?.failure ?? "-"} ${steps.map(({ outcome }) => outcome[0]).join("")}`;
}

export type Ran = { code: number; stdout: string; stderr: string };

/** Runs it once, like somebody at a terminal. */
export function runPython(args: readonly string[], input: Uint8Array = new Uint8Array()): Promise<Ran> {
  return run("python3", [SCRIPT, ...args], input);
}

/** Runs a program to its end, whatever its exit code. */
export function run(program: string, args: readonly string[], input: Uint8Array = new Uint8Array()): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") reject(error);
      else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
    child.stdin!.end(input);
  });
}

export type Batch = {
  /** Hands over a file; `answer` gets the line that it is answered with. Resolves when the next may be handed over. */
  judge(file: Uint8Array, answer: (line: string) => void): Promise<void>;
  /** Resolves when every file is answered. */
  settled(): Promise<void>;
  end(): Promise<void>;
};

/** One process for many files: a line `VERDICT FAILURE|- outcomes` for each, in order. */
export function openBatch(args: readonly string[] = []): Batch {
  const child: ChildProcessWithoutNullStreams = spawn("python3", [SCRIPT, "--batch", ...args]);
  const waiting: ((line: string) => void)[] = [];
  let stderr = "";
  let fewer = Promise.withResolvers<void>();
  const gone = once(child, "close").then(([code]) => {
    if (code !== 0 || waiting.length > 0) throw new Error(`verify.py ended with ${code}: ${stderr}`);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  // A broken pipe is told by `gone`, with what the process said last.
  child.stdin.on("error", (error) => {
    stderr += error.message;
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    waiting.shift()!(line);
    fewer.resolve();
    fewer = Promise.withResolvers();
  });
  const until = async (most: number) => {
    while (waiting.length > most) await Promise.race([fewer.promise, gone]);
  };
  return {
    async judge(file, answer) {
      waiting.push(answer);
      child.stdin.write(`${Buffer.from(file).toString("base64")}\n`);
      await until(ON_THE_WAY);
    },
    settled: () => until(0),
    async end() {
      child.stdin.end();
      await gone;
    },
  };
}
