import { fileURLToPath } from "node:url";
import { runToEnd } from "../processes.ts";

/** The path of one of the bench's own programs. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url));
}

/** Runs one of the bench's own programs: it is given one JSON value, and the last line that it prints is another. */
export async function runProgram<T>(name: string, task: object, signal: AbortSignal): Promise<T> {
  const args = ["--max-old-space-size=8192", programPath(name), JSON.stringify(task)];
  const output = await runToEnd({ command: process.execPath, args, signal });
  return JSON.parse(output.trim().split("\n").at(-1) ?? "") as T;
}
