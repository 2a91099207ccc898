import type { CommandModule, Options } from "yargs";
import { endingOf } from "./ending.ts";
import type { Terminal } from "./terminal.ts";

/** How a command ended: its exit code, and what it says on its two outputs. */
type Ended = { code: number; output: string; errors: string };

type ParsedOption = { type: "string" | "boolean"; multiple?: boolean };

/**
 * A command that reads its words itself: it also runs alone, as a program small enough to be read before it is believed. Its options
 * are taken from its own table, so that completion and the one-line refusal of what it does not know are the same here.
 */
export function verbatim(spec: {
  command: string;
  describe: string;
  options: Readonly<Record<string, ParsedOption>>;
  run(words: readonly string[], terminal: Terminal): Promise<Ended>;
}): CommandModule<object, { terminal: Terminal }> {
  const name = spec.command.split(" ", 1)[0]!;
  return {
    command: spec.command,
    describe: spec.describe,
    builder(parser) {
      const options = Object.entries(spec.options).map(([option, { type, multiple }]): [string, Options] => [
        option,
        type === "boolean" ? { type } : { type, requiresArg: true, ...(multiple && { array: true }) },
      ]);
      // Its own --help tells more than a list of options.
      return parser.help(false).version(false).options(Object.fromEntries(options)).alias("help", "h") as never;
    },
    async handler({ terminal }) {
      const work = async () => {
        const words = [...terminal.words];
        words.splice(words.indexOf(name), 1);
        const { code, output, errors } = await spec.run(words, terminal);
        terminal.out(output);
        terminal.err(errors);
        return code;
      };
      terminal.end(await endingOf(name, terminal, work));
    },
  };
}
