import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../drill.ts";
import type { Random } from "../random.ts";
import {
  type Cluster,
  confirmedIndex,
  killNode,
  killWhileStarting,
  type Leading,
  leaderOf,
  type Node,
  revive,
  someLeader,
} from "./cluster.ts";

/** Milliseconds between two kills: at least, and below. */
const BETWEEN_MS = [700, 2_800] as const;
/** Milliseconds for which the database is away when it is started again, and after which a node is killed that starts. */
const AWAY_MS = [300, 1_500] as const;
const STARTING_MS = [50, 1_200] as const;
/** Share of kills that hit whoever anchors, where there is one, and of those that are followed by one while the node starts. */
const LEADER = 0.5;
const WHILE_STARTING = 0.25;
/** Milliseconds within which a node must anchor again once nobody is killed any more: a lease, and several rounds. */
const LEAD_MS = 180_000;
const LOOK_MS = 50;

export type StormSize = {
  readonly ms: number;
  /** What happens to the database, in equal parts of that time. */
  readonly database: readonly ("halt" | "crash")[];
};

/** Kills nodes at random, and whoever anchors, again and again; the database goes away meanwhile. */
export async function storm(cluster: Cluster, random: Random, { ms, database }: StormSize): Promise<Fault[]> {
  const counted = { nodes: 0, leaders: 0, starting: 0, halt: 0, crash: 0 };
  const reviving = new Map<Node, Promise<void>>();
  const began = performance.now();
  const first = await confirmedIndex(cluster);

  async function killOne(leading: Leading | undefined): Promise<void> {
    const free = cluster.nodes.filter((node) => !reviving.has(node));
    const node =
      leading && free.includes(leading.node) ? leading.node : free.length > 0 ? random.oneOf(free) : undefined;
    if (!node) return;
    const hitLeader = node === leading?.node;
    counted[hitLeader ? "leaders" : "nodes"] += 1;
    const whileStarting = random.chance(WHILE_STARTING) ? random.between(...STARTING_MS) : undefined;
    await killNode(cluster, node);
    reviving.set(node, bringBack(node, whileStarting));
  }

  async function bringBack(node: Node, whileStarting: number | undefined): Promise<void> {
    if (whileStarting !== undefined) {
      await killWhileStarting(cluster, node, whileStarting);
      counted.starting += 1;
    }
    await revive(cluster, node);
    reviving.delete(node);
  }

  await killOne(await someLeader(cluster));
  for (let part = 1; performance.now() - began < ms; ) {
    cluster.settings.signal.throwIfAborted();
    const next = database[part - 1];
    if (next && performance.now() - began > (part * ms) / (database.length + 1)) {
      await restart(cluster, next, random.between(...AWAY_MS));
      counted[next] += 1;
      part += 1;
    } else await killOne(random.chance(LEADER) ? await leaderOf(cluster) : undefined);
    await sleep(random.between(...BETWEEN_MS));
    const made = counted.nodes + counted.leaders;
    if (made % 5 === 0) cluster.settings.say(`nodes: ${made} kills, ${part - 1} restarts of the database`);
  }
  await Promise.all(reviving.values());
  const failures = await leadsAgain(cluster);
  const anchored = (await confirmedIndex(cluster)) - first;
  return [
    { name: "SIGKILL of a node that records", tries: counted.nodes, figures: {}, failures: [] },
    {
      name: "SIGKILL of the node that anchors",
      tries: counted.leaders,
      figures: { "anchored meanwhile": anchored },
      failures,
    },
    {
      name: "SIGKILL of a node that starts",
      tries: counted.starting,
      figures: { "slowest start, ms": Math.round(cluster.slowestMs) },
      failures: [],
    },
    { name: "a restart of the database", tries: counted.halt, figures: {}, failures: [] },
    ...(database.includes("crash")
      ? [{ name: "a crash of the database", tries: counted.crash, figures: {}, failures: [] }]
      : []),
  ];
}

async function restart({ postgres, faultsAt }: Cluster, how: "halt" | "crash", awayMs: number): Promise<void> {
  faultsAt.push(Date.now());
  await postgres[how]();
  await sleep(awayMs);
  await postgres.resume();
  faultsAt.push(Date.now());
}

/** @returns what went wrong. */
async function leadsAgain(cluster: Cluster): Promise<string[]> {
  const before = await confirmedIndex(cluster);
  for (const end = performance.now() + LEAD_MS; performance.now() < end; await sleep(LOOK_MS))
    if ((await confirmedIndex(cluster)) > before) return [];
  return [`no node anchors within ${LEAD_MS} ms after the last one was killed`];
}
