import { verifyCommand } from "./verify/command.ts";

/** `npm run verify`: see `--help`. A fault of the verifier itself is thrown, and ends the process with 1. */

const { code, output, errors } = await verifyCommand(process.argv.slice(2));
process.stdout.write(output);
process.stderr.write(errors);
process.exitCode = code;
