import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AuditStore, FileDamagedError } from "../../audit/port.ts";
import { importBundle } from "../../bundle/import.ts";
import { StorageRefusedError } from "../../storage/refused.ts";
import { openAuditView } from "../../storage/sqlite/audit-view.ts";
import { isStorageTrouble, openDatabase, type Sqlite } from "../../storage/sqlite/database.ts";
import { moveNoted, returnNoted } from "../../storage/sqlite/moved-away.ts";
import { anchorsIn, copyRecord, recordFile } from "../../storage/sqlite/snapshot.ts";

/** A copy of a record, private to one audit; of a record in PostgreSQL, one moment of it. */
export type AuditCopy = {
  store: AuditStore;
  /** The database file of the copy; undefined where there is none. */
  file: string | undefined;
  /** A bundle is as old as its last export; a record that a server writes goes on. */
  origin: "bundle" | "live" | "file";
  /** How many anchors the record has by now. */
  anchorsNow: (() => Promise<number>) | undefined;
  /** Where the record goes on, where that is elsewhere: this is what it was when it was moved there. */
  movedOn: MovedOn | undefined;
};

/** `to`: a database without user and password, or a data directory; `at`: Unix milliseconds. */
export type MovedOn = { to: string; at: number };

/**
 * Gives a copy of a data directory, a database file or a bundle to an audit, and removes it afterwards, whatever comes of it. PostgreSQL
 * shows one moment of a database for as long as it takes, and needs no copy.
 *
 * @throws StorageRefusedError when there is nothing to audit; BundleRefusedError; FileDamagedError when it cannot even be opened
 */
export async function withCopy<T>(path: string, work: (copy: AuditCopy) => Promise<T>): Promise<T> {
  if (isDatabaseUrl(path)) return withMoment(path, work);
  // Made by this program alone and readable by its user alone (mode 0700).
  const folder = mkdtempSync(join(tmpdir(), "tallyroot-audit-"));
  const file = join(folder, "record.db");
  let db: Sqlite | undefined;
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // Also when somebody ends the program in the middle.
  process.once("exit", remove);
  try {
    if (existsSync(join(path, "manifest.json"))) {
      importBundle(path, file);
      db = openDatabase(file);
      return await work({
        store: openAuditView(db),
        file,
        origin: "bundle",
        anchorsNow: undefined,
        movedOn: undefined,
      });
    }
    const original = recordFile(path);
    if (original === undefined) {
      // Each server over a database has a name in its directory.
      if (existsSync(join(path, "node-name")))
        throw new StorageRefusedError(`${path} is of a server whose record is in PostgreSQL: give the database's URL`);
      throw new StorageRefusedError(`${path} is no data directory, database file or bundle: give the path of one`);
    }
    const { live } = await copyRecord(original, file);
    db = openDatabase(file);
    const store = openAuditView(db);
    return await work({
      store,
      file,
      movedOn: movedOnIn(path, await store.facts()),
      origin: live ? "live" : "file",
      anchorsNow: live ? async () => anchorsIn(original) : undefined,
    });
  } catch (error) {
    if (!isStorageTrouble(error)) throw error;
    throw new FileDamagedError(`${path} is too damaged to be read at all: ${error.message}`, { cause: error });
  } finally {
    db?.close();
    process.removeListener("exit", remove);
    remove();
  }
}

/** @throws StorageRefusedError where the record is still on its way here */
function movedOnIn(path: string, facts: ReadonlyMap<string, string>): MovedOn | undefined {
  const move = moveNoted(facts);
  const coming = returnNoted(facts);
  if (!move && coming?.state === "returning")
    throw new StorageRefusedError(`the record in ${coming.from} is being moved into ${path}, and is not all there`);
  return move?.state === "moved" ? move : undefined;
}

/** Whether what is to be audited is in PostgreSQL. */
export function isDatabaseUrl(path: string): boolean {
  return /^postgres(ql)?:\/\//.test(path);
}

async function withMoment<T>(url: string, work: (copy: AuditCopy) => Promise<T>): Promise<T> {
  // Only who audits a database loads its driver.
  const [{ openAuditView: openMoment }, { lookAt }] = await Promise.all([
    import("../../storage/postgres/audit-view.ts"),
    import("../../storage/postgres/look.ts"),
  ]);
  const left = (await lookAt(url)).record?.left;
  const movedOn = left?.ended ? { to: left.place, at: left.at } : undefined;
  const { store, anchorsNow, close } = await openMoment(url);
  try {
    return await work({ store, file: undefined, origin: "live", anchorsNow, movedOn });
  } finally {
    await close();
  }
}
