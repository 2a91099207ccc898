import { cpSync, mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Book, openBook, postUntil, settle } from "../book.ts";
import { auditFailures, examine } from "../examine.ts";
import type { Random } from "../random.ts";
import { NotStartedError, type Server, type StartOptions, startServer } from "../server.ts";

/** A data directory, what its clients know of it, and how servers are started over it. */
export type Directory = { readonly options: StartOptions; readonly book: Book };

/** Milliseconds within which something must have come about, and between two looks. */
export const PATIENCE_MS = 30_000;
const LOOK_MS = 50;
/** How a start that cannot be done ends: with a sentence, and no stack behind it. */
const SENTENCE = /^tallyroot: .*$(?!\n {4}at )/m;

export function openDirectory(options: StartOptions, customers = 5): Directory {
  mkdirSync(options.dir, { recursive: true });
  return { options, book: openBook(customers) };
}

/** The directory as it lies there, copied, with a book that goes on by itself from here. */
export function copyDirectory({ options, book }: Directory, dir: string): Directory {
  cpSync(options.dir, dir, { recursive: true });
  return { options: { ...options, dir }, book: copyBook(book) };
}

export function copyBook(book: Book): Book {
  const { sent, acknowledged, open } = book;
  return {
    ...book,
    ...{ sent: new Map(sent), acknowledged: new Map(acknowledged), open: [...open] },
    ...{ contradictions: [], oddities: [], refused: 0 },
  };
}

/** Posts for so many milliseconds, with so many clients, and then whatever was not answered. */
export async function postFor(server: Server, book: Book, random: Random, milliseconds: number, clients = 4) {
  const over = AbortSignal.timeout(milliseconds);
  await Promise.all(Array.from({ length: clients }, () => postUntil(server, book, random, over)));
  await settle(server, book);
}

/** Waits until everything that was acknowledged is anchored. @returns what went wrong. */
export async function allVerified(server: Server, book: Book): Promise<string[]> {
  const seen = await within(async () => {
    for (const customerId of book.customers) {
      const { status, data } = await read<{ pendingCount: number }>(server, `/balance/derive/${customerId}?limit=1`);
      if (status !== 404 && data?.pendingCount !== 0) return false;
    }
    return true;
  });
  return seen ? [] : [`not everything is anchored: ${await readiness(server)}`];
}

/** Everything that is known of the record, held against it, and an audit with its chain. */
export async function wholeRecord(server: Server, { options, book }: Directory): Promise<string[]> {
  await settle(server, book);
  const unverified = await allVerified(server, book);
  const { failures } = await examine(server, book);
  return [...unverified, ...failures, ...(await auditFailures(options.dir, server.rpcUrl, options.signal))];
}

/** A start that may be refused. @returns the server, or the sentence with which it ended; the failure where that is none. */
export async function tryStart(
  options: StartOptions,
): Promise<{ server: Server } | { refusal: string; failures: string[] }> {
  try {
    return { server: await startServer(options) };
  } catch (error) {
    if (!(error instanceof NotStartedError)) throw error;
    const refusal = SENTENCE.exec(error.message)?.[0];
    return {
      refusal: refusal ?? error.message,
      failures: refusal ? [] : [`it ends without a sentence: ${error.message}`],
    };
  }
}

/** A start that must be refused, in words that say why. @returns what went wrong. */
export async function expectRefusal(options: StartOptions, why: RegExp): Promise<string[]> {
  const tried = await tryStart(options);
  if ("server" in tried) {
    await tried.server.kill();
    return [`it starts, and should say ${why}`];
  }
  return why.test(tried.refusal) ? tried.failures : [`it should say ${why}, and says: ${tried.refusal}`];
}

export async function within(look: () => Promise<boolean>, milliseconds = PATIENCE_MS): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (!(await look())) {
    if (performance.now() > end) return false;
    await sleep(LOOK_MS);
  }
  return true;
}

export async function read<T>(
  { url, apiKey }: Pick<Server, "url" | "apiKey">,
  path: string,
): Promise<{ status: number; data: T | undefined }> {
  const response = await fetch(`${url}/api/v1${path}`, { headers: { "X-Api-Key": apiKey } });
  return { status: response.status, data: ((await response.json()) as { data?: T }).data };
}

export async function readiness({ url }: Server): Promise<string> {
  return (await fetch(`${url}/readyz`)).text();
}
