import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { privateKeyToAddress } from "viem/accounts";
import { type PostgresServer, startPostgres } from "../../postgres.ts";
import { publisherKey } from "../chain/keys.ts";
import { type Network, startNetwork } from "../chain/network.ts";
import { type FaultyEndpoint, startProxy } from "../chain/proxy.ts";
import type { Settings } from "../drill.ts";
import { launchServer, NotStartedError, type Server, type StartOptions, startServer } from "../server.ts";

const NODES = 4;
export const CONFIRMATIONS = 2;
/** Milliseconds between two anchors: several are under way in every few seconds, so that faults meet all steps of them. */
const ANCHOR_INTERVAL_MS = 300;
/** Milliseconds within which a node must be up again, whatever else is ended meanwhile, and before it is tried again. */
const REVIVAL_MS = 120_000;
const REVIVE_AGAIN_MS = 300;
/** Milliseconds within which some node must anchor: a lease of 15 s, and a look each 5 s. */
const LEAD_MS = 180_000;
const LOOK_MS = 50;
const MASTER_KEY = `0x${"07".repeat(32)}`;
const DATABASE = "record";

/** One of the API processes over the one database. */
export type Node = {
  readonly number: number;
  readonly dir: string;
  /** Between this node and the chain, so that what it sends is known. */
  readonly proxy: FaultyEndpoint;
  /** Undefined while it is down. */
  server: Server | undefined;
};

export type Cluster = {
  readonly settings: Settings;
  readonly postgres: PostgresServer;
  readonly databaseUrl: string;
  readonly masterKeyFile: string;
  readonly network: Network;
  readonly nodes: readonly Node[];
  readonly apiKey: string;
  /** Signed transactions that made the contract and opened the log, and how many of the publisher's were mined by then. */
  readonly before: { readonly sent: ReadonlySet<string>; readonly mined: number };
  /** When something was ended, or stood still, in Unix milliseconds. */
  readonly faultsAt: number[];
  /** Milliseconds of the slowest start of a node while the database was there. */
  slowestMs: number;
  /** Asks the database as its owner. */
  ask<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  stop(): Promise<void>;
};

/** Starts four nodes over one PostgreSQL whose commits are on disk, and a chain of their own. */
export async function openCluster(settings: Settings): Promise<Cluster> {
  const { dir, signal } = settings;
  // PostgreSQL runs as a user of its own, and must get to its part of it.
  chmodSync(dir, 0o711);
  const postgresDir = join(dir, "postgres");
  mkdirSync(postgresDir);
  const masterKeyFile = join(dir, "master-key");
  writeFileSync(masterKeyFile, `${MASTER_KEY}\n`, { mode: 0o600 });
  const postgres = await startPostgres(postgresDir);
  const network = await startNetwork(signal);
  const nodes = await Promise.all(
    Array.from({ length: NODES }, async (_, number): Promise<Node> => {
      const own = join(dir, `node-${number}`);
      mkdirSync(own);
      return { number, dir: own, proxy: await startProxy(network.url), server: undefined };
    }),
  );
  const databaseUrl = await postgres.create(DATABASE);
  const ask = <Row extends object>(text: string, values: readonly unknown[] = []) =>
    askDatabase<Row>(databaseUrl, text, values);
  const [first, ...others] = nodes as [Node, ...Node[]];
  first.server = await startServer(optionsOf({ settings, databaseUrl }, first));
  const { apiKey } = first.server;
  const cluster: Cluster = {
    settings,
    postgres,
    databaseUrl,
    masterKeyFile,
    network,
    nodes,
    apiKey,
    before: { sent: new Set(first.proxy.sent), mined: await minedBy(network) },
    faultsAt: [],
    slowestMs: 0,
    ask,
    async stop() {
      await Promise.all(nodes.map(({ server }) => server?.stop()));
      await Promise.all(nodes.map(({ proxy }) => proxy.stop()));
      await network.stop();
      await postgres.stop();
    },
  };
  // The first one has it in its directory; here all have it, as an operator would give it to whoever asks.
  for (const node of others) writeFileSync(join(node.dir, "api-key"), `${apiKey}\n`, { mode: 0o600 });
  await Promise.all(others.map((node) => revive(cluster, node)));
  return cluster;
}

