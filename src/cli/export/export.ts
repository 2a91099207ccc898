import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { journalLength } from "../../bundle/chain-journal.ts";
import { type Exported, type ExportWishes, exportBundle } from "../../bundle/export.ts";
import { copyOut } from "../../storage/postgres/move-out/copy.ts";
import { departureText } from "../../storage/postgres/move-out/departure.ts";
import { expectRecordIn } from "../../storage/postgres/move-out/expect-record.ts";
import { StorageRefusedError } from "../../storage/refused.ts";
import { UsageError } from "../ending.ts";
import { openProgressBar } from "../progress-bar.ts";
import type { Terminal } from "../terminal.ts";

/** Characters of the longest table's name. */
const TABLE_WIDTH = 24;

/**
 * Copies a record in PostgreSQL into a new bundle, as it is at one moment, while servers go on: the same bundle as one of a data directory,
 * by way of a SQLite database beside it.
 *
 * Into a new one only: without an order of arrival there is none that a later export could go on in.
 *
 * @param dataDir where the embedded chain is, and the keys, when there are some.
 * @throws UsageError, BundleRefusedError, StorageRefusedError
 * @throws TallyrootError SERVICE_UNAVAILABLE when the database does not answer
 */
export async function exportDatabase(
  { url, ...wishes }: Omit<ExportWishes, "copy"> & { url: string },
  { watched }: Pick<Terminal, "watched">,
): Promise<Exported> {
  const { dataDir } = wishes;
  const bundle = resolve(wishes.bundle);
  if (existsSync(join(bundle, "manifest.json")))
    throw new UsageError(
      `${wishes.bundle} is a bundle already, and one of a record in a database is made anew each time: give another directory`,
    );
  const left = await expectRecordIn(url);
  if (left) throw new StorageRefusedError(departureText(left));
  mkdirSync(dirname(bundle), { recursive: true });
  // On the disk that has room for it, and readable by its user alone (mode 0700).
  const folder = mkdtempSync(`${bundle}.copy-`);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // Also when somebody ends the program in the middle.
  process.once("exit", remove);
  const bar = openProgressBar(watched, TABLE_WIDTH);
  try {
    const file = join(folder, "record.db");
    const { beside } = await copyOut(url, file, { beside: () => journalLength(dataDir), onProgress: bar.show });
    return exportBundle({ ...wishes, bundle, copy: { file, journal: beside } });
  } finally {
    bar.close();
    process.removeListener("exit", remove);
    remove();
  }
}
