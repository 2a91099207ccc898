import { setTimeout as sleep } from "node:timers/promises";
import type { Begun } from "../chain/proxy.ts";
import type { Fault } from "../drill.ts";
import type { Random } from "../random.ts";
import { type Cluster, confirmedIndex, type Leading, leaderOf, someLeader, upNodes } from "./cluster.ts";

/** Milliseconds of a round within which whoever anchors is stopped. */
const ROUND_MS = 700;
/** Milliseconds within which another must have taken over and anchored: a lease of 15 s, a look each 5 s, and what locks may hold up. */
const TAKEOVER_MS = 180_000;
const LOOK_MS = 50;
/** Milliseconds within which whoever anchors must send a transaction: it has to collect first what was recorded. */
const SENDING_MS = 300_000;
/** Milliseconds for which the one that goes on is watched, and within which it has to know that it does not lead any more. */
const WATCH_MS = 2_500;
const STANDBY_MS = 60_000;

/** Where in a round the leader is stopped: anywhere, or once it has stored a transaction and sends it. */
type Point = "anywhere" | "sending";
const NAMES: Record<Point, string> = {
  anywhere: "the node that anchors stands still (SIGSTOP) for longer than its lease, and goes on",
  sending: "… between storing a transaction and sending it, which then arrives late",
};

export type PauseSize = {
  readonly times: number;
  /** Whether the lease is waited for; else the drill lets it run out in the database, and the one that stands still does not even know. */
  readonly waits: boolean;
};

/** Stops whoever anchors until another has, and lets it go on: it must not anchor anything, and must serve again. */
export async function pauses(cluster: Cluster, random: Random, { times, waits }: PauseSize): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const point of ["anywhere", "sending"] as const) {
    const failures: string[] = [];
    let [anchored, slowest, late] = [0, 0, 0];
    for (let time = 0; time < times; time++) {
      const seen = await pauseOnce(cluster, random, point, waits);
      failures.push(...seen.failures);
      anchored += seen.anchored;
      slowest = Math.max(slowest, seen.takeoverMs);
      late += seen.late;
      cluster.settings.say(`nodes: ${NAMES[point]}: another anchored after ${Math.round(seen.takeoverMs)} ms`);
    }
    faults.push({
      name: NAMES[point],
      tries: times,
      figures: {
        "anchored by others meanwhile": anchored,
        "slowest takeover, ms": Math.round(slowest),
        ...(point === "sending" && { "transactions taken over": late }),
      },
      failures,
    });
  }
  return faults;
}

type Paused = { failures: string[]; anchored: number; takeoverMs: number; late: number };

async function pauseOnce(cluster: Cluster, random: Random, point: Point, waits: boolean): Promise<Paused> {
  const failures: string[] = [];
  const leading = await someLeader(cluster);
  const { node, holder, token } = leading;
  const { server, proxy } = node;
  const held = point === "sending" ? holdNextSend(cluster, leading) : undefined;
  await (held ? held.arrived : sleep(random.between(0, ROUND_MS)));
  // Nothing of ours comes between the arrival and this.
  process.kill(server.pid, "SIGSTOP");
  cluster.faultsAt.push(Date.now());
  const began = performance.now();
  let [late, takeoverMs, anchored] = [0, 0, 0];
  let known = new Set<string>();
  const sentBefore = proxy.sent.length;
  try {
    const before = await confirmedIndex(cluster);
    if (!waits)
      await cluster.ask("UPDATE leases SET expires_at = '-infinity' WHERE name = 'anchoring' AND token = $1", [token]);
    const end = performance.now() + TAKEOVER_MS;
    for (let taken = false; !taken; await sleep(LOOK_MS)) {
      cluster.settings.signal.throwIfAborted();
      if (performance.now() > end) throw new Error(`nobody took over from ${holder} within ${TAKEOVER_MS} ms`);
      const other = await leaderOf(cluster);
      anchored = (await confirmedIndex(cluster)) - before;
      taken = other !== undefined && other.token > token && other.node !== node && anchored > 0;
    }
    takeoverMs = performance.now() - began;
    if (held && (await isTakenOver(cluster, held.raw()))) late = 1;
    else if (held) failures.push(`nobody took over the transaction that ${holder} had stored`);
    known = new Set(await storedTransactions(cluster));
  } finally {
    // Its transaction gets to the chain now, long after another has taken it over.
    held?.release();
    cluster.faultsAt.push(Date.now());
    process.kill(server.pid, "SIGCONT");
  }
  await sleep(WATCH_MS);
  if ((await leaderOf(cluster))?.node !== node) {
    for (const raw of proxy.sent.slice(sentBefore))
      if (!known.has(raw)) failures.push(`${holder} sent a transaction of its own after it had lost the lease: ${raw}`);
  }
  failures.push(...(await serves(cluster, leading)));
  return { failures, anchored, takeoverMs, late };
}

