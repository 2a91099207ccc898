import { readFileSync } from "node:fs";
import { Pool, type PoolClient } from "pg";

/**
 * A plain double entry in PostgreSQL: two rows and a balance per event, each on disk before its answer; one event in one statement and
 * hence one transaction, or many in one transaction. Given a `PostgresTask` as JSON, prints a `PostgresReport`.
 */

export type PostgresTask = {
  /** An empty database. */
  readonly url: string;
  /** A file with one delta's JSON per line. */
  readonly file: string;
  /** Connections, each with one transaction under way at a time. */
  readonly lanes: number;
  /** Events in one transaction. */
  readonly batch: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly rounds: number;
};

export type PostgresReport = { readonly version: string; readonly perSecond: readonly number[] };

const SCHEMA = `
CREATE TABLE accounts (id integer PRIMARY KEY, name text NOT NULL UNIQUE, balance numeric NOT NULL DEFAULT 0);
CREATE TABLE entries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account integer NOT NULL REFERENCES accounts (id),
  amount numeric NOT NULL,
  reason text NOT NULL,
  reference text,
  metadata jsonb,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX entries_by_account ON entries (account, id);
`;

/** Account 0 is the provider's: the other side of every entry. Its balance is the sum of the others, and kept nowhere else. */
const RECORD = `
WITH charged AS (UPDATE accounts SET balance = balance + $2 WHERE name = $1 RETURNING id, balance)
INSERT INTO entries (account, amount, reason, reference, metadata)
SELECT id, $2, $3, $4, $5::jsonb FROM charged UNION ALL SELECT 0, -$2::numeric, $3, $4, $5::jsonb FROM charged`;

/** In one order, so that no two transactions wait for each other. */
const LOCK = "SELECT id FROM accounts WHERE name = ANY ($1::text[]) ORDER BY id FOR NO KEY UPDATE";
const RECORD_MANY = `
WITH events AS (SELECT * FROM unnest($1::text[], $2::numeric[], $3::text[], $4::text[], $5::jsonb[]) AS e (name, amount, reason, reference, metadata)),
charged AS (
  UPDATE accounts a SET balance = a.balance + s.amount FROM (SELECT name, sum(amount) AS amount FROM events GROUP BY name) s
  WHERE a.name = s.name RETURNING a.id, a.name)
INSERT INTO entries (account, amount, reason, reference, metadata)
SELECT id, amount, reason, reference, metadata FROM events JOIN charged USING (name)
UNION ALL SELECT 0, -amount, reason, reference, metadata FROM events`;

type Delta = { customerId: string; delta: string; reason: string; referenceId: string; metadata: object };

const task = JSON.parse(process.argv[2] ?? "") as PostgresTask;
const values = readFileSync(task.file, "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => {
    const { customerId, delta, reason, referenceId, metadata } = JSON.parse(line) as Delta;
    return [customerId, delta, reason, referenceId, JSON.stringify(metadata)];
  });

const pool = new Pool({ connectionString: task.url, max: task.lanes });
await pool.query(SCHEMA);
const names = [...new Set(values.map(([name]) => name))];
await pool.query("INSERT INTO accounts (id, name) VALUES (0, 'provider')");
await pool.query(
  "INSERT INTO accounts (id, name) SELECT n, name FROM unnest($1::text[]) WITH ORDINALITY AS t (name, n)",
  [names],
);
const { rows } = await pool.query<{ server_version: string }>("SHOW server_version");
if (task.warmUpSeconds > 0) await load(task.warmUpSeconds);
const perSecond: number[] = [];
for (let round = 0; round < task.rounds; round++) perSecond.push(await load(task.seconds));
const report: PostgresReport = { version: rows[0]?.server_version ?? "", perSecond };
process.stdout.write(`${JSON.stringify(report)}\n`);
await pool.end();

/** @returns events per second, all of them committed. */
async function load(seconds: number): Promise<number> {
  const began = performance.now();
  const end = began + seconds * 1000;
  let done = 0;
  let next = 0;
  const lane = async () => {
    const client = await pool.connect();
    try {
      while (performance.now() < end) {
        const events = Array.from({ length: task.batch }, () => values[next++ % values.length]!);
        const made = task.batch === 1 ? await recordOne(client, events[0]!) : await recordMany(client, events);
        if (made !== 2 * task.batch) throw new Error(`${task.batch} events made ${made} entries`);
        done += task.batch;
      }
    } finally {
      client.release();
    }
  };
  await Promise.all(Array.from({ length: task.lanes }, lane));
  return (done * 1000) / (performance.now() - began);
}

async function recordOne(client: PoolClient, event: readonly string[]): Promise<number | null> {
  return (await client.query({ name: "record", text: RECORD, values: [...event] })).rowCount;
}

async function recordMany(client: PoolClient, events: readonly (readonly string[])[]): Promise<number | null> {
  const columns = events[0]!.map((_, column) => events.map((event) => event[column]!));
  await client.query("BEGIN");
  await client.query({ name: "lock", text: LOCK, values: [columns[0]] });
  const { rowCount } = await client.query({ name: "record-many", text: RECORD_MANY, values: columns });
  await client.query("COMMIT");
  return rowCount;
}
