import { toHex } from "../../../../src/core/bytes.ts";
import { ChainUnavailableError } from "../../../../src/core/errors.ts";
import { anchorRound } from "../../../../src/ledger/anchor.ts";
import type { AnchorStore } from "../../../../src/ledger/ports/anchoring.ts";
import type { Random } from "../../random.ts";
import { balanceAfter, confirmedCount, type Reached } from "../plain-ledger.ts";
import { rootAfter } from "../root.ts";
import { accounts, count, expectSame, expectThat, kill, ledgerOf, type Side, type Simulation } from "../simulation.ts";

/** Waits in one round, each of them a block, before whoever runs it has had enough. */
const MOST_WAITS = 60;
/** As the server has it unless it is told otherwise. */
const REPLACE_AFTER_MS = 30_000;
const BETWEEN_ROUNDS_MS = 2_000;
/** Steps of a round before which a process may end, some thirty for each anchor; and those that write, of which there are six. */
const STEPS = 60;
const WRITES = 10;
const WRITING: ReadonlySet<PropertyKey> = new Set<keyof AnchorStore>([
  "dropLeavesFrom",
  "addLeaves",
  "prepare",
  "addTransaction",
  "markSent",
  "markConfirmed",
  "markUnconfirmed",
]);
/** How often something else is done between two steps of a round. */
const INTERRUPTED = 0.06;
/** Heads of one ledger in one run. */
const MOST_HEADS = 1_000;

/** Something that is done between two steps; `quietly`: while rows are being read, so nothing may wait for the files. */
export type Interruption = (sim: Simulation, random: Random, quietly: boolean) => Promise<string>;

/** What a round came to, and why it did not come to its end. */
type Round = { outcome: "ended" | "waits for the chain" | "given up" | "killed"; why?: string };

/** A round of the checkpoint job, with other things happening in between. */
export async function anchor(sim: Simulation, random: Random, interruption: Interruption): Promise<string> {
  if (random.chance(0.3)) await sim.chain.mark();
  const before = countsNow(sim);
  const reorganised = sim.reorganisations;
  const waits = sim.waits;
  const patience = new AbortController();
  const told: string[] = [];
  let failure: unknown;
  const round = steps(sim.dying ? drawEnd(random) : undefined, async () => {
    if (sim.waits - waits > MOST_WAITS) patience.abort(new GivenUpError());
    if (!random.chance(INTERRUPTED) || patience.signal.aborted) return;
    const quietly = sim.record.isReading();
    const interrupt = async () => {
      await learnAnchors(sim);
      return interruption(sim, random, quietly);
    };
    // An endpoint takes every failure for its own: this one ends the run whoever meets it.
    told.push(
      await sim.chain.calmly(interrupt).catch((error: unknown) => {
        failure ??= error;
        patience.abort(new GivenUpError());
        return "failed";
      }),
    );
  });
  sim.chain.interrupt(round.step);
  const { outcome, why } = await Promise.race([
    round.killed.then((): Round => ({ outcome: "killed" })),
    runRound(sim, interrupted(sim.record.anchors, round.step), patience.signal),
  ]);
  sim.chain.interrupt(undefined);
  sim.clock.now += BETWEEN_ROUNDS_MS;
  await sim.chain.wire.pass(BETWEEN_ROUNDS_MS);
  if (failure !== undefined) throw failure;
  // What the round did is on disk when it has gone on, and so is what was answered in between.
  if (sim.dying) await kill(sim, random);
  await learnAnchors(sim);
  const calm = reorganised === sim.reorganisations;
  // A round looks a few times for what is on its way, and leaves the rest to the next.
  if (outcome === "ended" && calm && sim.model.anchors.every(({ confirmed }) => confirmed)) {
    sim.reorganised = false;
    await expectAnchored(sim, before);
  }
  count(sim, outcome === "ended" ? "rounds" : `rounds ${outcome}`);
  return `${outcome}${why === undefined ? "" : ` (${why})`}, ${sim.model.anchors.length} anchors${told.length > 0 ? ` [${told.join(" | ")}]` : ""}`;
}

class GivenUpError extends Error {
  override readonly name = "GivenUpError";
}

async function runRound(sim: Simulation, store: AnchorStore, signal: AbortSignal): Promise<Round> {
  const { clock, mostPerHead, record } = sim;
  const { chain, doubts } = sim.job;
  try {
    await anchorRound({
      store,
      chain,
      doubts,
      replaceAfterMs: REPLACE_AFTER_MS,
      contents: record.anchoringContents,
      clock: () => clock.now,
      signal,
      mostPerHead,
    });
    return { outcome: "ended" };
  } catch (error) {
    if (error instanceof ChainUnavailableError) return { outcome: "waits for the chain", why: error.message };
    if (error instanceof GivenUpError) return { outcome: "given up" };
    throw error;
  }
}

