import { join } from "node:path";
import { grouped } from "../context.ts";
import { deltaTexts, inTurn } from "../deltas.ts";
import { type Figure, ratios } from "../figure.ts";
import { allAnchored, ask, type Server, withServer } from "../server.ts";
import { streamDeltas } from "../stream.ts";

const SOME = 1_000;
/** Milliseconds between two anchors here: nothing waits for them but this. */
const INTERVAL_MS = 500;

/** Whether an anchor costs more the more it anchors. */
export const gas: Figure = {
  name: "gas",
  what: "gas of an anchor, by how much it anchors",
  rows: {
    one: { what: "the dearest of 1 delta", unit: "gas", most: 55_000 },
    some: { what: "the dearest of 1,000, in 1,000 ledgers", unit: "gas", most: 55_000 },
    all: { what: "the dearest of the large record", unit: "gas", most: 55_000 },
    perDelta: { what: "gas per delta of the large record", unit: "gas" },
    ofOne: { what: "the large record's over that of 1 delta", unit: "×", better: "lower" },
  },
  async run(bench) {
    const { signal } = bench;
    const record = await bench.records.anchored();
    const dir = join(bench.dir, "gas");
    const { one, some } = await withServer({ dir, signal, anchorIntervalMs: INTERVAL_MS }, async (server) => {
      // The first anchor of a log pays for a slot that later ones only rewrite.
      const first = await dearestOf(server, { deltas: 1, known: 0, signal });
      const later = await dearestOf(server, { deltas: 1, known: first.known, signal });
      const many = await dearestOf(server, { deltas: SOME, known: later.known, signal });
      return { one: Math.max(first.gas, later.gas), some: many.gas };
    });
    const all = Math.max(...record.gas);
    const total = record.gas.reduce((sum, each) => sum + each, 0);
    const samples = { one: [one], some: [some], all: [all], perDelta: [total / record.deltas] };
    return {
      samples: { ...samples, ofOne: ratios(samples.all, samples.one) },
      data: `${grouped(record.deltas)} deltas in ${grouped(record.ledgers)} ledgers took ${record.gas.length} anchors`,
    };
  },
};

/** Records deltas of as many customers, waits for their anchors, and takes the dearest of them. */
async function dearestOf(
  server: Server,
  { deltas, known, signal }: { deltas: number; known: number; signal: AbortSignal },
) {
  await streamDeltas(server, deltaTexts({ count: deltas, customerOf: inTurn(deltas) }), { signal });
  await allAnchored(server, signal);
  const { anchors } = await ask<{ anchors: { index: number; gasUsed: number }[] }>(server, "/anchors?limit=1000", {
    signal,
  });
  const made = anchors.filter(({ index }) => index > known);
  return { gas: Math.max(...made.map(({ gasUsed }) => gasUsed)), known: anchors[0]!.index };
}
