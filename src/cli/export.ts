import { parseArgs } from "node:util";
import { exportBundle } from "../bundle/export.ts";
import { BundleRefusedError } from "../bundle/refused.ts";
import { StorageRefusedError } from "../storage/sqlite/database.ts";

/** Copies a data directory into a bundle, while the server runs or not. Run again, it adds what is new. */

const USAGE = `usage: npm run export -- --out DIR [--data-dir ./data] [--with-keys] [--json]
  --with-keys   also the master and the publisher key, in DIR/keys.json: who has them can read and publish`;

/** 0: the bundle is there. 1: a fault of this program. 2: wrong usage, or a directory that cannot be used. */
function main(): number {
  const { values } = parseArgs({
    options: {
      out: { type: "string" },
      "data-dir": { type: "string", default: "./data" },
      "with-keys": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const { out, "data-dir": dataDir, "with-keys": keys } = values;
  if (out === undefined || out === "") {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const { segment, manifest } = exportBundle({ dataDir, bundle: out, keys });
  const report = {
    bundle: out,
    segments: manifest.segments.length,
    added: segment ? { number: segment.number, rows: segment.record.rows, through: segment.through } : null,
    state: manifest.state.rows,
    place: manifest.place,
  };
  if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else if (!segment) process.stdout.write(`${out}: nothing is new since segment ${manifest.segments.length}\n`);
  else {
    const { deltas, ledgers, anchors, checkpoints } = segment.record.rows;
    process.stdout.write(
      `${out}: segment ${segment.number} added: ${deltas} deltas, ${ledgers} ledgers, ${anchors} anchors, ${checkpoints ?? 0} checkpoints\n`,
    );
  }
  if (keys)
    process.stderr.write(
      `tallyroot export: ${out}/keys.json has the keys: move it apart from the rest, and keep it secret\n`,
    );
  return 0;
}

try {
  process.exitCode = main();
} catch (error) {
  if (error instanceof BundleRefusedError) {
    process.stderr.write(`tallyroot export: ${error.code}: ${error.message}\n`);
    process.exitCode = 2;
  } else if (error instanceof StorageRefusedError || (error instanceof Error && "syscall" in error)) {
    process.stderr.write(`tallyroot export: ${error.message}\n`);
    process.exitCode = 2;
  } else if (error instanceof TypeError && "code" in error) {
    process.stderr.write(`tallyroot export: ${error.message}\n${USAGE}\n`);
    process.exitCode = 2;
  } else throw error;
}
