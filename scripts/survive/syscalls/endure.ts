import { cpSync, mkdirSync, rmSync } from "node:fs";
import { type Book, openBook } from "../book.ts";
import { auditFailures, examine } from "../examine.ts";
import type { Random } from "../random.ts";
import { NotStartedError, type Server, startServer } from "../server.ts";
import type { Point } from "./points.ts";
import { round } from "./round.ts";
import { attach, cameAbout, threadsOf, under } from "./strace.ts";

/** What came of one fault at one call. */
export type Endured = {
  /** Whether it came about: a round makes some calls more or fewer from one time to the next. */
  reached: boolean;
  /** Whether the server went on, and how often it had to refuse; whether anchoring waited for a restart. */
  lived: boolean;
  refused: number;
  waited: boolean;
  restartMs: number;
  failures: string[];
};

type Ground = { dir: string; prepared: Prepared; random: Random; signal: AbortSignal };
/** A directory that a killed server left, and what its clients know. */
export type Prepared = { dir: string; book: Book };

const CUSTOMERS = 3;
/** What the server says when its chain can no longer be kept; anchoring then waits for a restart, and only then. */
const CHAIN_DIED = "the embedded chain died";
/** How a start that cannot be done ends: with a sentence. */
const SAID_WHY = /^tallyroot: [^\n]*$(?!\n {4}at )/m;

/** Makes a directory of a server that was killed when it had anchored something. */
export async function prepare(dir: string, random: Random, signal: AbortSignal): Promise<Prepared> {
  mkdirSync(dir);
  const book = openBook(CUSTOMERS);
  const server = await startServer({ dir, signal });
  const { came } = await round(server, book, random);
  if (came !== "done") throw new Error(`the ground is not made: ${came}\n${server.said()}`);
  await server.kill();
  return { dir, book };
}

/** Brings a fault about; afterwards starts without one, and holds what is there against what was acknowledged. */
export async function endure(point: Point, ground: Ground): Promise<Endured> {
  const { dir, random, signal } = ground;
  const seen: Endured = { reached: false, lived: true, refused: 0, waited: false, restartMs: 0, failures: [] };
  const book = point.scene === "first start" ? openBook(CUSTOMERS) : copyOf(ground.prepared.book);
  if (point.scene === "first start") mkdirSync(dir);
  else cpSync(ground.prepared.dir, dir, { recursive: true });
  const output = `${dir}.strace`;
  if (point.scene === "first start" || point.scene === "start") await inStart(point, { ...ground, output, book, seen });
  else await inRound(point, { ...ground, output, book, seen });
  const server = await startServer({ dir, signal });
  seen.restartMs = server.startMs;
  const after = await round(server, book, random);
  if (after.came !== "done") seen.failures.push(`the round is not completed after a restart: ${after.came}`);
  const { failures } = await examine(server, book);
  seen.failures.push(...after.failures, ...failures, ...(await auditFailures(dir, server.rpcUrl, signal)));
  await server.kill();
  rmSync(output, { force: true });
  if (seen.failures.length === 0) rmSync(dir, { recursive: true });
  return { ...seen, failures: seen.failures.map((text) => `${nameOf(point)}: ${text}`) };
}

export function nameOf({ scene, call, fault, at }: Point): string {
  return `${fault} at ${call} ${at} of ${scene}`;
}

type Underway = Ground & { output: string; book: Book; seen: Endured };

async function inStart(point: Point, parts: Underway): Promise<void> {
  const { dir, output, signal, seen } = parts;
  let server: Server;
  try {
    server = await startServer({ dir, signal, under: under(output, point) });
  } catch (error) {
    if (!(error instanceof NotStartedError)) throw error;
    seen.reached = cameAbout(output);
    seen.lived = false;
    if (!seen.reached || (point.fault !== "SIGKILL" && !SAID_WHY.test(error.message)))
      seen.failures.push(error.message);
    return;
  }
  await live(server, point, parts);
}

async function inRound(point: Point, parts: Underway): Promise<void> {
  const { dir, output, signal } = parts;
  const server = await startServer({ dir, signal });
  const pid = threadsOf(server.pid).get(point.scene);
  if (pid === undefined) throw new Error(`the server has no thread ${point.scene}`);
  await attach({ pid, output, signal }, point, "one");
  await live(server, point, parts);
}

/** A round while the fault comes, then the server's end in order. */
async function live(server: Server, point: Point, { output, book, random, seen }: Underway): Promise<void> {
  const { came, refused, failures } = await round(server, book, random);
  seen.refused = refused;
  seen.failures.push(...failures);
  if (came === "gone") seen.lived = false;
  else if (came === "stuck") {
    seen.waited = server.said().includes(CHAIN_DIED);
    if (!seen.waited) seen.failures.push(`it does not heal:\n${server.said()}`);
  }
  if (came !== "gone") await server.stop();
  await server.ended;
  seen.reached = cameAbout(output);
  // It may also come when the server is about to end.
  if (point.fault === "SIGKILL" && seen.reached) seen.lived = false;
  if (came === "gone" && !(seen.reached && point.fault === "SIGKILL"))
    seen.failures.push(`it went away by itself:\n${server.said()}`);
}

/** A book that goes on by itself from here. */
export function copyOf(book: Book): Book {
  return { ...book, sent: new Map(book.sent), acknowledged: new Map(book.acknowledged), open: [], oddities: [] };
}
