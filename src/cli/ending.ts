import type { Terminal } from "./terminal.ts";

/** How a command ends: the exit codes that all of them share. A command's own begin at 4, and stand in its `--help`. */
export const EXIT = {
  DONE: 0,
  /** Refused by the server, or a fault of this program. */
  REFUSED: 1,
  /** Wrong usage, or a file that cannot be used. */
  MISUSED: 2,
  /** No server or no chain answers. */
  UNANSWERED: 3,
  /** It ran, and what it found is not as it should be. */
  NOT_WELL: 10,
  /** 128 + SIGINT, as shells count. */
  INTERRUPTED: 130,
  /** 128 + SIGPIPE: whoever read the output has gone. */
  UNREAD: 141,
} as const;

export const EXIT_TEXT: Readonly<Record<number, string>> = {
  [EXIT.DONE]: "done",
  [EXIT.REFUSED]: "refused by the server, or a fault of this program",
  [EXIT.MISUSED]: "wrong usage, or a file that cannot be used",
  [EXIT.UNANSWERED]: "nobody answers",
  [EXIT.INTERRUPTED]: "interrupted",
  [EXIT.UNREAD]: "the reader of the output has gone",
};

/** The command line is wrong, or a file that it names is not what it must be; the message says how. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Nothing answers where the command was to ask. */
export class UnansweredError extends Error {
  override readonly name = "UnansweredError";
}

/** What people can mend, by the error's name: a command loads the parts that throw it, and others do not have them. */
const ENDINGS: Readonly<Record<string, number>> = {
  UsageError: EXIT.MISUSED,
  // What the parser throws for an option without its value.
  YError: EXIT.MISUSED,
  SourceError: EXIT.MISUSED,
  SettingError: EXIT.MISUSED,
  SignerError: EXIT.MISUSED,
  StorageRefusedError: EXIT.MISUSED,
  BundleRefusedError: EXIT.MISUSED,
  MasterKeyError: EXIT.MISUSED,
  TallyrootApiError: EXIT.REFUSED,
  TallyrootConnectionError: EXIT.UNANSWERED,
  TallyrootTimeoutError: EXIT.UNANSWERED,
  ChainUnavailableError: EXIT.UNANSWERED,
  UnansweredError: EXIT.UNANSWERED,
};

/**
 * Runs a command to its exit code. What people can mend is told in one line; a fault of this program keeps its stack.
 *
 * @param special exit codes by an error's name that this command counts otherwise.
 */
export async function endingOf(
  name: string,
  { err }: Pick<Terminal, "err">,
  work: () => Promise<number>,
  special: Readonly<Record<string, number>> = {},
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // A system call that failed says in its message what failed, and on which file.
    const code = special[error.name] ?? ENDINGS[error.name] ?? ("syscall" in error ? EXIT.MISUSED : undefined);
    err(`${code === undefined ? error.stack : `tallyroot${name && ` ${name}`}: ${lineOf(name, error)}`}\n`);
    return code ?? EXIT.REFUSED;
  }
}

/** Errors whose code is of a catalogue, and worth looking up. */
const CODED = new Set(["TallyrootApiError", "BundleRefusedError"]);

function lineOf(name: string, error: Error): string {
  const message = error.message.replaceAll(/\s*\n\s*/g, " ");
  if (error.name === "UsageError" || error.name === "YError")
    return `${message.replace(/[.?!]$/, "")}. See: tallyroot ${name && `${name} `}--help`;
  return CODED.has(error.name) && "code" in error ? `${error.code}: ${message}` : message;
}
