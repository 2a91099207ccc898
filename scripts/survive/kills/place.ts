import { setTimeout as sleep } from "node:timers/promises";
import { type Book, openBook, postUntil } from "../book.ts";
import { auditFailures } from "../examine.ts";
import type { Random } from "../random.ts";
import { launchServer, type Server, type StartOptions, startServer } from "../server.ts";
import { DEEDS, type Deed, type DeedBook, type DeedKind, newDeed, openDeedBook } from "./deeds.ts";
import { openReceiver, type Receiver } from "./receiver.ts";
import { compareTales, openTales, type Tales } from "./tales.ts";

/** When a server is killed. */
export type Moment = "load" | "start" | "webhook" | DeedKind;

/** Clients that post deltas all the time. */
export const CLIENTS = 32;
const CUSTOMERS = 20;
/** Milliseconds after which a server is killed, at least and below: after it was up, or after what it is killed in the middle of began. */
const AFTER_MS: Record<Exclude<Moment, "webhook">, readonly [number, number]> = {
  load: [50, 600],
  start: [0, 1_500],
  statement: [0, 60],
  erasure: [0, 60],
  batch: [0, 100],
  stream: [0, 200],
};
/** Milliseconds of posting before anything else is asked for, and that a delivery is waited for. */
const WARM_MS = [30, 200] as const;
const DELIVERY_MS = 8_000;

/** A data directory, and everything that is known of it from outside. */
export type Place = {
  readonly start: StartOptions;
  readonly random: Random;
  readonly book: Book;
  readonly deeds: DeedBook;
  /** Deeds that were not answered yet. */
  readonly openDeeds: Deed[];
  readonly tales: Tales;
  readonly receiver: Receiver;
  readonly counted: Counted;
  readonly failures: string[];
};

export type Counted = {
  readonly kills: Map<Moment, number>;
  /** Kills that came after the answer to what they were to hit. */
  readonly answered: Map<Moment, number>;
  /** Milliseconds of each start over what a kill had left. */
  readonly restartsMs: number[];
  audits: number;
  auditsFailed: number;
};

export function openCount(): Counted {
  return { kills: new Map(), answered: new Map(), restartsMs: [], audits: 0, auditsFailed: 0 };
}

export async function openPlace(start: StartOptions, random: Random, counted: Counted): Promise<Place> {
  return {
    start: { ...start, settings: { ...start.settings, TALLYROOT_WEBHOOK_ALLOW_PRIVATE: "true" } },
    random,
    book: openBook(CUSTOMERS),
    deeds: openDeedBook(),
    openDeeds: [],
    tales: openTales(),
    receiver: await openReceiver(),
    counted,
    failures: [],
  };
}

/** Starts a server over what there is, and kills it in such a moment. */
export async function killOnce(place: Place, moment: Moment): Promise<void> {
  const { kills, answered } = place.counted;
  kills.set(moment, (kills.get(moment) ?? 0) + 1);
  if (moment === "start") return killWhileStarting(place);
  const { random, book, openDeeds } = place;
  const server = await begin(place);
  const over = new AbortController();
  const clients = Array.from({ length: CLIENTS }, () => postUntil(server, book, random, over.signal));
  const repeated = repeatDeeds(place, server);
  let hit = true;
  if (moment === "load") await killAfter(server, random, AFTER_MS.load);
  else {
    await sleep(random.between(...WARM_MS));
    if (moment === "webhook") {
      hit = await Promise.race([place.receiver.next().then(() => true), sleep(DELIVERY_MS, false)]);
      await server.kill();
    } else hit = !(await killDuring(place, server, moment));
  }
  over.abort();
  await Promise.all([...clients, repeated]);
  if (!hit) answered.set(moment, (answered.get(moment) ?? 0) + 1);
  if (book.acknowledged.size > 0) place.counted.restartsMs.push(server.startMs);
  // What the deed could not be told is asked for again in the next life.
  if (openDeeds.length > 10 * DEEDS.length) place.failures.push(`${openDeeds.length} requests are never answered`);
}

/** @returns whether the deed was answered before the kill. */
async function killDuring(place: Place, server: Server, moment: DeedKind): Promise<boolean> {
  const deed = newDeed(moment, place);
  const attempt = deed.attempt(server);
  await killAfter(server, place.random, AFTER_MS[moment]);
  if ((await attempt) === "answered") return true;
  place.openDeeds.push(deed);
  return false;
}

async function killAfter(server: Server, random: Random, after: readonly [number, number]): Promise<void> {
  await sleep(random.between(...after));
  await server.kill();
}

async function killWhileStarting({ start, random }: Place): Promise<void> {
  const { child, ended } = launchServer(start);
  await sleep(random.between(...AFTER_MS.start));
  child.kill("SIGKILL");
  await ended;
}

/** Starts a server and holds what it tells against what was told before. */
export async function begin(place: Place): Promise<Server> {
  const server = await startServer(place.start);
  place.failures.push(...(await compareTales(server, place.tales)));
  // Repeated at each start: it is made once.
  const response = await fetch(`${server.url}/api/v1/webhooks`, {
    method: "POST",
    headers: { "X-Api-Key": server.apiKey, "Content-Type": "application/json", "Idempotency-Key": "the receiver" },
    body: JSON.stringify({ url: place.receiver.url, events: ["checkpoint.verified", "anchor.confirmed"] }),
  });
  if (!response.ok) place.failures.push(`no webhook could be made: ${response.status} ${await response.text()}`);
  return server;
}

/** Asks once more for what was not answered. */
export async function repeatDeeds({ openDeeds }: Place, server: Server): Promise<void> {
  for (const deed of openDeeds.splice(0)) {
    if ((await deed.attempt(server)) !== "answered") openDeeds.push(deed);
  }
}

/** @param rpcUrl of the chain that a running server has; undefined where none runs. */
export async function audit({ start, counted, failures }: Place, rpcUrl: string | undefined): Promise<void> {
  const findings = await auditFailures(start.dir, rpcUrl, start.signal);
  counted.audits += 1;
  if (findings.length === 0) return;
  counted.auditsFailed += 1;
  failures.push(...findings.map((finding) => `audit: ${finding}`));
}
