import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fromHex, type Hex } from "../core/bytes.ts";
import { sealingKey } from "../ledger/seal.ts";
import { StorageRefusedError } from "../storage/refused.ts";
import { COUNTERS } from "../storage/sqlite/bundle-tables.ts";
import { databaseFile, lockDirectory } from "../storage/sqlite/database.ts";
import { openDump } from "../storage/sqlite/dump.ts";
import { type Load, loadRecord } from "../storage/sqlite/load.ts";
import { beginsWith, importJournal, JOURNAL, journalBytes, journalLength, journalPieces } from "./chain-journal.ts";
import { syncFolder, writeDurably } from "./durable.ts";
import { endsText, stateHash } from "./export.ts";
import { checkBundle, loadSegments } from "./import.ts";
import { bundledKeys, logOf } from "./keys.ts";
import type { Manifest } from "./manifest.ts";
import { BundleRefusedError } from "./refused.ts";

export type GivenKeys = { master?: Hex; publisher?: Hex };

export type Imported = {
  manifest: Manifest;
  /** Segments that were in the directory before: 0 for a new one. */
  before: number;
  /** Which keys the directory has a file of now. */
  keys: { master: boolean; publisher: boolean };
};

/** What an import that is under way has in the folder beside its target: its lock, and the directory that it builds. */
const DRAFT = "data";
const OURS = [DRAFT, "lock.db", "lock.db-journal"];

/**
 * Makes a data directory out of a bundle, or adds the bundle's later segments to one that an import of it has made.
 *
 * A new directory is built beside its place and renamed at the end; a later segment comes in one transaction. So a refusal, or a
 * crash, leaves nothing half done.
 *
 * @param given keys, where they are not to be those that came with the bundle.
 * @throws BundleRefusedError; StorageRefusedError when a server runs on the directory
 */
export function importDirectory(options: { bundle: string; dataDir: string; given: GivenKeys }): Imported {
  const { bundle, given } = options;
  const dataDir = resolve(options.dataDir);
  const manifest = checkBundle(bundle);
  const bundled = bundledKeys(bundle);
  const keys = {
    ...(bundled && { master: bundled.master, publisher: bundled.publisher }),
    ...given,
  };
  const task = { bundle, dataDir, manifest, keys };
  return existsSync(databaseFile(dataDir)) ? addSegments(task) : makeDirectory(task);
}

type Task = { bundle: string; dataDir: string; manifest: Manifest; keys: GivenKeys };

function makeDirectory({ bundle, dataDir, manifest, keys }: Task): Imported {
  if (existsSync(dataDir) && readdirSync(dataDir).length > 0)
    throw new BundleRefusedError("TARGET_NOT_EMPTY", `${dataDir} has a file ${readdirSync(dataDir)[0]}`);
  const made = existsSync(dirname(dataDir)) ? undefined : mkdirSync(dirname(dataDir), { recursive: true });
  const beside = takePlaceBeside(dataDir);
  try {
    const draft = join(beside.path, DRAFT);
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { mode: 0o700 });
    loadRecord(databaseFile(draft), { draft: true }, (load) => {
      loadSegments(load, bundle, manifest, 0);
      expectKeys(load, keys);
    });
    if (journalBytes(manifest) > 0) importJournal(bundle, manifest, join(draft, JOURNAL));
    if (keys.master) writeDurably(join(draft, "master-key"), `${keys.master}\n`);
    if (keys.publisher) writeDurably(join(draft, "publisher-key"), `${keys.publisher}\n`);
    syncFolder(draft);
    renameSync(draft, dataDir);
    syncFolder(dirname(dataDir));
  } catch (error) {
    if (made) rmSync(made, { recursive: true, force: true });
    throw error;
  } finally {
    rmSync(beside.path, { recursive: true, force: true });
    beside.release();
  }
  return { manifest, before: 0, keys: { master: keys.master !== undefined, publisher: keys.publisher !== undefined } };
}

