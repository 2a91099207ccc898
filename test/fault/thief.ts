import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ENGINE } from "#test/run/engine.ts";
import { filesOfRecord, sqlOn } from "#test/run/record-of.ts";
import { NAMED, openedWith, placesOf, type Row, sealedIn } from "#test/storage/readable.ts";

/** What somebody finds who has stolen all files, wherever the record is kept, together with the master key. */
export type Loot = {
  /** The files, one after the other. */
  raw: Buffer;
  /** All that opens with the master key and every key that it opens. */
  readable: Buffer;
};

const TABLES = {
  sqlite: "SELECT name FROM sqlite_master WHERE type = 'table'",
  postgres: "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'tallyroot'",
}[ENGINE];

/**
 * @param known what may be sealed in any table now is added to it; what of it no SQL shows any more is looked for in the files: a thief
 *   finds old versions of rows there, as whoever looks where they were.
 */
export async function steal(dir: string, master: Uint8Array, known: Set<string>): Promise<Loot> {
  const sql = await sqlOn(dir);
  try {
    const rows = new Map<string, Row[]>();
    for (const text of Object.values(NAMED)) rows.set(text, await sql.all<Row>(text));
    const shown: Buffer[] = [];
    for (const { name } of await sql.all<{ name: string }>(TABLES))
      shown.push(...(await sql.all<Row>(`SELECT * FROM ${name}`)).flatMap(sealedIn));
    const raw = await bytesOf(dir);
    const left = [...known].map((text) => Buffer.from(text, "base64")).filter((blob) => raw.includes(blob));
    for (const blob of shown) known.add(blob.toString("base64"));
    const places = placesOf((text) => rows.get(text)!);
    return { raw, readable: openedWith(master, [...shown, ...left], places) };
  } finally {
    await sql.close();
  }
}

async function bytesOf(dir: string): Promise<Buffer> {
  const own = readdirSync(dir, { recursive: true, encoding: "utf8" }).map((name) => join(dir, name));
  const files = new Set([...own, ...(await filesOfRecord(dir))]);
  return Buffer.concat([...files].filter((file) => statSync(file).isFile()).map((file) => readFileSync(file)));
}
