import { setTimeout as sleep } from "node:timers/promises";
import { privateKeyToAddress } from "viem/accounts";
import type { Fault, Settings } from "../drill.ts";
import { seeded } from "../random.ts";
import { EVENTS } from "./events.ts";
import { hold } from "./hold.ts";
import { publisherKey } from "./keys.ts";
import { p99 } from "./latency.ts";
import type { Network } from "./network.ts";
import { caughtUp, isServers, openStage, type Pace } from "./stage.ts";

/** Milliseconds within which a server is killed after the beginning of an event, and between its end and its start. */
const KILL_WITHIN_MS = 1_500;
const DEAD_MS = 200;
/** Milliseconds in which nothing happens, to compare with. */
const QUIET_MS = 3_000;
/** How often each event is brought about. */
const TIMES = { full: 5, part: 1 };
/** In the small size every so many events with a SIGKILL. */
const KILL_EVERY = 3;

/** Everything that networks and accounts do in turn, on one server that records all the time and is killed in the middle of some. */
export async function drillEvents(settings: Settings, pace: Pace, network: Network): Promise<Fault[]> {
  const random = seeded(settings.seed + 2);
  const key = publisherKey(0);
  const account = privateKeyToAddress(key);
  const stage = await openStage({
    settings,
    pace,
    network,
    name: "events",
    publisherKey: key,
    random: seeded(settings.seed + 3),
  });
  const faults: Fault[] = [];
  try {
    await sleep(QUIET_MS);
    await caughtUp(stage);
    const quiet = stage.took.splice(0);
    for (const [i, { name, bring }] of EVENTS.entries()) {
      const figures: Record<string, number> = {};
      const failures: string[] = [];
      const times = settings.full ? TIMES.full : TIMES.part;
      let [kills, slowest] = [0, 0];
      for (let time = 0; time < times; time++) {
        const isKilled = settings.full ? random.chance(0.5) : i % KILL_EVERY === 1;
        const dying = isKilled ? kill(random.between(0, KILL_WITHIN_MS)) : undefined;
        try {
          const [found] = await Promise.all([bring(stage, account), dying]);
          for (const [what, count] of Object.entries(found)) figures[what] = (figures[what] ?? 0) + count;
          slowest = Math.max(slowest, await caughtUp(stage));
        } catch (error) {
          settings.signal.throwIfAborted();
          await dying;
          if (!isServers(error)) throw error;
          failures.push(`--seed ${settings.seed}, time ${time}: ${error.message}`);
          break;
        }
        kills += Number(isKilled);
      }
      network.baseFee = undefined;
      const during = stage.took.splice(0);
      settings.say(`chain: ${name}: ${times} times, caught up after ${Math.round(slowest)} ms at most`);
      faults.push({
        name,
        tries: times,
        figures: {
          ...figures,
          "killed in it": kills,
          recorded: during.length,
          "p99 over the quiet one's": p99(during) / Math.max(p99(quiet), 0.001),
          "caught up after at most, ms": slowest,
        },
        failures,
      });
      // Where anchoring has halted, nothing that comes after would say anything.
      if (failures.length > 0) {
        await stage.server.stop();
        await stage.start();
      }
    }
    const { recorded, anchored, failures } = await hold(stage);
    faults.push({
      name: "after all that chain and account went through: record, chain and audit agree",
      tries: 1,
      figures: { recorded, anchored },
      failures,
    });
    return faults;
  } finally {
    await stage.stop();
  }

  async function kill(afterMs: number): Promise<void> {
    await sleep(afterMs);
    await stage.server.kill();
    await sleep(DEAD_MS);
    await stage.start();
  }
}
