import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Book, openBook, postUntil, settle } from "../book.ts";
import type { Drill, Fault, Settings } from "../drill.ts";
import { auditFailures, examine } from "../examine.ts";
import { type Random, seeded } from "../random.ts";
import { type Server, startServer } from "../server.ts";
import { openConnection } from "./connection.ts";
import { complaint, type Secrets } from "./judge.ts";
import { residentBytes, settledBytes } from "./memory.ts";
import { shapes } from "./shapes.ts";
import { slowClients } from "./slow.ts";
import { sendVolume, type Volume } from "./volume.ts";

const SIZES = { full: 1_000_000, small: 5_000 } as const;
/** Requests after which the server has everything in memory that it is going to have. */
const WARM_UP = { full: 20_000, small: 2_000 } as const;
/** How much more than after that it may have in the end. */
const MOST_GROWTH = 1.2;
const MOST_GROWTH_SMALL = 1.5;
const CANARIES = 20;
/** Milliseconds between two requests of the one client who asks for nothing but what is right, and the most that one of them may take. */
const CANARY_PAUSE_MS = 25;
const SLOWEST_CANARY_MS = 5_000;
/** Milliseconds in which bytes of any shape must be answered. */
const SHAPE_MS = 20_000;
/** Record ids that are asked for again in the end. */
const LOOKED_UP = 300;
/** Files of the data directory whose content no answer may hold. */
const SECRET_FILES = ["master-key", "publisher-key", "api-key"];

/** Bad input of every kind against the real server, beside one client who behaves. */
export const fuzz: Drill = {
  name: "fuzz",
  about: "requests with anything wrong, bytes that are no requests, and clients that are slow or silent",
  async run(settings) {
    const { dir, signal, full, seed, say } = settings;
    const size = full ? "full" : "small";
    const random = seeded(seed);
    const server = await startServer({ dir, signal, settings: { TALLYROOT_ANCHOR_INTERVAL_MS: "1000" } });
    const secrets = [dir, ...SECRET_FILES.map((name) => readFileSync(join(dir, name), "utf8").trim())];
    const newKey = openTenants(server);
    const book = openBook(CANARIES, "canary");
    const told = (sent: number) => say(`${sent} requests`);
    const volume = (requests: number) => sendVolume(server, { requests, random, secrets, newKey, signal, told });

    await volume(WARM_UP[size]);
    await sendShapes(server, secrets);
    const before = await settledBytes(server.pid, signal);

    const behaving = new AbortController();
    const canary = behave(server, book, seeded(seed + 1), AbortSignal.any([behaving.signal, signal]));
    const [sent, slow, shaped] = await Promise.all([
      volume(SIZES[size]),
      slowClients({ server, full, signal }),
      sendShapes(server, secrets),
    ]);
    behaving.abort();
    const canaryFault = await canary;
    const memory = await memoryFault(server, before, full, signal);
    await settle(server, book);
    const record = await recordFault(server, book, sent, settings);
    await server.stop();
    return [volumeFault(sent), shaped, ...slow, canaryFault, memory, record];
  },
};

/** Tenants that may be spoilt, each with an admin key. */
function openTenants({ url, apiKey }: Pick<Server, "url" | "apiKey">): () => Promise<string> {
  let made = 0;
  return async () => {
    made += 1;
    const response = await fetch(`${url}/api/v1/tenants`, {
      method: "POST",
      headers: { "X-Api-Key": apiKey, "Content-Type": "application/json" },
      body: JSON.stringify({ name: `spoilt-${made}` }),
    });
    const text = await response.text();
    if (response.status !== 201) throw new Error(`a tenant was to be made: ${response.status} ${text}`);
    return (JSON.parse(text) as { data: { apiKey: string } }).data.apiKey;
  };
}

function volumeFault({ sent, byClass, reached, routes, failures }: Volume): Fault {
  const missed = reached < routes && sent >= SIZES.full ? [`${routes - reached} routes never answered a success`] : [];
  const figures = { ...byClass, "routes reached": reached, of: routes };
  return { name: "requests with anything wrong", tries: sent, figures, failures: [...failures, ...missed] };
}