/** Keeps the next transaction that a node sends on its way until it is released. */
function holdNextSend({ settings: { signal } }: Cluster, { node, holder }: Leading) {
  const arrived = Promise.withResolvers<void>();
  let raw: string | undefined;
  const begun: Begun = node.proxy.begin(async (call, { over }) => {
    if (call.method !== "eth_sendRawTransaction" || raw !== undefined) return undefined;
    raw = call.params[0] as string;
    arrived.resolve();
    await over;
    // Goes on to the network, whoever has sent the same one meanwhile.
    return "truth";
  });
  return {
    /** Resolves once it has come. */
    arrived: Promise.race([arrived.promise, sleep(SENDING_MS, undefined, { signal, ref: false })]).then(() => {
      if (raw === undefined) throw new Error(`${holder} sent nothing for ${SENDING_MS} ms`);
    }),
    raw: () => raw!,
    release: () => begun.end(),
  };
}

/** Whether the anchor that a transaction was stored for is final, by this one or by one in its place: of the same nonce, so only one of them. */
async function isTakenOver({ ask }: Pick<Cluster, "ask">, raw: string): Promise<boolean> {
  const rows = await ask(
    `SELECT 1 FROM anchor_transactions held JOIN anchor_progress p ON p.anchor = held.anchor AND p.state = 'confirmed'
    JOIN anchor_transactions t ON t.anchor = p.anchor AND t.hash = p.transaction_hash AND t.nonce = held.nonce WHERE held.raw = $1`,
    [Buffer.from(raw.slice(2), "hex")],
  );
  return rows.length === 1;
}

/** Everything that was ever stored to be sent. */
export async function storedTransactions({ ask }: Pick<Cluster, "ask">): Promise<string[]> {
  const rows = await ask<{ raw: Buffer }>("SELECT raw FROM anchor_transactions ORDER BY anchor, attempt");
  return rows.map(({ raw }) => `0x${raw.toString("hex")}`);
}

/** It answers, records, is not halted, and leaves anchoring to the other. @returns what went wrong. */
async function serves(cluster: Cluster, { node, holder }: Leading): Promise<string[]> {
  const { url } = node.server;
  const headers = { "X-Api-Key": cluster.apiKey, "Content-Type": "application/json" };
  for (const end = performance.now() + STANDBY_MS; ; await sleep(LOOK_MS)) {
    const [ready, read] = await Promise.all([
      fetch(`${url}/readyz`),
      fetch(`${url}/api/v1/anchors?limit=1`, { headers }),
    ]);
    const text = await ready.text();
    if (
      ready.status === 200 &&
      read.ok &&
      (text.includes("another node anchors") || (await leads(cluster, node.number)))
    )
      return [];
    if (ready.status !== 200 || performance.now() > end) return [`${holder} after it went on: ${ready.status} ${text}`];
  }
}

async function leads(cluster: Cluster, number: number): Promise<boolean> {
  return (await leaderOf(cluster))?.node.number === number && upNodes(cluster).length > 1;
}
