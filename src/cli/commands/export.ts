import { expectDirectory } from "../backup/expect-directory.ts";
import { command } from "../command.ts";
import { EXIT } from "../ending.ts";
import { printJson } from "../terminal.ts";

/** Copies a record into a bundle, while servers run or not. Run again over a data directory, it adds what is new. */

export const exportBundle = command({
  command: "export",
  describe: "Copy a record into a bundle",
  options: {
    out: { describe: "The bundle's directory; one that is there gets what is new", demandOption: true },
    "data-dir": { describe: "The data directory", default: "./data" },
    from: {
      describe:
        "The database, where the record is in one: postgresql://host:5432/database; else TALLYROOT_DATABASE_URL. Keys and an embedded chain are the data directory's",
    },
    "with-keys": {
      type: "boolean",
      describe: "Also the master and the publisher key, in keys.json: who has them can read and publish",
      default: false,
    },
    json: { type: "boolean", describe: "Print a report as JSON", default: false },
  },
  examples: [
    ["export --out bundle", "everything in ./data, without the keys"],
    ["export --out bundle --from postgresql://db.example:5432/tallyroot", "the record in a database, as it is now"],
  ],
  endings: { TallyrootError: EXIT.UNANSWERED },
  async run(values, terminal) {
    const { out: bundle, "data-dir": dataDir, "with-keys": keys } = values;
    const url = values.from ?? (terminal.env.TALLYROOT_DATABASE_URL || undefined);
    if (url === undefined) await expectDirectory("export", terminal.env, dataDir);
    const { exportBundle } = await import("../../bundle/export.ts");
    const wishes = { dataDir, bundle, keys };
    const { segment, manifest } =
      url === undefined
        ? exportBundle(wishes)
        : await (await import("../export/export.ts")).exportDatabase({ ...wishes, url }, terminal);
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