/** A folder beside the target, on the same disk, and ours alone; it may have what a killed import has left there. */
function takePlaceBeside(dataDir: string): { path: string; release(): void } {
  const path = `${dataDir}.import`;
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const foreign = readdirSync(path).find((name) => !OURS.includes(name));
  if (foreign !== undefined)
    throw new BundleRefusedError("IN_USE", `${path} is needed for the work, but has a file ${foreign}`);
  try {
    return { path, ...lockDirectory(path) };
  } catch (error) {
    if (!(error instanceof StorageRefusedError)) throw error;
    throw new BundleRefusedError("IN_USE", `another import into the same directory is under way in ${path}`, {
      cause: error,
    });
  }
}

/** @throws BundleRefusedError MASTER_KEY_WRONG, PUBLISHER_KEY_WRONG, KEY_INVALID */
function expectKeys(load: Pick<Load, "expectMasterKey" | "fact">, { master, publisher }: GivenKeys): void {
  if (master) {
    try {
      load.expectMasterKey(sealingKey(fromHex(master, 32)));
    } catch (error) {
      if (!(error instanceof StorageRefusedError)) throw error;
      throw new BundleRefusedError("MASTER_KEY_WRONG", "give the one of the data directory that was exported", {
        cause: error,
      });
    }
  }
  const [chainId, contract, salt, log] = ["id", "contract", "logSalt", "log"].map((name) => load.fact(`chain.${name}`));
  if (!publisher || chainId === undefined || contract === undefined || salt === undefined || log === undefined) return;
  if (logOf(publisher, { chainId: BigInt(chainId), contract, salt }) !== log)
    throw new BundleRefusedError("PUBLISHER_KEY_WRONG", `it does not open the log ${log}`);
}

function addSegments({ bundle, dataDir, manifest, keys }: Task): Imported {
  const lock = lockDirectory(dataDir);
  try {
    const before = segmentsIn(dataDir, manifest);
    expectJournal({ bundle, dataDir, manifest, before });
    const files = {
      master: existsSync(join(dataDir, "master-key")),
      publisher: existsSync(join(dataDir, "publisher-key")),
    };
    if (before === manifest.segments.length) return { manifest, before, keys: files };
    loadRecord(databaseFile(dataDir), { draft: false }, (load) => {
      loadSegments(load, bundle, manifest, before);
      expectKeys(load, keys);
      // The chain comes before the record that speaks of it: what is cut off in between is taken up by the same import again.
      if (journalBytes(manifest) > journalLength(dataDir)) replaceJournal(bundle, manifest, dataDir);
    });
    return { manifest, before, keys: files };
  } finally {
    lock.release();
  }
}

/**
 * How many segments a directory has, when it is exactly as an import of so many has left it.
 *
 * @throws BundleRefusedError TARGET_DIVERGED
 */
function segmentsIn(dataDir: string, { segments }: Manifest): number {
  const dump = openDump(databaseFile(dataDir));
  try {
    const { through } = dump.snapshot(() => 0);
    const ends = endsText(dump.ends(through));
    const state = stateHash(dump);
    const found = segments.findLast(
      (segment) =>
        COUNTERS.every((name) => segment.through[name] === through[name]) &&
        segment.ends === ends &&
        segment.schema === dump.schema &&
        segment.state === state,
    );
    if (found) return found.number;
  } finally {
    dump.close();
  }
  throw new BundleRefusedError(
    "TARGET_DIVERGED",
    `${dataDir} has a record of its own, or something was done in it since: import into an empty directory`,
  );
}

function expectJournal({ bundle, dataDir, manifest, before }: Omit<Task, "keys"> & { before: number }): void {
  const length = journalLength(dataDir);
  const whole =
    length >= journalBytes(manifest, before) &&
    length <= journalBytes(manifest) &&
    beginsWith(join(dataDir, JOURNAL), length, journalPieces(bundle, manifest));
  if (!whole)
    throw new BundleRefusedError(
      "TARGET_DIVERGED",
      `${join(dataDir, JOURNAL)} is not the chain that the import has left there`,
    );
}

function replaceJournal(bundle: string, manifest: Manifest, dataDir: string): void {
  const draft = join(dataDir, `${JOURNAL}.draft`);
  importJournal(bundle, manifest, draft);
  renameSync(draft, join(dataDir, JOURNAL));
  syncFolder(dataDir);
}
