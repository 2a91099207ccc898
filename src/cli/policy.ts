import { policyCommand } from "./policy/command.ts";

/** `npm run policy`: see `--help`. A fault of the program itself is thrown, and ends the process with 1. */

const { code, output, errors } = await policyCommand(process.argv.slice(2));
process.stdout.write(output);
process.stderr.write(errors);
process.exitCode = code;
