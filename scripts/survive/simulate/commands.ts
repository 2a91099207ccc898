import type { Random } from "../random.ts";
import { anchor } from "./commands/anchoring.ts";
import * as comparing from "./commands/comparing.ts";
import * as deriving from "./commands/deriving.ts";
import * as evidence from "./commands/evidence.ts";
import * as faults from "./commands/faults.ts";
import * as recording from "./commands/recording.ts";
import * as statements from "./commands/statements.ts";
import type { Simulation } from "./simulation.ts";

/** What is done next, and the seed of everything about it: dropped from a list, it changes nothing about the others. */
export type Command = { readonly name: CommandName; readonly seed: number };

type Doing = (sim: Simulation, random: Random) => Promise<string>;

/** Every command with its weight. `within`: may be done between two steps of anchoring, or be cut off by a kill. */
const COMMANDS = {
  recordOne: { weight: 16, doing: recording.recordOne, within: true },
  recordMany: { weight: 7, doing: recording.recordMany, within: true },
  recordTogether: { weight: 5, doing: recording.recordTogether, within: true },
  retry: { weight: 8, doing: recording.retry, within: true },
  deriveScope: { weight: 8, doing: deriving.deriveScope, within: true },
  compareViews: { weight: 4, doing: comparing.compareViews, within: true },
  headsCompared: { weight: 2, doing: comparing.headsCompared, within: true },
  lookAround: { weight: 3, doing: evidence.lookAround, within: false },
  checkReceipt: { weight: 4, doing: evidence.checkReceipt, within: false },
  checkConsistency: { weight: 2, doing: evidence.checkConsistency, within: false },
  checkpointOne: { weight: 5, doing: statements.checkpointOne, within: true },
  checkpointEveryone: { weight: 2, doing: statements.checkpointEveryone, within: true },
  checkpointChosen: { weight: 2, doing: statements.checkpointChosen, within: true },
  eraseCustomer: { weight: 2, doing: statements.eraseCustomer, within: true },
  anchor: { weight: 10, doing: anchoring, within: false },
  turnClock: { weight: 6, doing: faults.turnClock, within: true },
  loseChain: { weight: 1, doing: faults.loseChain, within: false },
  loseAnswers: { weight: 1, doing: faults.loseAnswers, within: false },
  fallBehind: { weight: 1, doing: faults.fallBehind, within: false },
  holdBlocks: { weight: 1, doing: faults.holdBlocks, within: false },
  mineEmpty: { weight: 1, doing: faults.mineEmpty, within: true },
  raiseFees: { weight: 1, doing: faults.raiseFees, within: false },
  reorganise: { weight: 4, doing: faults.reorganise, within: true },
  killBetween: { weight: 2, doing: faults.killBetween, within: false },
  reopen: { weight: 1, doing: faults.reopen, within: false },
  killWithin: { weight: 5, doing: killing, within: false },
} as const satisfies Record<string, { weight: number; doing: Doing; within: boolean }>;

export type CommandName = keyof typeof COMMANDS;

const NAMES = Object.keys(COMMANDS) as CommandName[];
const TOTAL = NAMES.reduce((sum, name) => sum + COMMANDS[name].weight, 0);

/** Draws what is done in a run. */
export function drawCommands(random: Random): Command[] {
  return Array.from({ length: random.between(40, 61) }, () => ({
    name: drawName(random, NAMES, TOTAL),
    seed: random.between(0, 2 ** 32),
  }));
}

function drawName(random: Random, names: readonly CommandName[], total: number): CommandName {
  let left = random.next() * total;
  for (const name of names) {
    left -= COMMANDS[name].weight;
    if (left < 0) return name;
  }
  return names[0]!;
}

export const doing = ({ name }: Pick<Command, "name">): Doing => COMMANDS[name].doing;

const WITHIN = NAMES.filter((name) => COMMANDS[name].within);
const WITHIN_TOTAL = WITHIN.reduce((sum, name) => sum + COMMANDS[name].weight, 0);

function anchoring(sim: Simulation, random: Random): Promise<string> {
  return anchor(sim, random, async (_, __, quietly) => {
    const name = drawName(random, WITHIN, WITHIN_TOTAL);
    // Old pages are overwritten when nobody reads: that would wait for the round, which waits for this.
    if (quietly && name === "eraseCustomer") return "nothing";
    return `${name} ${await COMMANDS[name].doing(sim, random)}`;
  });
}

const CUT_OFF: readonly CommandName[] = [
  "anchor",
  "anchor",
  "anchor",
  "anchor",
  "recordOne",
  "recordMany",
  "recordMany",
  "recordTogether",
  "retry",
  "checkpointOne",
  "checkpointEveryone",
  "checkpointChosen",
  "eraseCustomer",
];

function killing(sim: Simulation, random: Random): Promise<string> {
  const name = random.oneOf(CUT_OFF);
  return faults.killWithin(sim, random, async () => `${name} ${await COMMANDS[name].doing(sim, random)}`);
}
