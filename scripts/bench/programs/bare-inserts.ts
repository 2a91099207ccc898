import Database from "better-sqlite3";

/**
 * SQLite alone: rows as the record has them, inserted by one prepared statement, on disk after every transaction. Given a
 * `BareTask` as JSON, prints rows per second, one number per round.
 */

export type BareTask = {
  /** A record's database file, from which the rows are taken. */
  readonly from: string;
  /** The file to write, on the same disk. */
  readonly to: string;
  readonly rowsPerTransaction: number;
  readonly seconds: number;
  readonly rounds: number;
};

/** Rows that are taken from the record, and inserted over and over. */
const TAKEN = 1_000;

type Column = { name: string; type: string };

const task = JSON.parse(process.argv[2] ?? "") as BareTask;
const record = new Database(task.from, { readonly: true });
const columns = record.pragma("table_info(deltas)") as Column[];
const rows = record.prepare<[], unknown[]>(`SELECT * FROM deltas ORDER BY id LIMIT ${TAKEN}`).raw().all();
record.close();
if (columns[0]?.name !== "id" || rows.length === 0) throw new Error("the record has no deltas to take");

const db = new Database(task.to);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
const definitions = columns.map(({ name, type }) => `${name} ${type}${name === "id" ? " PRIMARY KEY" : ""}`);
db.exec(`CREATE TABLE deltas (${definitions.join(", ")}) STRICT`);
const insert = db.prepare(`INSERT INTO deltas VALUES (${columns.map(() => "?").join(", ")})`);
let id = 0;
const transaction = db.transaction(() => {
  for (let i = 0; i < task.rowsPerTransaction; i++) {
    const row = rows[id % rows.length]!;
    row[0] = ++id;
    insert.run(row);
  }
});

const perSecond: number[] = [];
for (let round = 0; round < task.rounds; round++) {
  const [began, before] = [performance.now(), id];
  while (performance.now() < began + task.seconds * 1000) transaction.immediate();
  perSecond.push(((id - before) * 1000) / (performance.now() - began));
}
db.close();
process.stdout.write(`${JSON.stringify(perSecond)}\n`);
