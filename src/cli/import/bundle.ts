import { importDirectory } from "../../bundle/data-directory.ts";
import { readKey } from "../../bundle/keys.ts";
import { UsageError } from "../ending.ts";
import { printJson, type Terminal } from "../terminal.ts";

type Wishes = {
  bundle: string;
  "data-dir": string | undefined;
  "master-key-file": string | undefined;
  "publisher-key-file": string | undefined;
  json: boolean;
};

/** Makes a data directory out of a bundle, on which a server starts. @throws UsageError, BundleRefusedError, StorageRefusedError */
export function importBundle(values: Wishes, terminal: Terminal): void {
  const { bundle, "data-dir": dataDir, "master-key-file": masterFile, "publisher-key-file": publisherFile } = values;
  if (dataDir === undefined || dataDir === "")
    throw new UsageError("say with --data-dir where the data directory is to be: an empty one, or none yet");
  const given = {
    ...(masterFile !== undefined && { master: readKey(masterFile) }),
    ...(publisherFile !== undefined && { publisher: readKey(publisherFile) }),
  };
  const { manifest, before, keys } = importDirectory({ bundle, dataDir, given });
  const after = manifest.segments.length;
  const last = manifest.segments.at(-1)!;
  if (values.json)
    printJson(terminal, {
      dataDir,
      segments: after,
      before,
      through: last.through,
      place: manifest.place,
      keys,
    });
  else if (before === after) terminal.out(`${dataDir}: nothing is new since segment ${after}\n`);
  else {
    const { delta, ledger, anchor } = last.through;
    const added = before === 0 ? `${after} segments` : `segments ${before + 1} to ${after}`;
    terminal.out(`${dataDir}: ${added} imported: ${delta} deltas, ${ledger} ledgers, ${anchor} anchors in all\n`);
  }
  for (const [name, there] of Object.entries(keys)) {
    if (there) continue;
    terminal.err(
      `tallyroot import: no ${name} key is in ${dataDir}: put it into the file ${name}-key (mode 0600), or set TALLYROOT_${name.toUpperCase()}_KEY, before a server starts on it\n`,
    );
  }
}
