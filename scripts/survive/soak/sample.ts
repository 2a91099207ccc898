import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** How a server is at one moment, seen from outside: by the operating system, its files, and what it tells of itself. */
export type Sample = {
  /** Seconds since the load began. */
  readonly at: number;
  readonly residentMb: number;
  readonly threads: number;
  /** Open file handles, sockets included. */
  readonly handles: number;
  readonly databaseMb: number;
  readonly walMb: number;
  /** Age of the oldest delta that no confirmed anchor has taken in, in seconds. */
  readonly lag: number;
  /** Deltas that no confirmed anchor has taken in, and deliveries that wait. */
  readonly backlog: number;
  readonly deliveriesPending: number;
};

type Looked = { readonly url: string; readonly pid: number };

const MB = 1024 * 1024;

/** Linux only. */
export async function sample({ url, pid }: Looked, dir: string, at: number): Promise<Sample> {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const figures = await figuresOf(url);
  return {
    at,
    residentMb: lineOf(status, "VmRSS") / 1024,
    threads: lineOf(status, "Threads"),
    handles: readdirSync(`/proc/${pid}/fd`).length,
    databaseMb: bytesOf(join(dir, "tallyroot.db")) / MB,
    walMb: bytesOf(join(dir, "tallyroot.db-wal")) / MB,
    lag: figures("tallyroot_anchor_lag_seconds"),
    backlog: figures("tallyroot_anchor_backlog_deltas"),
    deliveriesPending: figures('tallyroot_webhook_deliveries{state="pending"}'),
  };
}

/** What `/metrics` says. A figure that is not there yet is 0, as one by state is before there is any. */
export async function figuresOf(url: string): Promise<(name: string) => number> {
  const response = await fetch(`${url}/metrics`);
  const text = await response.text();
  if (!response.ok) throw new Error(`/metrics: ${response.status} ${text}`);
  const lines = new Map(text.split("\n").map((line) => [line.slice(0, line.lastIndexOf(" ")), line]));
  return (name) => {
    const line = lines.get(name);
    return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(" ") + 1));
  };
}

function lineOf(status: string, name: string): number {
  const [, number] = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status) ?? [];
  if (number === undefined) throw new Error(`the process does not tell its ${name}`);
  return Number(number);
}

const bytesOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);
