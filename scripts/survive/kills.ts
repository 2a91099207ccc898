import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { median } from "../bench/median.ts";
import type { Drill, Fault, Settings } from "./drill.ts";
import { endInOrder } from "./kills/ending.ts";
import { audit, CLIENTS, type Counted, killOnce, type Moment, openCount, openPlace } from "./kills/place.ts";
import { seeded } from "./random.ts";

/** In which moments servers are killed, again and again in this order. */
const MOMENTS: readonly Moment[] = [
  "load",
  "start",
  "statement",
  "batch",
  "load",
  "stream",
  "webhook",
  "erasure",
  "load",
  "start",
];
const NAMES: Record<Moment, string> = {
  load: "… while 32 clients post",
  start: "… while it starts",
  statement: "… while it makes a statement",
  erasure: "… while it erases a customer's content",
  webhook: "… while it delivers webhooks",
  batch: "… while it records a batch",
  stream: "… while it records a stream",
};

/** Kills; directories that are killed in, one after the other so that no chain grows long; servers side by side. */
const SIZES = {
  full: { directories: 20, killsEach: 50, lanes: 2 },
  part: { directories: 1, killsEach: 10, lanes: 1 },
};
/** After so many kills in a directory, what they left is audited as it lies there. */
const AUDIT_EVERY = { full: 25, part: 5 };
/** Milliseconds that a start after a kill may take at most, on a machine that does nothing else. */
const RESTART_MS = 5_000;

type Totals = { recorded: number; acknowledged: number; lost: number; doubled: number; statements: number };

/** Kills servers in all kinds of moments, starts them again over what they left, and asks again for what was not answered. */
export const kills: Drill = {
  name: "kills",
  about: "SIGKILL in all kinds of moments, and a start over what that left",
  async run(settings) {
    const { directories, killsEach, lanes } = settings.full ? SIZES.full : SIZES.part;
    const counted = openCount();
    const totals: Totals = { recorded: 0, acknowledged: 0, lost: 0, doubled: 0, statements: 0 };
    const failures: string[] = [];
    let next = 0;
    const lane = async () => {
      while (next < directories) {
        const number = next++;
        const found = await endure(settings, { number, kills: killsEach, counted, totals });
        failures.push(...found.map((failure) => `directory ${number}: ${failure}`));
        const made = total(counted.kills);
        settings.say(`kills: ${made} of ${directories * killsEach}, ${failures.length} failures`);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    const slow = counted.restartsMs.filter((ms) => ms > RESTART_MS).length;
    if (settings.full && slow > 0)
      failures.push(`${slow} of ${counted.restartsMs.length} starts after a kill took longer than ${RESTART_MS} ms`);
    return faults(counted, totals, failures);
  },
};

type Endured = { number: number; kills: number; counted: Counted; totals: Totals };

/** @returns what went wrong in one directory. */
async function endure(settings: Settings, { number, kills, counted, totals }: Endured): Promise<string[]> {
  const dir = join(settings.dir, `data-${number}`);
  mkdirSync(dir);
  const place = await openPlace({ dir, signal: settings.signal }, seeded(settings.seed + number), counted);
  const every = settings.full ? AUDIT_EVERY.full : AUDIT_EVERY.part;
  try {
    for (let kill = 1; kill <= kills; kill++) {
      settings.signal.throwIfAborted();
      await killOnce(place, MOMENTS[(kill - 1) % MOMENTS.length]!);
      if (kill % every === 0) await audit(place, undefined);
    }
    const { recorded, lost, doubled } = await endInOrder(place);
    totals.recorded += recorded;
    totals.lost += lost;
    totals.doubled += doubled;
  } finally {
    place.receiver.close();
  }
  totals.acknowledged += place.book.acknowledged.size;
  totals.statements += place.deeds.statements.size;
  if (place.failures.length === 0) rmSync(dir, { recursive: true });
  return place.failures;
}

function faults(counted: Counted, totals: Totals, failures: string[]): Fault[] {
  const whole: Fault = {
    name: "SIGKILL, and a start over what that left",
    tries: total(counted.kills),
    figures: {
      clients: CLIENTS,
      ...totals,
      audits: counted.audits,
      "audits failed": counted.auditsFailed,
      "median restart, ms": Math.round(median(counted.restartsMs)),
      "slowest restart, ms": Math.round(Math.max(...counted.restartsMs)),
    },
    failures,
  };
  const kinds = Object.keys(NAMES) as Moment[];
  return [
    whole,
    ...kinds.map((moment) => ({
      name: NAMES[moment],
      tries: counted.kills.get(moment) ?? 0,
      figures: moment === "load" || moment === "start" ? {} : { "came too late": counted.answered.get(moment) ?? 0 },
      failures: [],
    })),
  ];
}

function total(kills: ReadonlyMap<Moment, number>): number {
  return [...kills.values()].reduce((sum, n) => sum + n, 0);
}
