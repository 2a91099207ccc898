import { expectDirectory } from "../backup/expect-directory.ts";
import { command } from "../command.ts";
import { EXIT } from "../ending.ts";
import { printJson } from "../terminal.ts";

/** Copies a data directory as it is at one moment. Run again into the same directory, it replaces the copy once the new one is checked. */

export const backup = command({
  command: "backup",
  describe: "Copy a data directory as it is at one moment, and check the copy",
  options: {
    out: {
      describe: "The backup's directory; one that is there is replaced once the new copy is whole",
      demandOption: true,
    },
    "data-dir": { describe: "The data directory, while its server runs or not", default: "./data" },
    "with-keys": {
      type: "boolean",
      describe: "Also the master, the publisher and the first API key: who has them can read and publish",
      default: false,
    },
    quick: { type: "boolean", describe: "Check the file only, instead of deriving every hash anew", default: false },
    json: { type: "boolean", describe: "Print the manifest as JSON", default: false },
  },
  examples: [
    ["backup --out /backups/tallyroot", "while the server runs; again to bring it up to date"],
    ["backup --out /backups/tallyroot --with-keys", "all that a new machine needs"],
  ],
  exits: { [EXIT.NOT_WELL]: "refused: nothing was replaced" },
  endings: {
    BackupRefusedError: EXIT.NOT_WELL,
    BundleRefusedError: EXIT.NOT_WELL,
    FileDamagedError: EXIT.NOT_WELL,
  },
  async run(values, terminal) {
    await expectDirectory("backup", terminal.env, values["data-dir"]);
    const { out, "data-dir": dataDir, "with-keys": keys, quick, json } = values;
    const { makeBackup } = await import("../backup/backup.ts");
    const { manifest, hasKeys } = await makeBackup({ dataDir, out, keys, audited: !quick, clock: Date.now });
    const { deltas, ledgers, anchors, checkpoints } = manifest.state;
    if (json) printJson(terminal, manifest);
    else
      terminal.out(
        `${out}: ${deltas} deltas, ${ledgers} ledgers, ${anchors} anchors, ${checkpoints} checkpoints; everything acknowledged before ${manifest.startedAt}; ${quick ? "file checked" : "audited"}\n`,
      );
    terminal.err(
      hasKeys
        ? `tallyroot backup: ${out} has the keys: who reads it can read every content and publish in your name\n`
        : `tallyroot backup: THE MASTER KEY IS NOT IN IT. Without that key the content of this backup is lost for good: keep a copy of the key elsewhere, or use --with-keys\n`,
    );
    return undefined;
  },
});