/** Every shape of bytes once, each over a connection of its own. */
async function sendShapes(server: Pick<Server, "url" | "apiKey">, secrets: Secrets): Promise<Fault> {
  const failures: string[] = [];
  let [tries, slowest] = [0, 0];
  for (const { name, bytes, statuses } of shapes(server.apiKey)) {
    const connection = openConnection(server.url);
    const began = performance.now();
    const { answers, ended } = await connection.exchange(
      bytes,
      statuses.map(() => false),
      SHAPE_MS,
    );
    connection.close();
    tries += 1;
    slowest = Math.max(slowest, performance.now() - began);
    const wrong = answers.map((answer) => complaint(answer, false, secrets)).find((text) => text !== undefined);
    const came = answers.map(({ status }) => status);
    const isExpected = came.length === statuses.length && came.every((status, i) => statuses[i]!.includes(status));
    if (!isExpected || wrong !== undefined) failures.push(`${name}: ${ended} after ${came.join(", ")} ${wrong ?? ""}`);
  }
  return {
    name: "bytes that are no request, or a dangerous one",
    tries,
    figures: { "slowest, ms": slowest },
    failures,
  };
}

/** One client who asks for what is right, all the while. */
async function behave(server: Server, book: Book, random: Random, until: AbortSignal): Promise<Fault> {
  const times: number[] = [];
  while (!until.aborted) {
    const one = new AbortController();
    await postUntil(server, book, random, one.signal, (milliseconds) => {
      times.push(milliseconds);
      one.abort();
    });
    if (!one.signal.aborted) break;
    await sleep(CANARY_PAUSE_MS);
  }
  const slowest = times.reduce((most, one) => Math.max(most, one), 0);
  const failures = [
    ...(slowest > SLOWEST_CANARY_MS ? [`a request that was right took ${slowest} ms`] : []),
    ...(until.aborted ? [] : [`the server went away:\n${server.said()}`]),
  ];
  const figures = { "slowest, ms": slowest, refused: book.refused };
  return { name: "a client who asks for what is right, beside them", tries: times.length, figures, failures };
}

/** @param full otherwise the server has not run for long enough before to say what it needs. */
async function memoryFault(server: Server, before: number, full: boolean, signal: AbortSignal): Promise<Fault> {
  const at = residentBytes(server.pid);
  const after = await settledBytes(server.pid, signal, before * MOST_GROWTH);
  const growth = after / before;
  const mega = (bytes: number) => bytes / 2 ** 20;
  const failures =
    growth > (full ? MOST_GROWTH : MOST_GROWTH_SMALL) ? [`${mega(before)} MB became ${mega(after)} MB, and stay`] : [];
  const figures = { "MB before": mega(before), "at the end": mega(at), "after a rest": mega(after) };
  return { name: "memory after all that", tries: 1, figures, failures };
}

/** What was acknowledged is there, to those who behaved and to those who did not, and the record is whole. */
async function recordFault(
  server: Server,
  book: Book,
  { recorded }: Volume,
  { dir, signal }: Settings,
): Promise<Fault> {
  const { recorded: there, lost, doubled, failures } = await examine(server, book);
  let found = 0;
  for (const { recordId, apiKey } of recorded.slice(-LOOKED_UP)) {
    const { status } = await fetch(`${server.url}/api/v1/balance/delta/${recordId}`, {
      headers: { "X-Api-Key": apiKey },
    });
    if (status === 200) found += 1;
    // The key may have been revoked meanwhile, by one of the requests.
    else if (status !== 401) failures.push(`${recordId} was acknowledged, and is ${status}`);
  }
  failures.push(...(await auditFailures(dir, server.rpcUrl, signal)));
  const figures = { acknowledged: book.acknowledged.size, there, lost, doubled, "looked up": found };
  return { name: "the record after all that", tries: book.acknowledged.size, figures, failures };
}
