import type { Random } from "../../random.ts";
import { expectRecord } from "../check.ts";
import { count, kill, MismatchError, restart, type Simulation } from "../simulation.ts";
import { learnAnchors } from "./anchoring.ts";

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
/** Times that a clock may show: within what a date can be written as, and after the first year of the record. */
const EARLIEST = Date.UTC(2001, 0, 1);
const LATEST = Date.UTC(2090, 0, 1);

/** The clock goes on, or is set: by milliseconds, days or years, both ways. */
export async function turnClock(sim: Simulation, random: Random): Promise<string> {
  const kind = random.next();
  const back = random.chance(0.4) ? -1 : 1;
  const by =
    kind < 0.4 ? random.between(0, 5) : kind < 0.9 ? random.between(0, 45 * DAY_MS) : random.between(0, 3 * YEAR_MS);
  sim.clock.now = Math.min(LATEST, Math.max(EARLIEST, sim.clock.now + back * by));
  count(sim, "clock turned");
  return new Date(sim.clock.now).toISOString();
}

export async function loseChain(sim: Simulation, random: Random): Promise<string> {
  sim.chain.weather.away = random.between(1, 20);
  count(sim, "chain away");
  return `for ${sim.chain.weather.away} requests`;
}

export async function loseAnswers(sim: Simulation, random: Random): Promise<string> {
  sim.chain.weather.late = random.between(1, 3);
  count(sim, "answers lost");
  return `of ${sim.chain.weather.late} transactions`;
}

export async function fallBehind(sim: Simulation, random: Random): Promise<string> {
  sim.chain.weather.behind = random.between(1, 4);
  count(sim, "nodes behind");
  return `for ${sim.chain.weather.behind} requests`;
}

export async function holdBlocks(sim: Simulation, random: Random): Promise<string> {
  sim.chain.weather.held = random.between(1, 30);
  count(sim, "blocks held back");
  return `for ${sim.chain.weather.held} waits`;
}

export async function mineEmpty(sim: Simulation, random: Random): Promise<string> {
  const blocks = random.between(1, 5);
  for (let i = 0; i < blocks; i++) await sim.chain.mine();
  count(sim, "blocks of others", blocks);
  return `${blocks}`;
}

export async function raiseFees(sim: Simulation, random: Random): Promise<string> {
  const factor = random.between(2, 40);
  await sim.chain.raiseFees(factor);
  count(sim, "fees raised");
  return `${factor} times`;
}

export async function reorganise(sim: Simulation, random: Random): Promise<string> {
  const marks = sim.chain.marks();
  if (marks === 0) {
    await sim.chain.mark();
    return "a mark was set";
  }
  const mark = random.between(0, marks);
  const again = random.chance(0.4);
  await sim.chain.reorganise(mark, { again, whole: random.chance(0.8) });
  sim.reorganised = true;
  sim.reorganisations += 1;
  // Receipts name their block: from here on they may name another one.
  sim.receipts.clear();
  count(sim, "reorganisations");
  return `to mark ${mark}${again ? ", what was lost comes again" : ""}`;
}

/** The process ends between two commands: everything that was answered is there. */
export async function killBetween(sim: Simulation, random: Random): Promise<string> {
  await kill(sim, random);
  await expectRecord(sim);
  await learnAnchors(sim);
  count(sim, "kills between commands");
  return "killed";
}

export async function reopen(sim: Simulation): Promise<string> {
  await restart(sim);
  await expectRecord(sim);
  count(sim, "restarts");
  return "closed and opened";
}

/** The process ends within a command, before its answer gets to whoever asked: all of it is on disk, or nothing. */
export async function killWithin(
  sim: Simulation,
  random: Random,
  victim: (sim: Simulation, random: Random) => Promise<string>,
): Promise<string> {
  const before = structuredClone(sim.model);
  const since = sim.record.standing();
  sim.resend = undefined;
  sim.dying = true;
  const [kills, told] = [sim.kills, await victim(sim, random)];
  // A round of anchoring ends the process by itself.
  const within = sim.kills === kills;
  if (within) await kill(sim, random, since);
  const kept = await keptOf(sim, within ? before : undefined);
  sim.dying = false;
  await learnAnchors(sim);
  count(sim, `kills within commands, ${kept}`);
  const resent =
    sim.resend !== undefined && random.chance(0.7) ? await (sim.resend as () => Promise<string>)() : "not sent again";
  return `${told}; ${kept}; ${resent}`;
}

/**
 * Whether the record is as it was after the command, or as before it.
 *
 * @param before undefined where all of it had been answered.
 * @throws MismatchError where it is neither.
 */
async function keptOf(sim: Simulation, before: Simulation["model"] | undefined): Promise<"kept" | "lost"> {
  try {
    await expectRecord(sim);
    return "kept";
  } catch (after) {
    if (!(after instanceof MismatchError) || !before) throw after;
    sim.model = before;
    try {
      await expectRecord(sim);
      return "lost";
    } catch (error) {
      if (!(error instanceof MismatchError)) throw error;
      throw new MismatchError(`a command that was cut off is on record in part: ${after.message}; ${error.message}`);
    }
  }
}