function optionsOf(
  { settings, databaseUrl }: Pick<Cluster, "settings" | "databaseUrl">,
  { dir, proxy }: Node,
): StartOptions {
  return {
    dir,
    signal: settings.signal,
    settings: {
      TALLYROOT_DATABASE_URL: databaseUrl,
      TALLYROOT_MASTER_KEY: MASTER_KEY,
      TALLYROOT_CHAIN: "rpc",
      TALLYROOT_RPC_URL: proxy.url,
      TALLYROOT_PUBLISHER_KEY: publisherKey(0),
      TALLYROOT_CONFIRMATIONS: String(CONFIRMATIONS),
      TALLYROOT_ANCHOR_INTERVAL_MS: String(ANCHOR_INTERVAL_MS),
      TALLYROOT_WEBHOOK_ALLOW_PRIVATE: "true",
    },
  };
}

/** How many transactions of the publisher are in blocks: each has a nonce, whatever came of it. */
export async function minedBy({ ask }: Pick<Network, "ask">): Promise<number> {
  return Number(await ask<string>("eth_getTransactionCount", [privateKeyToAddress(publisherKey(0)), "latest"]));
}

/** A connection for one question: the drill's own outlive no restart either. */
async function askDatabase<Row extends object>(url: string, text: string, values: readonly unknown[] = []) {
  const client = new Client({ connectionString: url, options: "-c search_path=tallyroot" });
  // One that breaks while nothing is asked says so beside the answer.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** Those that are up. */
export function upNodes({ nodes }: Pick<Cluster, "nodes">): (Node & { server: Server })[] {
  return nodes.filter((node): node is Node & { server: Server } => node.server !== undefined);
}

/** Ends a node at once. */
export async function killNode(cluster: Cluster, node: Node): Promise<void> {
  const { server } = node;
  node.server = undefined;
  cluster.faultsAt.push(Date.now());
  await server?.kill();
}

/** Starts a node as a supervisor does: again and again, since it may find no database. @throws Error when it does not come up. */
export async function revive(cluster: Cluster, node: Node): Promise<void> {
  const options = optionsOf(cluster, node);
  for (const end = performance.now() + REVIVAL_MS; ; await sleep(REVIVE_AGAIN_MS)) {
    try {
      const server = await startServer(options);
      node.server = server;
      cluster.slowestMs = Math.max(cluster.slowestMs, server.startMs);
      return;
    } catch (error) {
      if (!(error instanceof NotStartedError) || performance.now() > end) throw error;
    }
  }
}

/** Starts a node that is down, and ends it in the middle of that. */
export async function killWhileStarting(cluster: Cluster, node: Node, afterMs: number): Promise<void> {
  const { child, ended } = launchServer(optionsOf(cluster, node));
  await sleep(afterMs);
  cluster.faultsAt.push(Date.now());
  child.kill("SIGKILL");
  await ended;
}

export type Leading = { node: Node & { server: Server }; holder: string; token: number };

/** The node that anchors, by the database; undefined while none of those that are up does. */
export async function leaderOf(cluster: Cluster): Promise<Leading | undefined> {
  const [row] = await cluster.ask<{ holder: string; token: string }>(
    "SELECT holder, token FROM leases WHERE name = 'anchoring' AND expires_at > clock_timestamp()",
  );
  const node = row && upNodes(cluster).find(({ server }) => row.holder.endsWith(` ${server.pid}`));
  return node && { node, holder: row.holder, token: Number(row.token) };
}

/** Waits for a node that anchors. @throws Error when there is none for too long. */
export async function someLeader(cluster: Cluster): Promise<Leading> {
  for (const end = performance.now() + LEAD_MS; performance.now() < end; await sleep(LOOK_MS)) {
    const leading = await leaderOf(cluster);
    if (leading) return leading;
  }
  throw new Error(`no node anchors for ${LEAD_MS} ms`);
}

/** The latest anchor that is final. */
export async function confirmedIndex({ ask }: Pick<Cluster, "ask">): Promise<number> {
  const [row] = await ask<{ id: string }>(
    "SELECT coalesce(max(anchor), 0) AS id FROM anchor_progress WHERE state = 'confirmed'",
  );
  return Number(row!.id);
}
