import { expectDirectory } from "../backup/expect-directory.ts";
import { command } from "../command.ts";
import { printJson } from "../terminal.ts";

/** Copies a data directory into a bundle, while the server runs or not. Run again, it adds what is new. */

export const exportBundle = command({
  command: "export",
  describe: "Copy a data directory into a bundle",
  options: {
    out: { describe: "The bundle's directory; one that is there gets what is new", demandOption: true },
    "data-dir": { describe: "The data directory", default: "./data" },
    "with-keys": {
      type: "boolean",
      describe: "Also the master and the publisher key, in keys.json: who has them can read and publish",
      default: false,
    },
    json: { type: "boolean", describe: "Print a report as JSON", default: false },
  },
  examples: [["export --out bundle", "everything in ./data, without the keys"]],
  async run(values, terminal) {
    await expectDirectory("export", terminal.env, values["data-dir"]);
    const { out: bundle, "data-dir": dataDir, "with-keys": keys } = values;
    const { exportBundle } = await import("../../bundle/export.ts");
    const { segment, manifest } = exportBundle({ dataDir, bundle, keys });
    const report = {
      bundle,
      segments: manifest.segments.length,
      added: segment ? { number: segment.number, rows: segment.record.rows, through: segment.through } : null,
      state: manifest.state.rows,
      place: manifest.place,
    };
    if (values.json) printJson(terminal, report);
    else if (!segment) terminal.out(`${bundle}: nothing is new since segment ${manifest.segments.length}\n`);
    else {
      const { deltas, ledgers, anchors, checkpoints } = segment.record.rows;
      terminal.out(
        `${bundle}: segment ${segment.number} added: ${deltas} deltas, ${ledgers} ledgers, ${anchors} anchors, ${checkpoints ?? 0} checkpoints\n`,
      );
    }
    if (keys)
      terminal.err(
        `tallyroot export: ${bundle}/keys.json has the keys: move it apart from the rest, and keep it secret\n`,
      );
    return undefined;
  },
});
