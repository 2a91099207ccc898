import { OPTIONS } from "../prove/options.ts";
import { verbatim } from "../verbatim.ts";

export const prove = verbatim({
  command: "prove [files..]",
  describe: "Bring receipts that contradict each other before the contract",
  options: OPTIONS,
  run: async (words, { env }) => (await import("../prove/command.ts")).proveCommand(words, env.TALLYROOT_PROVER_KEY),
});
