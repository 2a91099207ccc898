import { readFileSync } from "node:fs";
import { EXIT } from "./ending.ts";
import { runProgram } from "./program.ts";

/** Where the commands meet the process: its environment, its outputs, its signals and its end. */

const SIGNALS = { SIGINT: EXIT.INTERRUPTED, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Runs one command line in this process.
 *
 * @param words the command line without the program's name.
 */
export async function runTallyroot(words: readonly string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // Whoever read the output has what they wanted. Anything else, such as a full disk, must not look like success.
      process.exit(error.code === "EPIPE" ? EXIT.UNREAD : EXIT.REFUSED);
    });
  }
  const endings = Object.entries(SIGNALS).map(([signal, code]) => [signal, () => process.exit(code)] as const);
  for (const [signal, end] of endings) process.on(signal, end);
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  await runProgram(
    {
      words,
      env: process.env,
      out: (text) => void process.stdout.write(text),
      err: (text) => void process.stderr.write(text),
      watched: process.stderr.isTTY === true,
      leaveSignals() {
        for (const [signal, end] of endings) process.off(signal, end);
      },
      end(code) {
        process.exitCode = code;
      },
    },
    version,
  );
}
