import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { JOURNAL } from "../../bundle/chain-journal.ts";
import { syncFolder, writeDurably } from "../../bundle/durable.ts";
import { bundledKeys, type Keys, logOf, readKey } from "../../bundle/keys.ts";
import { fromHex } from "../../core/bytes.ts";
import { sealingKey } from "../../ledger/seal.ts";
import { StorageRefusedError } from "../../storage/refused.ts";
import { databaseFile, lockDirectory, openDatabase, openSqlite } from "../../storage/sqlite/database.ts";
import { expectMasterKey } from "../../storage/sqlite/master-key.ts";
import { leaveLog, readCopy, settleRecord } from "../../storage/sqlite/record-copy.ts";
import { type BackupManifest, expectFiles, readManifest } from "./manifest.ts";
import { BackupRefusedError } from "./refused.ts";

export type RestoreWishes = {
  from: string;
  dataDir: string;
  /** Files with keys from elsewhere, instead of those that came with the backup. */
  keyFiles: { master: string | undefined; publisher: string | undefined };
  /** Whether something may have been recorded after the backup: the next server opens a new log then. */
  acceptLoss: boolean;
  clock: () => number;
};

export type Restored = { manifest: BackupManifest; keys: { master: boolean; publisher: boolean } };

/** What a restore that is under way has in the folder beside its target: its lock, and the directory that it builds. */
const DRAFT = "data";
const OURS = [DRAFT, "lock.db", "lock.db-journal"];

/**
 * Makes a data directory out of a backup. It is built beside its place and renamed at the end, so that a refusal, or a crash, leaves
 * nothing half done.
 *
 * @throws BackupRefusedError; BundleRefusedError for key files that hold no key
 */
export function restoreBackup(wishes: RestoreWishes): Restored {
  const { from, keyFiles, acceptLoss, clock } = wishes;
  const dataDir = resolve(wishes.dataDir);
  const manifest = readManifest(from);
  expectFiles(from, manifest);
  const keys: Partial<Keys> = {
    ...bundledKeys(from),
    ...(keyFiles.master !== undefined && { master: readKey(keyFiles.master) }),
    ...(keyFiles.publisher !== undefined && { publisher: readKey(keyFiles.publisher) }),
  };
  expectEmpty(dataDir);
  mkdirSync(dirname(dataDir), { recursive: true });
  const beside = takePlaceBeside(dataDir);
  try {
    const draft = join(beside.path, DRAFT);
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { mode: 0o700 });
    const record = databaseFile(draft);
    copyOwn(join(from, manifest.record.file), record);
    if (manifest.chain) copyOwn(join(from, manifest.chain.file), join(draft, JOURNAL));
    expectKeys(record, keys);
    if (acceptLoss) startNewLog(record, clock());
    else settleRecord(record);
    if (keys.master) writeDurably(join(draft, "master-key"), `${keys.master}\n`);
    if (keys.publisher) writeDurably(join(draft, "publisher-key"), `${keys.publisher}\n`);
    const apiKey = join(from, "api-key");
    if (existsSync(apiKey)) writeDurably(join(draft, "api-key"), readFileSync(apiKey, "utf8"));
    syncFolder(draft);
    renameSync(draft, dataDir);
    syncFolder(dirname(dataDir));
  } finally {
    rmSync(beside.path, { recursive: true, force: true });
    beside.release();
  }
  return { manifest, keys: { master: keys.master !== undefined, publisher: keys.publisher !== undefined } };
}

/** A server that runs there has files there. */
function expectEmpty(dataDir: string): void {
  if (!existsSync(dataDir)) return;
  const [found] = readdirSync(dataDir);
  if (found !== undefined) throw new BackupRefusedError("TARGET_NOT_EMPTY", `${dataDir} has a file ${found}`);
}

/** Files of a backup may have been made readable for others on their way; those of a data directory are not. */
function copyOwn(from: string, to: string): void {
  writeDurably(to, "");
  copyFileSync(from, to);
  chmodSync(to, 0o600);
}

/** @throws BackupRefusedError MASTER_KEY_WRONG, PUBLISHER_KEY_WRONG */
function expectKeys(record: string, { master, publisher }: Partial<Keys>): void {
  if (master) {
    // As it is: an older program may be what is to run on it.
    const db = openSqlite(record, { fileMustExist: true });
    try {
      expectMasterKey(db, sealingKey(fromHex(master, 32)));
    } catch (error) {
      if (!(error instanceof StorageRefusedError)) throw error;
      throw new BackupRefusedError("MASTER_KEY_WRONG", "give the one of the data directory that was backed up", {
        cause: error,
      });
    } finally {
      db.close();
    }
  }
  if (!publisher) return;
  const [chainId, contract, salt, log] = readCopy(record, ({ fact }) =>
    ["id", "contract", "logSalt", "log"].map((name) => fact(`chain.${name}`)),
  );
  if (chainId === undefined || contract === undefined || salt === undefined || log === undefined) return;
  if (logOf(publisher, { chainId: BigInt(chainId), contract, salt }) !== log)
    throw new BackupRefusedError("PUBLISHER_KEY_WRONG", `it does not open the log ${log}`);
}

function startNewLog(record: string, now: number): void {
  const db = openDatabase(record);
  try {
    leaveLog(db, now);
  } finally {
    db.close();
  }
  settleRecord(record);
}

/** A folder beside the target, on the same disk, and ours alone; it may have what a killed restore has left there. */
function takePlaceBeside(dataDir: string): { path: string; release(): void } {
  const path = `${dataDir}.restore`;
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const foreign = readdirSync(path).find((name) => !OURS.includes(name));
  if (foreign !== undefined)
    throw new BackupRefusedError("IN_USE", `${path} is needed for the work, but has a file ${foreign}`);
  try {
    return { path, ...lockDirectory(path) };
  } catch (error) {
    if (!(error instanceof StorageRefusedError)) throw error;
    throw new BackupRefusedError("IN_USE", `another restore into the same directory is under way in ${path}`, {
      cause: error,
    });
  }
}
