import { OPTIONS } from "../policy/options.ts";
import { verbatim } from "../verbatim.ts";

export const policy = verbatim({
  command: "policy [source]",
  describe: "Write down once which chain, contract and log count",
  options: OPTIONS,
  run: async (words) => (await import("../policy/command.ts")).policyCommand(words),
});
