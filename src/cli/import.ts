import { parseArgs } from "node:util";
import { importDirectory } from "../bundle/data-directory.ts";
import { readKey } from "../bundle/keys.ts";
import { BundleRefusedError } from "../bundle/refused.ts";
import { StorageRefusedError } from "../storage/sqlite/database.ts";

/** Makes a data directory out of a bundle, on which a server starts. */

const USAGE = `usage: npm run import -- <bundle> --data-dir NEW [--master-key-file F] [--publisher-key-file F] [--json]
  NEW   an empty directory or none; or one that an import of the same bundle has made and nothing has changed: it gets what is new`;

/** 0: it is there. 1: a fault of this program. 2: wrong usage, or a file that cannot be read. 10: the bundle or the place is refused. */
function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      "data-dir": { type: "string" },
      "master-key-file": { type: "string" },
      "publisher-key-file": { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const [bundle, ...more] = positionals;
  const { "data-dir": dataDir, "master-key-file": masterFile, "publisher-key-file": publisherFile } = values;
  if (bundle === undefined || more.length > 0 || dataDir === undefined || dataDir === "") {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const given = {
    ...(masterFile !== undefined && { master: readKey(masterFile) }),
    ...(publisherFile !== undefined && { publisher: readKey(publisherFile) }),
  };
  const { manifest, before, keys } = importDirectory({ bundle, dataDir, given });
  const after = manifest.segments.length;
  const last = manifest.segments.at(-1)!;
  const report = { dataDir, segments: after, before, through: last.through, place: manifest.place, keys };
  if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else if (before === after) process.stdout.write(`${dataDir}: nothing is new since segment ${after}\n`);
  else {
    const { delta, ledger, anchor } = last.through;
    const added = before === 0 ? `${after} segments` : `segments ${before + 1} to ${after}`;
    process.stdout.write(
      `${dataDir}: ${added} imported: ${delta} deltas, ${ledger} ledgers, ${anchor} anchors in all\n`,
    );
  }
  for (const [name, there] of Object.entries(keys)) {
    if (there) continue;
    process.stderr.write(
      `tallyroot import: no ${name} key is in ${dataDir}: put it into the file ${name}-key (mode 0600), or set TALLYROOT_${name.toUpperCase()}_KEY, before a server starts on it\n`,
    );
  }
  return 0;
}

try {
  process.exitCode = main();
} catch (error) {
  if (error instanceof BundleRefusedError) {
    process.stderr.write(`tallyroot import: ${error.code}: ${error.message}\n`);
    process.exitCode = 10;
  } else if (error instanceof StorageRefusedError) {
    process.stderr.write(`tallyroot import: ${error.message}\n`);
    process.exitCode = 10;
  } else if (error instanceof Error && "syscall" in error) {
    process.stderr.write(`tallyroot import: ${error.message}\n`);
    process.exitCode = 2;
  } else if (error instanceof TypeError && "code" in error) {
    process.stderr.write(`tallyroot import: ${error.message}\n${USAGE}\n`);
    process.exitCode = 2;
  } else throw error;
}
