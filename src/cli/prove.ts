import { proveCommand } from "./prove/command.ts";

/** `npm run prove`: two receipts that contradict each other, before the contract. */

const { code, output, errors } = await proveCommand(process.argv.slice(2), process.env.TALLYROOT_PROVER_KEY);
process.stdout.write(output);
process.stderr.write(errors);
process.exitCode = code;
