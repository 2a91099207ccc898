import yargs, { type CommandModule } from "yargs";
import { COMMANDS } from "./commands.ts";
import { endingOf, UsageError } from "./ending.ts";
import type { Terminal } from "./terminal.ts";

/** Columns of `--help`. */
const WIDTH = 110;

/** What the parser leaves as it was written: an amount is text, an id may have a dot in it, and there is one way to say a thing. */
const PARSING = {
  "boolean-negation": false,
  "camel-case-expansion": false,
  "dot-notation": false,
  "greedy-arrays": false,
  "parse-numbers": false,
  "parse-positional-numbers": false,
  "strip-aliased": true,
} as const;

/** Runs one command line to its end. */
export async function runProgram(terminal: Terminal, version: string): Promise<void> {
  const { words } = terminal;
  const parser = yargs([...words])
    .scriptName("tallyroot")
    .locale("en")
    .exitProcess(false)
    .parserConfiguration(PARSING)
    .usage("$0 <command> [options]\n\nThe neutral record between a provider and its counterparty.")
    .command(COMMANDS as unknown as CommandModule[])
    .completion("completion", "Print a script that completes commands and options: source <(tallyroot completion)")
    .demandCommand(1, "say what to do")
    .strict()
    .recommendCommands()
    .version(version)
    .help()
    .alias("help", "h")
    .wrap(WIDTH)
    .fail((message, error) => {
      throw error ?? new UsageError(message);
    });
  const known = words.find((word) => !word.startsWith("-")) ?? "";
  const name = COMMANDS.some(({ command }) => String(command).split(" ", 1)[0] === known) ? known : "";
  const parsing = async () => {
    await parser.parseAsync([...words], { terminal }, (_error, _values, output) => {
      if (output !== "") terminal.out(`${output}\n`);
    });
    return 0;
  };
  const code = await endingOf(name, terminal, parsing);
  // A command that ran has said its own.
  if (code !== 0) terminal.end(code);
}
