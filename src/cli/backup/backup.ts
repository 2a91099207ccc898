import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { journalLength } from "../../bundle/chain-journal.ts";
import { syncFolder, writeDurably } from "../../bundle/durable.ts";
import { bundledKeys, KEYS_FILE, keyIn, writeKeys } from "../../bundle/keys.ts";
import { digestOf } from "../../bundle/lines.ts";
import { installKeccak } from "../../core/keccak.ts";
import { fastKeccak } from "../../fast-keccak.ts";
import { StorageRefusedError } from "../../storage/refused.ts";
import { databaseFile, lockDirectory } from "../../storage/sqlite/database.ts";
import { readCopy, settleRecord } from "../../storage/sqlite/record-copy.ts";
import { copyRecord, factsIn } from "../../storage/sqlite/snapshot.ts";
import { audit } from "../audit/command.ts";
import { copyJournal } from "./journal.ts";
import { type BackupManifest, fileNames, isOurs, MANIFEST, readManifest, writeManifest } from "./manifest.ts";
import { BackupRefusedError } from "./refused.ts";

/** Times that a copy is begun anew because the server's first start was going on meanwhile. */
const MOST_TRIES = 3;
const LOCK = ["lock.db", "lock.db-journal"];
const API_KEY = "api-key";
const KEPT = [KEYS_FILE, `${KEYS_FILE}.draft`, API_KEY, `${API_KEY}.draft`, ...LOCK];

export type BackupWishes = {
  dataDir: string;
  out: string;
  /** Whether master and publisher key, and the first API key, go into it too. */
  keys: boolean;
  /** Whether the copy is audited: every hash of it derived anew. SQLite's own check is always made. */
  audited: boolean;
  /** Unix milliseconds. */
  clock: () => number;
};

/**
 * Copies a data directory as it is at one moment, while a server records on it or not.
 *
 * The copy stands beside an earlier one until it was checked; then the manifest names it, which makes it the backup, and the earlier one
 * is removed. After a crash at any moment the directory has the earlier backup, or this one.
 *
 * @returns the manifest, and whether the keys are in the directory, from this time or an earlier one.
 * @throws BackupRefusedError, BundleRefusedError for keys that are not there, StorageRefusedError, FileDamagedError
 */
export async function makeBackup(wishes: BackupWishes): Promise<{ manifest: BackupManifest; hasKeys: boolean }> {
  const { dataDir, out, keys, clock } = wishes;
  const original = databaseFile(dataDir);
  if (!existsSync(original))
    throw new StorageRefusedError(`there is no record in ${dataDir}: ${original} is not there`);
  const secrets = keys
    ? { master: keyIn(dataDir, "master-key"), publisher: keyIn(dataDir, "publisher-key") }
    : undefined;
  expectBackupOrNothing(out);
  mkdirSync(out, { recursive: true, mode: 0o700 });
  chmodSync(out, 0o700);
  const lock = lockBackup(out);
  try {
    const before = existsSync(join(out, MANIFEST)) ? readManifest(out) : undefined;
    removeLeftovers(out, before);
    try {
      const startedAt = new Date(clock()).toISOString();
      const { leftLogs, ...made } = await copyMoment(wishes, (before?.number ?? 0) + 1);
      expectSameRecord(before, made, leftLogs);
      const manifest: BackupManifest = { ...made, startedAt, madeAt: new Date(clock()).toISOString() };
      if (secrets) keepKeys(wishes, secrets);
      writeManifest(out, manifest);
      removeLeftovers(out, manifest);
      return { manifest, hasKeys: bundledKeys(out) !== undefined };
    } catch (error) {
      removeLeftovers(out, before);
      throw error;
    }
  } finally {
    lock.release();
  }
}

type Copied = Omit<BackupManifest, "startedAt" | "madeAt">;