/** Before which step a process ends: of all, or of those that write. */
type End = { writing: boolean; at: number };

function drawEnd(random: Random): End {
  const writing = random.chance(0.5);
  return { writing, at: random.between(1, writing ? WRITES : STEPS) };
}

/** Counts the steps of a round. At one of them the process may end: that step never comes to its end. */
function steps(end: End | undefined, between: () => Promise<void>) {
  const { promise: killed, resolve: kill } = Promise.withResolvers<void>();
  let taken = 0;
  let busy = false;
  return {
    killed,
    async step(what: PropertyKey): Promise<void> {
      // What is done in between has no steps of its own.
      if (busy) return;
      if (!end?.writing || WRITING.has(what)) taken += 1;
      if (end && taken >= end.at) {
        kill();
        await new Promise(() => {});
      }
      busy = true;
      await between();
      busy = false;
    },
  };
}

/** The store with a step before everything that it is asked to do. */
function interrupted(store: AnchorStore, step: (what: PropertyKey) => Promise<void>): AnchorStore {
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name) as (...given: unknown[]) => unknown;
      if (name === "moments") return member;
      return async (...given: unknown[]) => {
        await step(name);
        return member(...given);
      };
    },
  });
}

/** How many deltas each ledger has. */
function countsNow(sim: Simulation): Map<string, number> {
  return new Map(
    [...accounts(sim)].map(({ side, customer, account }) => [nameOf(side, customer), account.rows.length]),
  );
}

const nameOf = ({ tenant }: Side, customer: string): string => `${tenant.name} ${customer}`;

/** Takes over which anchors there are, after comparing them with what is on record and with what was known of them. */
export async function learnAnchors(sim: Simulation): Promise<void> {
  const { store } = sim.record;
  const { anchors } = await store.anchors({ offset: 0, limit: MOST_HEADS });
  const now = anchors
    .map(({ index, root, state }) => ({ index, root: toHex(root), confirmed: state === "confirmed" }))
    .sort((a, b) => a.index - b.index);
  expectSame(
    "the numbers of anchors",
    now.map(({ index }) => index),
    now.map((_, i) => i + 1),
  );
  const known = sim.model.anchors;
  expectSame(
    "anchors from before",
    now.slice(0, known.length).map(({ root }) => root),
    known.map(({ root }) => root),
  );
  count(sim, "anchors", now.length - known.length);
  sim.model.anchors = now;
  for (const { side, customer, account } of accounts(sim)) {
    const ledger = await ledgerOf(sim, side, customer);
    const heads = await store.headsFrom(ledger.id, 1, MOST_HEADS);
    const where = nameOf(side, customer);
    let before = 0;
    for (const head of heads) {
      expectThat(
        head.count > before,
        `${where}: anchor ${head.anchorIndex} has nothing new: ${head.count} after ${before}`,
      );
      expectThat(
        head.count <= account.rows.length,
        `${where}: anchor ${head.anchorIndex} has ${head.count} of ${account.rows.length}`,
      );
      before = head.count;
      const fields = [head.balance, toHex(head.root)];
      expectSame(`${where}: head ${head.count}`, fields, [
        balanceAfter(account.rows, head.count),
        rootAfter(account.rows, head.count),
      ]);
    }
    const reached: Reached[] = heads.map(({ anchorIndex, count }) => ({ anchor: anchorIndex, count }));
    expectSame(`${where}: heads from before`, reached.slice(0, account.reached.length), account.reached);
    account.reached = reached;
  }
}

/** After a round that nothing was in the way of, everything that there was at its beginning is in the contract, once. */
async function expectAnchored(sim: Simulation, before: Map<string, number>): Promise<void> {
  await expectOnChain(sim);
  if (sim.mostPerHead !== undefined) return;
  for (const { side, customer } of accounts(sim)) {
    const confirmed = confirmedCount(sim.model, side.model, customer);
    const where = nameOf(side, customer);
    const there = before.get(where) ?? 0;
    expectThat(confirmed >= there, `${where}: ${confirmed} of ${there} are anchored after a round`);
  }
}

export async function expectOnChain(sim: Simulation): Promise<void> {
  for (const { index, root, confirmed } of sim.model.anchors) {
    expectThat(confirmed, `anchor ${index} is not confirmed after a round that came to its end`);
    expectSame(`anchor ${index} in the contract`, await sim.chain.anchored(index), { root, events: 1 });
  }
}
