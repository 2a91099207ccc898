/** What the programs of the bench and of the drills have in common: how they end, and how they are ended. */

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const EXIT = { DONE: 0, FAILED: 1, MISUSED: 2, INTERRUPTED: 130 } as const;

/** Those that `--only` names, in their own order; all of them where it is not given. @throws UsageError */
export function chosenFrom<T extends { readonly name: string }>(
  all: readonly T[],
  only: string | undefined,
  kind: string,
): T[] {
  const names = only?.split(",").map((name) => name.trim()) ?? all.map(({ name }) => name);
  const unknown = names.find((name) => !all.some((one) => one.name === name));
  if (unknown !== undefined) throw new UsageError(`there is no ${kind} "${unknown}"`);
  return all.filter(({ name }) => names.includes(name));
}

/**
 * Runs a program until it ends. The first Ctrl-C ends its work and every program of it in order, the second one at once.
 *
 * @param name how it begins its lines.
 * @param main the program: resolves with the exit code.
 */
export function runProgram(name: string, main: (signal: AbortSignal) => Promise<number>): void {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(EXIT.INTERRUPTED);
      interrupted.abort(new Error("interrupted"));
    });
  }
  main(interrupted.signal).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      const expected = error instanceof UsageError || (error instanceof Error && error.name === "YError");
      const told = interrupted.signal.aborted
        ? "interrupted"
        : expected
          ? (error as Error).message
          : (error as Error).stack;
      process.stderr.write(`${name}: ${told}\n`);
      process.exitCode = interrupted.signal.aborted ? EXIT.INTERRUPTED : expected ? EXIT.MISUSED : EXIT.FAILED;
    },
  );
}
