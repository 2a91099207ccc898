import { existsSync, statSync } from "node:fs";
import { expectDirectory } from "../backup/expect-directory.ts";
import { command } from "../command.ts";
import { EXIT, UsageError } from "../ending.ts";
import { MAPPING_OPTIONS } from "../import/mapping.ts";
import { CONNECTION } from "../server-call.ts";

export const importAny = command({
  command: "import <source>",
  describe: "Record the rows of a CSV or NDJSON file; or make a data directory of a bundle",
  positionals: { source: { describe: "A file of deltas, or a bundle's directory", demandOption: true } },
  options: {
    ...MAPPING_OPTIONS,
    ...CONNECTION,
    "data-dir": {
      describe:
        "Of a file: where the server's address and key are (./data when not given). Of a bundle: the new directory",
    },
    "master-key-file": { describe: "Of a bundle without keys: the master key" },
    "publisher-key-file": { describe: "Of a bundle without keys: the publisher key" },
    json: { type: "boolean", describe: "Print a report as JSON", default: false },
  },
  examples: [
    [
      "import bank.csv --map customerId=account --map delta=amount --set reason=transaction",
      "stopped, it goes on when it is run again",
    ],
    ["import usage.ndjson", "lines as POST /balance/delta takes them"],
    ["import bundle --data-dir elsewhere --master-key-file k", "a data directory, on which a server starts"],
  ],
  exits: {
    [EXIT.NOT_WELL]: "rows were refused, the others are recorded; or the bundle or its place is refused",
  },
  endings: { BundleRefusedError: EXIT.NOT_WELL, StorageRefusedError: EXIT.NOT_WELL },
  async run(values, terminal) {
    const { source, map, set, url } = values;
    if (!existsSync(source)) throw new UsageError(`${source} is not there`);
    const isBundle = statSync(source).isDirectory();
    if (isBundle) {
      const wrong = Object.entries({ map, set, url, "key-file": values["key-file"] }).find(([, value]) => value);
      if (wrong) throw new UsageError(`--${wrong[0]} is for a file of deltas, and ${source} is a directory`);
      await expectDirectory("import", terminal.env, values["data-dir"]);
      (await import("../import/bundle.ts")).importBundle({ ...values, bundle: source }, terminal);
      return EXIT.DONE;
    }
    const keys = (["master-key-file", "publisher-key-file"] as const).find((option) => values[option] !== undefined);
    if (keys) throw new UsageError(`--${keys} is for a bundle, and ${source} is a file`);
    const connection = { ...values, "data-dir": values["data-dir"] ?? "./data" };
    return (await import("../import/deltas.ts")).importDeltas({ ...connection, file: source }, terminal);
  },
});
