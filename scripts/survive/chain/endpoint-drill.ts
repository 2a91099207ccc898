import { setTimeout as sleep } from "node:timers/promises";
import type { Fault, Settings } from "../drill.ts";
import { seeded } from "../random.ts";
import { ENDPOINT_FAULTS } from "./endpoint-faults.ts";
import { hold } from "./hold.ts";
import { publisherKey } from "./keys.ts";
import { p99, slowdown } from "./latency.ts";
import type { Network } from "./network.ts";
import { caughtUp, HaltedError, isServers, openStage, type Pace, type Stage } from "./stage.ts";

/** Milliseconds in which a fault must have met a request: the server asks at least once a round. */
const MEETING_MS = 20_000;
const LOOK_MS = 10;

/** Every fault of an endpoint in turn, on one server that records all the time; half of them with a SIGKILL in the middle. */
export async function drillEndpoint(settings: Settings, pace: Pace, network: Network): Promise<Fault[]> {
  const random = seeded(settings.seed);
  const recording = { name: "endpoint", publisherKey: publisherKey(0), random: seeded(settings.seed + 1) };
  const stage = await openStage({ settings, pace, network, ...recording });
  const faults: Fault[] = [];
  const quiet: number[] = [];
  try {
    await caughtUp(stage);
    for (const { name, lasting = 1, trouble } of ENDPOINT_FAULTS) {
      const lastingMs = settings.full ? lasting * pace.faultMs : pace.faultMs;
      stage.took = [];
      await sleep(pace.faultMs / 2);
      quiet.push(...stage.took.splice(0));
      const killed = settings.full && random.chance(0.5);
      const began = stage.proxy.begin(trouble(random, pace.faultMs));
      const end = performance.now() + lastingMs;
      const killAt = performance.now() + random.next() * lastingMs;
      let isDead = false;
      while (performance.now() < end || (began.met() === 0 && performance.now() < end + MEETING_MS)) {
        if (killed && began.met() > 0 && performance.now() > killAt) {
          await stage.server.kill();
          isDead = true;
          break;
        }
        await sleep(LOOK_MS, undefined, { signal: settings.signal });
      }
      const during = stage.took.splice(0);
      began.end();
      if (isDead) await stage.start();
      const failures = began.met() === 0 ? ["nothing met it"] : [];
      let recoveryMs = 0;
      try {
        recoveryMs = await caughtUp(stage);
      } catch (error) {
        if (!isServers(error)) throw error;
        failures.push(`--seed ${settings.seed}: ${error.message}`);
        // Nothing that comes after it would say anything.
        if (error instanceof HaltedError) await again(stage);
      }
      if (settings.full) failures.push(...slowdown(during, quiet));
      settings.say(`chain: ${name}: ${began.met()} requests met it, caught up after ${Math.round(recoveryMs)} ms`);
      faults.push({
        name,
        tries: began.met(),
        figures: {
          recorded: during.length,
          "p99, ms": p99(during),
          "p99 over the quiet one's": p99(during) / Math.max(p99(quiet), 0.001),
          "killed in it": Number(isDead),
          "caught up after, ms": recoveryMs,
        },
        failures,
      });
    }
    const { recorded, anchored, failures } = await hold(stage);
    faults.push({
      name: "after all faults of the endpoint: record, chain and audit agree",
      tries: 1,
      figures: { recorded, anchored, "p99 when quiet, ms": p99(quiet) },
      failures,
    });
    return faults;
  } finally {
    await stage.stop();
  }
}

async function again(stage: Stage): Promise<void> {
  await stage.server.stop();
  await stage.start();
}
