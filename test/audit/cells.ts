import type Database from "better-sqlite3";

/**
 * Where the rows of a table lie in a database file, by the file format of SQLite (sqlite.org/fileformat2.html, sections 1.3 and 1.6):
 * for changing bytes of a row that no SQL would change.
 */

/** The part of a row's payload that is in its own page: record header and columns. */
export type CellSpan = { offset: number; length: number };

const TABLE_LEAF = 0x0d;
const TABLE_INTERIOR = 0x05;
const INDEX_LEAF = 0x0a;
const INDEX_INTERIOR = 0x02;

/** The rows of a table, in the order of its tree. */
export function cellsOf(bytes: Buffer, db: Database.Database, table: string): CellSpan[] {
  const root = db.prepare<[string], number>("SELECT rootpage FROM sqlite_master WHERE name = ?").pluck().get(table)!;
  const pageSize = bytes.readUInt16BE(16) === 1 ? 65_536 : bytes.readUInt16BE(16);
  const usable = pageSize - bytes[20]!;
  const spans: CellSpan[] = [];

  function visit(page: number): void {
    const start = (page - 1) * pageSize;
    const header = page === 1 ? start + 100 : start;
    const kind = bytes[header]!;
    const interior = kind === TABLE_INTERIOR || kind === INDEX_INTERIOR;
    const count = bytes.readUInt16BE(header + 3);
    for (let i = 0; i < count; i++) {
      let at = start + bytes.readUInt16BE(header + (interior ? 12 : 8) + 2 * i);
      if (interior) {
        visit(bytes.readUInt32BE(at));
        at += 4;
      }
      if (kind === TABLE_INTERIOR) continue;
      const size = varint(at);
      at = size.end;
      if (kind === TABLE_LEAF) at = varint(at).end;
      spans.push({ offset: at, length: localBytes(size.value, kind) });
    }
    if (interior) visit(bytes.readUInt32BE(header + 8));
  }

  /** How much of a payload is in its own page; the rest is on overflow pages. */
  function localBytes(payload: number, kind: number): number {
    const most = kind === TABLE_LEAF ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
    if (payload <= most) return payload;
    const least = Math.floor(((usable - 12) * 32) / 255) - 23;
    const kept = least + ((payload - least) % (usable - 4));
    return kept <= most ? kept : least;
  }

  function varint(at: number): { value: number; end: number } {
    let value = 0;
    for (let i = at; ; i++) {
      value = value * 128 + (bytes[i]! & 0x7f);
      if (bytes[i]! < 0x80) return { value, end: i + 1 };
    }
  }

  visit(root);
  if (![TABLE_LEAF, INDEX_LEAF, TABLE_INTERIOR, INDEX_INTERIOR].includes(bytes[(root - 1) * pageSize]!))
    throw new Error(`page ${root} is no tree`);
  return spans;
}
