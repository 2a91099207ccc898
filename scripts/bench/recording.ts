import type { Bench } from "./context.ts";
import { deltaTexts, drawn, inTurn } from "./deltas.ts";
import { applyLoad, type Load, type LoadResult, writeLines } from "./load.ts";
import { recordedBy, type Server } from "./server.ts";
import { streamDeltas } from "./stream.ts";

/** Connections of the load that records single deltas. */
export const CONNECTIONS = 64;
/** Deltas of one batch, and connections of the load that records batches. */
export const BATCH = 1_000;
export const BATCH_CONNECTIONS = 4;
/** Batches that are sent in turn. */
const BATCHES = 32;
/** Bodies that a load sends in turn, at least. */
const BODIES = 20_000;

/** Gives each of so many customers a first delta. */
export async function openCustomers(server: Server, customers: number, { signal }: Bench): Promise<void> {
  await streamDeltas(server, deltaTexts({ count: customers, customerOf: inTurn(customers) }), { signal });
}

/** A file of bodies for single deltas of so many customers, drawn at random. */
export function deltaBodies({ dir }: Bench, customers: number): string {
  const count = Math.max(BODIES, customers);
  return writeLines(dir, `deltas-of-${customers}`, deltaTexts({ count, customerOf: drawn(customers) }));
}

/** Records single deltas, one per request. @throws Error when fewer are on record afterwards than were answered. */
export async function recordSingles(
  bench: Bench,
  server: Server,
  load: Pick<Load, "name" | "file" | "seconds"> & Partial<Pick<Load, "connections" | "keys">>,
): Promise<LoadResult> {
  const before = await recordedBy(server, bench.signal);
  const result = await applyLoad(
    {
      connections: CONNECTIONS,
      ...load,
      url: server.url,
      method: "POST",
      path: "/api/v1/balance/delta",
      headers: { "X-Api-Key": server.apiKey, "Content-Type": "application/json" },
    },
    bench,
  );
  const after = await recordedBy(server, bench.signal);
  const recorded = after - before;
  if (recorded < result.requests) throw new Error(`${result.requests} deltas were answered, ${recorded} are on record`);
  return result;
}

/** A file of bodies for batches of so many customers' deltas. */
export function batchBodies({ dir }: Bench, customers: number): string {
  return writeLines(dir, `batches-of-${customers}`, batchTexts(customers));
}

function* batchTexts(customers: number): Generator<string> {
  let items: string[] = [];
  for (const text of deltaTexts({ count: BATCHES * BATCH, customerOf: drawn(customers) })) {
    items.push(text);
    if (items.length < BATCH) continue;
    yield `{"deltas":[${items.join(",")}]}`;
    items = [];
  }
}

/** Records batches, one per request. @returns deltas per second, and how long a batch took. @throws Error when fewer are on record */
export async function recordBatches(
  bench: Bench,
  server: Server,
  { file, seconds }: Pick<Load, "file" | "seconds">,
): Promise<LoadResult> {
  const before = await recordedBy(server, bench.signal);
  const result = await applyLoad(
    {
      name: "batches",
      url: server.url,
      method: "POST",
      path: "/api/v1/balance/delta/batch",
      headers: { "X-Api-Key": server.apiKey, "Content-Type": "application/json" },
      file,
      seconds,
      connections: BATCH_CONNECTIONS,
    },
    bench,
  );
  const after = await recordedBy(server, bench.signal);
  // An item of a batch is refused inside an answer that is a success.
  const missing = result.requests * BATCH - (after - before);
  if (missing > 0) throw new Error(`${missing} deltas of ${result.requests} batches are not on record`);
  return { ...result, perSecond: result.perSecond * BATCH };
}
