import { expectDirectory } from "../backup/expect-directory.ts";
import { command } from "../command.ts";
import { EXIT, UsageError } from "../ending.ts";
import { printJson } from "../terminal.ts";

/** Makes a data directory of a backup. Whoever restores has to know whether the backup is the end of the record. */

const CHOICE =
  "say which it is: --nothing-since, if nothing was recorded after this backup; or --accept-loss, if something may have been: the server then goes on in a new log, so that no sequence is given out twice under the old one";

export const restore = command({
  command: "restore",
  describe: "Make a data directory of a backup",
  options: {
    from: { describe: "The backup's directory", demandOption: true },
    "data-dir": { describe: "The new directory: an empty one, or none yet", demandOption: true },
    "nothing-since": {
      type: "boolean",
      describe: "Nothing was recorded after the backup: goes on in the same log",
      default: false,
    },
    "accept-loss": {
      type: "boolean",
      describe: "Something may have been: goes on in a new log, and what is lost stays lost",
      default: false,
    },
    "master-key-file": { describe: "The master key, where it is not in the backup" },
    "publisher-key-file": { describe: "The publisher key, where it is not in the backup" },
    json: { type: "boolean", describe: "Print a report as JSON", default: false },
  },
  examples: [
    ["restore --from /backups/tallyroot --data-dir data --accept-loss", "after a disk was lost"],
    ["restore --from moved --data-dir data --nothing-since", "a move: the server was stopped before the backup"],
  ],
  exits: { [EXIT.NOT_WELL]: "refused: nothing was made" },
  endings: {
    BackupRefusedError: EXIT.NOT_WELL,
    BundleRefusedError: EXIT.NOT_WELL,
    StorageRefusedError: EXIT.NOT_WELL,
  },
  async run(values, terminal) {
    const { from, "data-dir": dataDir, "master-key-file": masterFile, "publisher-key-file": publisherFile } = values;
    const acceptLoss = values["accept-loss"];
    await expectDirectory("restore", terminal.env);
    if (acceptLoss === values["nothing-since"]) throw new UsageError(CHOICE);
    const { restoreBackup } = await import("../backup/restore.ts");
    const keyFiles = { master: masterFile, publisher: publisherFile };
    const { manifest, keys } = restoreBackup({ from, dataDir, keyFiles, acceptLoss, clock: Date.now });
    const { deltas, anchors } = manifest.state;
    if (values.json) printJson(terminal, { dataDir, acceptLoss, keys, manifest });
    else
      terminal.out(
        acceptLoss
          ? `${dataDir}: ${deltas} deltas. The next server opens a new log and anchors them there anew: whoever verifies needs its log id. Receipts of before stay true in the old log; what was recorded after ${manifest.startedAt} is not in this record, though customers may hold receipts for it\n`
          : `${dataDir}: ${deltas} deltas, ${anchors} anchors. Its server compares them with the log on chain, and refuses to start where that has gone on\n`,
      );
    for (const [name, there] of Object.entries(keys)) {
      if (there) continue;
      terminal.err(
        `tallyroot restore: no ${name} key is in ${dataDir}: put it into the file ${name}-key (mode 0600), or set TALLYROOT_${name.toUpperCase()}_KEY, before a server starts on it\n`,
      );
    }
    return undefined;
  },
});
