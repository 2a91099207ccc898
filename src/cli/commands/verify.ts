import { verbatim } from "../verbatim.ts";
import { OPTIONS } from "../verify/options.ts";

export const verify = verbatim({
  command: "verify [file]",
  describe: "Verify a receipt, checkpoint or consistency file without the server",
  options: OPTIONS,
  run: async (words) => (await import("../verify/command.ts")).verifyCommand(words),
});
