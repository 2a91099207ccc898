import { constants, cpSync } from "node:fs";
import { join } from "node:path";
import { type Bench, grouped, sized } from "./context.ts";
import { deltaTexts, drawn, inTurn } from "./deltas.ts";
import { allAnchored, ask, NO_ANCHORS, withServer } from "./server.ts";
import { streamDeltas } from "./stream.ts";

/** Milliseconds between two anchors while a record is brought up to date. */
const ANCHOR_SOON_MS = 500;
/** Milliseconds between two lines on how far a record is. */
const SAY_MS = 5_000;

/** A data directory with a record in it, and no server on it. */
export type LargeRecord = {
  readonly dir: string;
  readonly deltas: number;
  readonly ledgers: number;
  /** Bytes of the JSON in which the deltas were sent. */
  readonly sentBytes: number;
};

export type AnchoredRecord = LargeRecord & {
  /** Gas of each of its anchors. */
  readonly gas: readonly number[];
};

/** The records that several figures look at. None of these may change them: see `copyOf`. */
export type Records = {
  /** A million deltas in ten thousand ledgers, none of them anchored but the few that a server's first round meets. */
  waiting(): Promise<LargeRecord>;
  /** The same, the rest anchored at one go. */
  anchored(): Promise<AnchoredRecord>;
};

/** The shared records, each made when it is first asked for. */
export function openRecords(bench: () => Bench): Records {
  let [waiting, anchored]: [Promise<LargeRecord>?, Promise<AnchoredRecord>?] = [];
  const records: Records = {
    waiting() {
      const deltas = sized(bench(), 1_000_000, 20_000);
      const ledgers = sized(bench(), 10_000, 200);
      waiting ??= makeRecord(bench(), { name: "record", deltas, ledgers, anchorIntervalMs: NO_ANCHORS });
      return waiting;
    },
    anchored() {
      anchored ??= records.waiting().then(async (record) => {
        const copy = copyOf(record, join(bench().dir, "record-anchored"));
        return { ...copy, gas: await anchorRecord(bench(), copy.dir) };
      });
      return anchored;
    },
  };
  return records;
}

/** Records deltas with keys, references and metadata through the stream, in ledgers drawn at random; all of them are there at the end. */
export async function makeRecord(
  bench: Bench,
  {
    name,
    deltas,
    ledgers,
    anchorIntervalMs,
  }: { name: string; deltas: number; ledgers: number; anchorIntervalMs?: number },
): Promise<LargeRecord> {
  const { signal } = bench;
  const dir = join(bench.dir, name);
  let last = Date.now();
  const reached = (sent: number) => {
    if (Date.now() - last < SAY_MS) return;
    last = Date.now();
    bench.say(`${name}: ${grouped(sent)} of ${grouped(deltas)} deltas`);
  };
  const [first, further] = [inTurn(ledgers), drawn(ledgers)];
  const customerOf = (n: number) => (n < ledgers ? first(n) : further(n));
  const sentBytes = await withServer(
    { dir, signal, ...(anchorIntervalMs !== undefined && { anchorIntervalMs }) },
    (server) => streamDeltas(server, deltaTexts({ count: deltas, customerOf, keys: true }), { signal, reached }),
  );
  return { dir, deltas, ledgers, sentBytes };
}

/** Anchors all that waits in a record. @returns the gas of each anchor. */
export async function anchorRecord({ signal, say }: Bench, dir: string): Promise<number[]> {
  say("anchoring a record");
  return withServer({ dir, signal, anchorIntervalMs: ANCHOR_SOON_MS }, async (server) => {
    await allAnchored(server, signal);
    const { anchors } = await ask<{ anchors: { gasUsed: number }[] }>(server, "/anchors?limit=1000", { signal });
    return anchors.map(({ gasUsed }) => gasUsed);
  });
}

/** The same record once more, for a figure that changes it. Blocks are shared where the file system can. */
export function copyOf<R extends LargeRecord>(record: R, dir: string): R {
  cpSync(record.dir, dir, { recursive: true, mode: constants.COPYFILE_FICLONE });
  return { ...record, dir };
}
