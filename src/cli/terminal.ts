/** What a command sees of the process that it runs in, so that a test can run it in another. */
export type Terminal = {
  /** The command line without the program's name. */
  words: readonly string[];
  env: Record<string, string | undefined>;
  out(text: string): void;
  err(text: string): void;
  /** Whether a person watches: progress is shown then. */
  watched: boolean;
  /** Leaves Ctrl-C to the command, which has something to end in order. */
  leaveSignals(): void;
  /** What the process ends with. */
  end(code: number): void;
};

/** An object as `--json` prints it. */
export function printJson({ out }: Terminal, value: object): void {
  out(`${JSON.stringify(value, null, 2)}\n`);
}

/** Lines of columns, each as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Control characters, what turns the direction of writing, and what has no width. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A text of somebody else's on one line: it could otherwise draw over what stands around it. */
export function shown(text: string): string {
  return text.replaceAll(INVISIBLE, " ");
}
