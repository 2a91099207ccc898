import { createHash } from "node:crypto";
import Database from "better-sqlite3";

/** Reads every row of every table of a database file once, and hashes each with SHA-256. Given `{file}` as JSON, prints `{rows}`. */

export type ScanTask = { readonly file: string };
export type ScanReport = { readonly rows: number };

const { file } = JSON.parse(process.argv[2] ?? "") as ScanTask;
const db = new Database(file, { readonly: true });
const tables = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
let rows = 0;
for (const table of tables) {
  for (const row of db.prepare<[], unknown[]>(`SELECT * FROM "${table}"`).raw().iterate()) {
    const hash = createHash("sha256");
    for (const cell of row) hash.update(Buffer.isBuffer(cell) ? cell : String(cell));
    hash.digest();
    rows++;
  }
}
db.close();
const report: ScanReport = { rows };
process.stdout.write(`${JSON.stringify(report)}\n`);
