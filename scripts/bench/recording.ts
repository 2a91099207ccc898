import type { Bench } from "./context.ts";
import { deltaTexts, drawn, inTurn } from "./deltas.ts";
import { applyLoad, type Load, type LoadResult, writeLines } from "./load.ts";
import { recordedBy, type Server } from "./server.ts";
import { streamDeltas } from "./stream.ts";

/** Connections of the load that records single deltas. */
export const CONNECTIONS = 64;
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
