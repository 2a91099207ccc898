import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { concatBytes, utf8 } from "#src/core/bytes.ts";
import { SealBrokenError, sealingKey, unseal } from "#src/ledger/seal.ts";
import { databaseFile } from "#src/storage/sqlite/database.ts";

/** What somebody can read who has stolen the files of a data directory together with the master key. */

/** Every file of a data directory, one after the other. */
export function rawBytes(dir: string): Buffer {
  const names = readdirSync(dir, { recursive: true, encoding: "utf8" }).map((name) => join(dir, name));
  return Buffer.concat(names.filter((name) => statSync(name).isFile()).map((name) => readFileSync(name)));
}

/** All that opens of what the tables of a database file have. */
export function readableWith(dir: string, master: Uint8Array): Buffer {
  const db = new Database(databaseFile(dir), { readonly: true });
  try {
    const all = <Row>(text: string) => db.prepare<[], Row>(text).all();
    const tables = all<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'");
    const blobs = tables.flatMap(({ name }) => all<Row>(`SELECT * FROM ${name}`).flatMap(sealedIn));
    return openedWith(master, blobs, placesOf(all));
  } finally {
    db.close();
  }
}

/** A row of any table. */
export type Row = Record<string, unknown>;

/** What of a row may be sealed. */
export function sealedIn(row: Row): Buffer[] {
  return Object.values(row).filter((value): value is Buffer => Buffer.isBuffer(value) && value.length > 28);
}

/** All that opens: every blob is tried at every place, with the master key and with every key that it opens. */
export function openedWith(master: Uint8Array, blobs: readonly Buffer[], places: readonly Uint8Array[]): Buffer {
  const found: Buffer[] = [];
  const opened = new Set<Buffer>();
  const keys = [master];
  // The list of keys grows while it is walked through.
  for (const raw of keys) {
    const key = sealingKey(raw);
    for (const blob of blobs.filter((one) => !opened.has(one)))
      for (const place of places) {
        const plain = opens(() => unseal(key, place, blob));
        if (!plain) continue;
        opened.add(blob);
        found.push(plain);
        if (plain.length === 32) keys.push(plain);
        break;
      }
  }
  return Buffer.concat(found);
}

function opens(work: () => Buffer): Buffer | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    return undefined;
  }
}

/** The rows that something is sealed to. */
export const NAMED = {
  requests: "SELECT request_id FROM requests",
  ledgers: "SELECT address FROM ledgers",
  deltas: "SELECT address, sequence FROM deltas d JOIN ledgers l ON l.id = d.ledger",
  tenants: "SELECT name FROM tenants",
  apiKeys: "SELECT public_id FROM api_keys",
  webhooks: "SELECT id FROM webhook_endpoints",
} as const;

/** Every place that a row may be sealed to. @param rows what a query of those above finds. */
export function placesOf(rows: (text: string) => readonly Row[]): Uint8Array[] {
  const column = <T>(what: keyof typeof NAMED, name: string) => rows(NAMED[what]).map((row) => row[name] as T);
  const texts = (names: string[], of: (name: string) => string[]) => names.flatMap(of).map(utf8);
  return [
    ...column<Buffer>("requests", "request_id").map((id) => concatBytes(utf8("request:"), id)),
    ...column<Buffer>("ledgers", "address").flatMap((address) =>
      [1, 2, 3].flatMap((n) => [`key:${n}`, `customer:${n}`]).map((place) => concatBytes(address, utf8(place))),
    ),
    ...rows(NAMED.deltas).map((row) => concatBytes(row.address as Buffer, utf8(`delta:${row.sequence}`))),
    ...texts(column("tenants", "name"), (name) => [`tenant:${name}`]),
    ...texts(column("apiKeys", "public_id"), (id) => [`api-key:${id}`]),
    ...texts(column("webhooks", "id"), (id) => ["url", "description", "secret"].map((part) => `webhook:${id}:${part}`)),
  ];
}

/** Bytes of a sealed value that would give away a part of it, wherever they stand. */
const PIECE = 8;

/** Whether any part of a sealed value, beyond a few bytes, is left in a file. */
export function isLeftIn(raw: Buffer, sealed: Buffer): boolean {
  for (let at = 0; at + PIECE <= sealed.length; at += PIECE)
    if (raw.includes(sealed.subarray(at, at + PIECE))) return true;
  return false;
}
