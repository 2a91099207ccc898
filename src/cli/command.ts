import type { CommandModule, Options, PositionalOptions } from "yargs";
import { EXIT_TEXT, endingOf, UsageError } from "./ending.ts";
import type { Terminal } from "./terminal.ts";

type OptionTable = Readonly<Record<string, Options>>;
type PositionalTable = Readonly<Record<string, PositionalOptions>>;

/** What the parser makes of an option: text where it says nothing else. */
type ValueOf<O> = O extends { array: true } ? string[] : O extends { type: "boolean" } ? boolean : string;
type Given<O> = O extends { demandOption: true } | { default: string | boolean } ? true : false;
type ValuesOf<T> = {
  [name in keyof T]: ValueOf<T[name]> | (Given<T[name]> extends true ? never : undefined);
};

/** A command as it is written down: what it takes, what it is called with, and what it does. */
type Spec<P extends PositionalTable, O extends OptionTable> = {
  /** As the parser reads it: `emit <customerId> <delta>`. */
  command: string;
  describe: string;
  positionals?: P;
  options: O;
  examples: readonly (readonly [words: string, what: string])[];
  /** Exit codes beside the shared ones, or in their place. */
  exits?: Readonly<Record<number, string>>;
  /** Exit codes by an error's name, where this command counts it otherwise than the rest. */
  endings?: Readonly<Record<string, number>>;
  /** @returns the exit code; nothing for 0. */
  run(values: ValuesOf<P> & ValuesOf<O>, terminal: Terminal): Promise<number | undefined>;
};

/** Makes the parser's command of a written one. */
export function command<
  const P extends PositionalTable = Record<never, never>,
  const O extends OptionTable = OptionTable,
>(spec: Spec<P, O>): CommandModule<object, { terminal: Terminal }> {
  return {
    command: spec.command,
    describe: spec.describe,
    builder(parser) {
      for (const [words, what] of spec.examples) parser.example(`$0 ${words}`, what);
      for (const [positional, options] of Object.entries(spec.positionals ?? {}))
        parser.positional(positional, { type: "string", ...options });
      parser.options(
        Object.fromEntries(
          Object.entries(spec.options).map(([option, told]) => [
            option,
            // A flag that wants a value and stands at the end of the line is a mistake, not an empty text.
            told.type === "boolean" ? told : { type: "string", requiresArg: true, ...told },
          ]),
        ),
      );
      parser.check((values) => onceEach(spec.options, values));
      parser.epilogue(exitText(spec.exits));
      return parser as never;
    },
    async handler(values) {
      const { terminal } = values;
      // The words that led here: `keys list`.
      const name = values._.join(" ");
      const work = async () => (await spec.run(values as never, terminal)) ?? 0;
      terminal.end(await endingOf(name, terminal, work, spec.endings));
    },
  };
}

/** The parser makes a list of an option that is given twice, and nobody asked for one. */
function onceEach(options: OptionTable, values: Record<string, unknown>): true {
  const twice = Object.keys(options).find((option) => options[option]!.array !== true && Array.isArray(values[option]));
  if (twice !== undefined) throw new UsageError(`--${twice} is given more than once`);
  return true;
}

/** The exit codes as `--help` shows them. */
export function exitText(own: Readonly<Record<number, string>> = {}): string {
  const lines = Object.entries({ ...EXIT_TEXT, ...own }).map(([code, what]) => `  ${code.padStart(3)}  ${what}`);
  return `Exit codes:\n${lines.join("\n")}`;
}

/** What a group of commands says when none of them is named. */
export function group(
  name: string,
  describe: string,
  commands: readonly CommandModule<object, { terminal: Terminal }>[],
): CommandModule<object, { terminal: Terminal }> {
  return {
    command: name,
    describe,
    builder(parser) {
      for (const one of commands) parser.command(one as CommandModule);
      return parser.demandCommand(1, `say what to do with ${name}`).usage(`$0 ${name} <command>`) as never;
    },
    handler() {},
  };
}
