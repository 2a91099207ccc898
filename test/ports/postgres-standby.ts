import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { startPostgres } from "../../scripts/postgres.ts";

/** Milliseconds between two looks at a server, and after which it has taken too long. */
const LOOK_MS = 20;
const PATIENCE_MS = 30_000;
const DATABASE = "record";
/** What need not outlive the machine, and more connections than nodes and tests have. */
const SETTINGS = { fsync: "off", max_connections: 200 };

/** A real PostgreSQL, and a standby that replays what it writes. */
export type Pair = {
  /** How a server reaches the database on whichever of the two writes; on the one; on the other. */
  url: string;
  primaryUrl: string;
  standbyUrl: string;
  /** Asks one of the two as the owner of everything, over a connection of its own. */
  ask<Row extends object>(url: string, text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Lets commits wait for the standby. */
  synchronous(): Promise<void>;
  /** Waits until the standby has replayed all that the primary has written. */
  caughtUp(): Promise<void>;
  /** Ends the standby's following: what is written from here on is on the primary alone. */
  part(): Promise<void>;
  /** Lets the primary crash, and recover by itself. */
  crash(): Promise<void>;
  /** Ends the primary without a word, as the end of its machine does. */
  kill(): Promise<void>;
  /** Makes the standby a primary. */
  promote(): Promise<void>;
  /** Ends the standby alone. */
  stopStandby(): Promise<void>;
  stop(): Promise<void>;
};

/** Starts both, with one empty database. */
export async function startPair(): Promise<Pair> {
  const dir = mkdtempSync(join(tmpdir(), "tallyroot-pair-"));
  const primary = await startPostgres(dir, SETTINGS);
  const primaryUrl = await primary.create(DATABASE);
  const folder = join(dir, "standby");
  await copyCluster(primary.urlOf("postgres"), primary.folder, folder);
  const standby = await startStandby(primary.folder, folder);
  const elsewhere = new URL(primaryUrl);
  elsewhere.port = String(standby.port);
  const standbyUrl = elsewhere.href;
  const pair: Pair = {
    url: primaryUrl.replace(/(@[^/]*)\//, `$1,${elsewhere.host}/`),
    primaryUrl,
    standbyUrl,
    ask,
    async synchronous() {
      await pair.caughtUp();
      await ask(primaryUrl, "ALTER SYSTEM SET synchronous_standby_names = '*'");
      await ask(primaryUrl, "SELECT pg_reload_conf()");
      await until("the standby confirms commits", async () => {
        const rows = await ask<{ sync_state: string }>(primaryUrl, "SELECT sync_state FROM pg_stat_replication");
        return rows.some(({ sync_state }) => sync_state === "sync");
      });
    },
    async caughtUp() {
      const [written] = await ask<{ at: string }>(primaryUrl, "SELECT pg_current_wal_lsn() AS at");
      await until("the standby has it all", async () => {
        const text = "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS all";
        return (await ask<{ all: boolean }>(standbyUrl, text, [written!.at]))[0]!.all;
      });
    },
    async part() {
      await ask(standbyUrl, "ALTER SYSTEM SET primary_conninfo = ''");
      await ask(standbyUrl, "SELECT pg_reload_conf()");
      await until("nobody follows", async () => {
        return (await ask(primaryUrl, "SELECT 1 FROM pg_stat_replication")).length === 0;
      });
    },
    async crash() {
      await primary.crash();
      await primary.resume();
    },
    async kill() {
      process.kill(Number(readFileSync(join(primary.folder, "postmaster.pid"), "utf8").split("\n", 1)[0]), "SIGKILL");
      // It is over already; this one is told, and waits for it.
      await primary.crash();
    },
    async promote() {
      await ask(standbyUrl, "SELECT pg_promote()");
      await until("the standby writes", async () => {
        const rows = await ask<{ transaction_read_only: string }>(standbyUrl, "SHOW transaction_read_only");
        return rows[0]!.transaction_read_only === "off";
      });
    },
    stopStandby: standby.stop,
    async stop() {
      await standby.stop();
      await primary.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await pair.caughtUp();
  return pair;
}

async function ask<Row extends object>(url: string, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url, options: "-c search_path=tallyroot,public" });
  // The answer tells it as well.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** Copies the files of a server that runs, as a base backup does, to be those of a standby of it. */
async function copyCluster(url: string, from: string, to: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query("SELECT pg_backup_start('standby', fast => true)");
  cpSync(from, to, { recursive: true, filter: (path) => !/\/postmaster\.(?:pid|opts)$/.test(path) });
  const { rows } = await client.query<{ labelfile: string }>("SELECT labelfile FROM pg_backup_stop()");
  await client.end();
  const { port, username, password, hostname } = new URL(url);
  writeFileSync(join(to, "backup_label"), rows[0]!.labelfile);
  writeFileSync(join(to, "standby.signal"), "");
  writeFileSync(
    join(to, "postgresql.auto.conf"),
    `primary_conninfo = 'host=${hostname} port=${port} user=${username} password=${password}'\n`,
  );
  chmodSync(to, 0o700);
  if (process.getuid?.() !== 0) return;
  // It refuses to run as root, and then runs as a user of its own.
  const { uid, gid } = statSync(from);
  for (const path of [".", ...readdirSync(to, { recursive: true, encoding: "utf8" })])
    chownSync(join(to, path), uid, gid);
}

async function startStandby(primary: string, folder: string): Promise<{ port: number; stop(): Promise<void> }> {
  const port = await freePort();
  // How the primary was started: its binary, its libraries are in the environment, and its user.
  const binary = readFileSync(join(primary, "postmaster.opts"), "utf8").split(" ", 1)[0]!;
  const { uid, gid } = statSync(primary);
  const settings = { ...SETTINGS, unix_socket_directories: "" };
  const child = spawn(
    binary,
    ["-D", folder, "-p", `${port}`, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    { stdio: ["ignore", "ignore", "pipe"], ...(process.getuid?.() === 0 && { uid, gid }) },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = once(child, "exit");
  const end = () => child.kill("SIGINT");
  // Whatever happens to this process, it does not outlive it.
  process.once("exit", end);
  await until("the standby answers", async () => {
    if (hasEnded(child)) throw new Error(`the standby did not start:\n${said}`);
    return said.includes("ready to accept read-only connections");
  });
  return {
    port,
    async stop() {
      process.removeListener("exit", end);
      if (!hasEnded(child)) end();
      await ended;
    },
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !(await is()); await sleep(LOOK_MS))
    if (performance.now() > end) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, "close");
  return port;
}