async function copyMoment(
  wishes: BackupWishes,
  number: number,
): Promise<Copied & { leftLogs: readonly (string | null)[] }> {
  const { dataDir, out, audited } = wishes;
  const names = fileNames(number);
  const [record, chain] = [join(out, names.record), join(out, names.chain)];
  const original = databaseFile(dataDir);
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    rmSync(record, { force: true });
    const hadPlace = factsIn(original).has("chain.log");
    const before = journalLength(dataDir);
    const { live } = await copyRecord(original, record);
    settle(record);
    const { place, known, ...copied } = readCopy(record, (copy) => {
      const [chainId, contract, log] = ["id", "contract", "log"].map((name) => copy.fact(`chain.${name}`));
      const place = chainId && contract && log ? { chainId, contract, log } : null;
      const { schema } = copy;
      return { schema, state: copy.state(), leftLogs: copy.leftLogs(), place, known: copy.transactions() };
    });
    // The contract and the log may have come to the chain after its length was taken, and to the record before it was copied.
    if (place && !hadPlace) continue;
    const journal = copyJournal(dataDir, { path: chain, file: names.chain, before, known });
    if (audited) await expectClean(record);
    const note = { file: names.record, ...digestOf(record) };
    syncFolder(out);
    return {
      ...copied,
      number,
      live,
      place,
      record: note,
      chain: journal,
      checked: audited ? "audited" : "integrity",
    };
  }
  throw new BackupRefusedError("STARTING", dataDir);
}

function settle(record: string): void {
  try {
    settleRecord(record);
  } catch (error) {
    if (!(error instanceof StorageRefusedError)) throw error;
    throw new BackupRefusedError("RECORD_DAMAGED", error.message, { cause: error });
  }
}

async function expectClean(record: string): Promise<void> {
  installKeccak(await fastKeccak());
  const { findings, findingCount } = await audit({
    path: record,
    endpoints: [],
    policy: undefined,
    masterKeyFile: undefined,
  });
  const [first] = findings;
  if (first)
    throw new BackupRefusedError(
      "RECORD_DAMAGED",
      `the audit has ${findingCount} findings, the first is ${first.code}: ${first.problem}`,
    );
}

/** Another record's backup is not replaced: it may be the only one. */
function expectSameRecord(
  before: BackupManifest | undefined,
  { place, state }: Copied,
  leftLogs: readonly (string | null)[],
): void {
  if (!before?.place) return;
  // After a loss the same record goes on in another log.
  if (leftLogs.includes(before.place.log)) return;
  if (before.place.log !== place?.log) throw new BackupRefusedError("OTHER_RECORD", "it is anchored in another log");
  const behind = (["deltas", "anchors", "checkpoints"] as const).find((name) => state[name] < before.state[name]);
  if (behind)
    throw new BackupRefusedError(
      "OTHER_RECORD",
      `it has ${before.state[behind]} ${behind}, the record has ${state[behind]}`,
    );
}

function keepKeys({ dataDir, out }: BackupWishes, secrets: Parameters<typeof writeKeys>[1]): void {
  writeKeys(out, secrets);
  const apiKey = join(dataDir, API_KEY);
  if (existsSync(apiKey)) writeDurably(join(out, API_KEY), readFileSync(apiKey, "utf8"));
}

function expectBackupOrNothing(out: string): void {
  if (!existsSync(out)) return;
  const foreign = readdirSync(out).find((name) => !isOurs(name) && !KEPT.includes(name));
  if (foreign !== undefined) throw new BackupRefusedError("TARGET_NOT_EMPTY", `${out} has a file ${foreign}`);
}

function lockBackup(out: string): { release(): void } {
  try {
    return lockDirectory(out);
  } catch (error) {
    if (!(error instanceof StorageRefusedError)) throw error;
    throw new BackupRefusedError("IN_USE", `a backup into ${out} is under way`, { cause: error });
  }
}

function removeLeftovers(out: string, manifest: BackupManifest | undefined): void {
  const named = new Set([MANIFEST, manifest?.record.file, manifest?.chain?.file]);
  for (const name of readdirSync(out)) if (isOurs(name) && !named.has(name)) rmSync(join(out, name));
  syncFolder(out);
}
