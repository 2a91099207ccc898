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

/**
 * All that opens: every blob of every table is tried at every place that anything is sealed to, with the master key and with every key
 * that it opens.
 */
export function readableWith(dir: string, master: Uint8Array): Buffer {
  const db = new Database(databaseFile(dir), { readonly: true });
  try {
    const tables = db.prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all();
    const blobs = tables.flatMap((table) =>
      db
        .prepare<[], Record<string, unknown>>(`SELECT * FROM ${table}`)
        .all()
        .flatMap((row) => Object.values(row).filter((value) => Buffer.isBuffer(value) && value.length > 28)),
    ) as Buffer[];
    const places = placesIn(db);
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
  } finally {
    db.close();
  }
}

function opens(work: () => Buffer): Buffer | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    return undefined;
  }
}

/** Every place that a row may be sealed to. */
function placesIn(db: Database.Database): Uint8Array[] {
  const column = <T>(sql: string) => db.prepare<[], T>(sql).pluck().all();
  const named = (names: string[], of: (name: string) => string[]) => names.flatMap(of).map(utf8);
  const requests = column<Buffer>("SELECT request_id FROM requests").map((id) => concatBytes(utf8("request:"), id));
  const generations = column<Buffer>("SELECT address FROM ledgers").flatMap((address) =>
    [1, 2, 3].flatMap((n) => [`key:${n}`, `customer:${n}`]).map((place) => concatBytes(address, utf8(place))),
  );
  const deltas = db
    .prepare<[], { address: Buffer; sequence: number }>(
      "SELECT address, sequence FROM deltas d JOIN ledgers l ON l.id = d.ledger",
    )
    .all()
    .map(({ address, sequence }) => concatBytes(address, utf8(`delta:${sequence}`)));
  return [
    ...requests,
    ...generations,
    ...deltas,
    ...named(column("SELECT name FROM tenants"), (name) => [`tenant:${name}`]),
    ...named(column("SELECT public_id FROM api_keys"), (id) => [`api-key:${id}`]),
    ...named(column("SELECT id FROM webhook_endpoints"), (id) =>
      ["url", "description", "secret"].map((part) => `webhook:${id}:${part}`),
    ),
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
