import type { OPTIONS } from "../audit/arguments.ts";
import { command } from "../command.ts";
import { EXIT } from "../ending.ts";

/** The options of `audit`, which reads its words itself: exactly those, as people see them. */
const TOLD = {
  "data-dir": { describe: "The data directory; ./data when nothing is named" },
  rpc: { array: true, describe: "An endpoint of the chain to compare with; several must agree. Else the policy's" },
  policy: { describe: "What the auditor knows by another way: chain, contract, code and log" },
  "master-key-file": { describe: "Opens the contents; else <data-dir>/master-key. Without it they are not looked at" },
  json: { type: "boolean", describe: "Print the report as JSON", default: false },
  watch: { describe: "Again every so many seconds" },
  "metrics-port": { describe: "With --watch: metrics for Prometheus at http://127.0.0.1:N/metrics" },
} as const satisfies Record<Exclude<keyof typeof OPTIONS, "help">, object>;

export const audit = command({
  command: "audit [path]",
  describe: "Derive a whole record anew, believing none of its hashes, and compare",
  positionals: { path: { describe: "A data directory, a database file, or a bundle that export made" } },
  options: TOLD,
  examples: [
    ["audit data --rpc http://127.0.0.1:8545", "while its server runs or not"],
    ["audit bundle --policy policy.json --json", "somebody else's export, against what you pinned"],
  ],
  exits: {
    0: "clean",
    [EXIT.UNANSWERED]: "the chain did not answer",
    4: "clean, the chain was not asked",
    [EXIT.NOT_WELL]: "something is wrong",
  },
  async run(_values, { words }) {
    const { auditCommand } = await import("../audit/command.ts");
    const own = [...words];
    own.splice(own.indexOf("audit"), 1);
    return auditCommand(own);
  },
});
