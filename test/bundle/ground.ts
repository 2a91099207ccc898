import { appendFileSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { importDirectory } from "#src/bundle/data-directory.ts";
import { exportBundle } from "#src/bundle/export.ts";
import { type Manifest, manifestText, readManifest } from "#src/bundle/manifest.ts";
import { BundleRefusedError, type Refusal } from "#src/bundle/refused.ts";
import { type OpenRecordFile, openRecordFile, request, temporaryFolder } from "#test/storage/record-folder.ts";

/** A record that was exported twice into one bundle: after 9 deltas and an anchor, and after 15 and an anchor that was never signed. */
export type BundleGround = {
  record: OpenRecordFile;
  dataDir: string;
  /** The bundle as it was after the first export, and after the second. */
  first: string;
  second: string;
  /** A path of its own for this test file. */
  at(name: string): string;
  copyOf(bundle: string): string;
  /** What an import into a new place, or this one, comes to. */
  importing(bundle: string, target?: string): Refusal | "accepted";
  remove(): void;
};

export async function openBundleGround(): Promise<BundleGround> {
  const { dir: place, remove } = temporaryFolder();
  const at = (name: string) => join(place, name);
  const [dataDir, first, second] = [at("data"), at("first"), at("second")];
  mkdirSync(dataDir);
  const record = await openRecordFile(dataDir);
  await fill(record, 3);
  await anchorOne(record, 1, true);
  appendFileSync(join(dataDir, "chain.journal"), '{"a":1}\n{"b":2}\n{"torn":');
  exportBundle({ dataDir, bundle: second, keys: false });
  cpSync(second, first, { recursive: true });
  await fill(record, 2);
  await anchorOne(record, 2, false);
  appendFileSync(join(dataDir, "chain.journal"), "3}\n");
  exportBundle({ dataDir, bundle: second, keys: false });
  let copies = 0;
  return {
    record,
    dataDir,
    first,
    second,
    at,
    copyOf(bundle) {
      const copy = at(`copy-${copies++}`);
      cpSync(bundle, copy, { recursive: true });
      return copy;
    },
    importing: (bundle, target = at(`target-${copies++}`)) =>
      refusal(() => importDirectory({ bundle, dataDir: target, given: {} })),
    remove() {
      record.close();
      remove();
    },
  };
}

export function refusal(work: () => unknown): Refusal | "accepted" {
  try {
    work();
  } catch (error) {
    if (error instanceof BundleRefusedError) return error.code;
    throw error;
  }
  return "accepted";
}

/** Rewrites a manifest as somebody would who can. */
export function forge(bundle: string, change: (manifest: Manifest) => Manifest): void {
  writeFileSync(join(bundle, "manifest.json"), manifestText(change(readManifest(bundle))));
}

/** Records so many deltas for each of three customers. */
export async function fill(record: OpenRecordFile, each: number): Promise<void> {
  const customers = ["a", "b", "c"];
  const requests = customers.flatMap((id) => Array.from({ length: each }, () => request(record.tenant, id)));
  await record.store.record(requests, true);
}

/** Puts one anchor with one leaf into the record, up to its first transaction where that is asked for. */
export async function anchorOne(record: OpenRecordFile, index: number, signed: boolean): Promise<void> {
  const bytes = Buffer.alloc(32, index);
  const leaf = { ledgerId: 1, count: index, balance: 10n ** 18n, root: bytes, leaf: bytes };
  await record.anchors.addLeaves(index, 0, [{ ...leaf, nodes: Buffer.alloc(0), checkpointId: null }]);
  await record.anchors.prepare({ index, root: bytes, size: 1, through: index, throughCheckpoint: 0, createdAt: 1 });
  if (signed)
    await record.anchors.addTransaction(index, { attempt: 1, nonce: index, hash: bytes, raw: bytes, createdAt: 2 });
}

/** All rows of all tables. */
export function contentOf(file: string): Record<string, unknown[]> {
  const db = new Database(file, { readonly: true });
  const names = db.prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all();
  const content = Object.fromEntries(names.map((name) => [name, db.prepare(`SELECT * FROM ${name}`).all()]));
  db.close();
  return content;
}
