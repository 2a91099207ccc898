import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

export type CommandEnd = { code: number; output: string; errors: string };

/** Runs one of the commands as a process of its own. */
export function runCommand(command: string, ...words: string[]): Promise<CommandEnd> {
  const file = fileURLToPath(new URL(`../../src/cli/${command}.ts`, import.meta.url));
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [file, ...words], (_error, output, errors) =>
      resolve({ code: child.exitCode ?? -1, output, errors }),
    );
  });
}
