import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../drill.ts";
import { openConnection } from "../fuzz/connection.ts";
import type { Server } from "../server.ts";
import { metricOf } from "./metric.ts";

/** What recording reaches beside something that should not matter to it. */

export type Ground = {
  readonly server: Server;
  readonly signal: AbortSignal;
  /** The share of what is reached without it that must be reached beside it. */
  readonly least: number;
  /** Records as fast as it goes for a while. @returns deltas a second. */
  reach(): Promise<number>;
};

const IDLE = 1_000;
const HOOKS = 5;
/** Milliseconds for all that waits to be anchored, on a slow machine. */
const CATCHING_UP_MS = 600_000;
/** Milliseconds until the first delivery, which waits for an anchor of what was recorded until then. */
const FIRST_DELIVERY_MS = 120_000;

/** Something that goes on while the load is made. */
type Begun = { tries: number; end(): Promise<Record<string, number>> };
type Begin = (ground: Ground) => Promise<Begun>;

/** Receivers that take a delivery and never answer it, against as many that answer at once. */
export const slowReceivers = (ground: Ground): Promise<Fault> =>
  compared(ground, {
    name: "slow receivers of webhooks",
    without: hooksTo((_, response) => response.writeHead(204).end()),
    beside: hooksTo(() => {}),
  });

/** Connections that say nothing, against none. */
export const idleConnections = (ground: Ground): Promise<Fault> =>
  compared(ground, { name: "idle connections beside recording", without: nothing, beside: idle });

/** Before, beside and after, each once nothing of the load before it waits any more. */
async function compared(ground: Ground, { name, without, beside }: { name: string; without: Begin; beside: Begin }) {
  const before = await reachedBeside(ground, without);
  const meanwhile = await reachedBeside(ground, beside);
  const after = await reachedBeside(ground, without);
  const share = (2 * meanwhile.perSecond) / (before.perSecond + after.perSecond);
  const failures = share < ground.least ? [`${meanwhile.perSecond} deltas/s, ${before.perSecond} before`] : [];
  return {
    name,
    tries: meanwhile.tries,
    figures: { "throughput of that without": share, ...meanwhile.figures },
    failures,
  };
}

async function reachedBeside(ground: Ground, begin: Begin) {
  await allAnchored(ground);
  const { tries, end } = await begin(ground);
  const perSecond = await ground.reach();
  return { tries, perSecond, figures: await end() };
}

async function allAnchored({ server, signal }: Ground): Promise<void> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(CATCHING_UP_MS)]);
  while ((await metricOf(server, "anchor_backlog_deltas")) > 0) await sleep(200, undefined, { signal: patience });
}

const nothing: Begin = async () => ({ tries: 0, end: async () => ({}) });

function hooksTo(answer: RequestListener): Begin {
  return async ({ server, signal }) => {
    let deliveries = 0;
    const receiver = createServer((request, response) => {
      deliveries += 1;
      answer(request, response);
    });
    receiver.listen(0, "127.0.0.1");
    await once(receiver, "listening");
    const { port } = receiver.address() as AddressInfo;
    const headers = { "X-Api-Key": server.apiKey, "Content-Type": "application/json" };
    const ids: string[] = [];
    for (let i = 0; i < HOOKS; i++) {
      const body = JSON.stringify({ url: `http://127.0.0.1:${port}/${i}` });
      const response = await fetch(`${server.url}/api/v1/webhooks`, { method: "POST", headers, body });
      const text = await response.text();
      if (response.status !== 201) throw new Error(`a webhook was to be made: ${response.status} ${text}`);
      ids.push((JSON.parse(text) as { data: { id: string } }).data.id);
    }
    // What is told next is told to them, so the load is made beside their deliveries.
    const delta = JSON.stringify({ customerId: "told", delta: 1, reason: "told" });
    await fetch(`${server.url}/api/v1/balance/delta`, { method: "POST", headers, body: delta });
    const patience = AbortSignal.any([signal, AbortSignal.timeout(FIRST_DELIVERY_MS)]);
    while (deliveries === 0) await sleep(50, undefined, { signal: patience });
    return {
      tries: HOOKS,
      async end() {
        for (const id of ids) await fetch(`${server.url}/api/v1/webhooks/${id}`, { method: "DELETE", headers });
        receiver.closeAllConnections();
        receiver.close();
        return { "deliveries begun": deliveries };
      },
    };
  };
}

const idle: Begin = async ({ server }) => {
  const connections = Array.from({ length: IDLE }, () => openConnection(server.url));
  await once(connections.at(-1)!.socket, "connect");
  return {
    tries: IDLE,
    async end() {
      const open = connections.filter(({ isOpen }) => isOpen).length;
      for (const one of connections) one.close();
      return { open };
    },
  };
};
