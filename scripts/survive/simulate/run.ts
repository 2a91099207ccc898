import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { installKeccak } from "../../../src/core/keccak.ts";
import { fastKeccak } from "../../../src/fast-keccak.ts";
import { seeded } from "../random.ts";
import { type Chain, openChain, type Wire } from "./chain.ts";
import { expectEnd } from "./check.ts";
import { type Command, doing, drawCommands } from "./commands.ts";
import { own } from "./owned.ts";
import { emptyModel } from "./plain-ledger.ts";
import { type Records, TENANTS } from "./record.ts";
import { openJob, type Simulation } from "./simulation.ts";
import { openSqliteRecords } from "./sqlite-records.ts";

/** When the first run's clock begins: 2024-03-30, so that a month ends soon. */
const START = Date.UTC(2024, 2, 30, 12);
/** Every so many-th run ends with an audit of all that it left. */
const AUDITED_EVERY = 4;

/** What the runs of this process have in common: one chain, and a record in which nothing is yet. */
export type Stage = { records: Records; chain: Chain };

/**
 * @param place a directory for what is not in a database.
 * @param database the URL of a PostgreSQL database in which others may be made, for records there; undefined for SQLite in the place.
 */
export async function openStage(place: string, database?: string): Promise<Stage> {
  installKeccak(await fastKeccak());
  mkdirSync(place, { recursive: true });
  const records =
    database === undefined
      ? openSqliteRecords(place)
      : (await import("./postgres-records.ts")).openPostgresRecords(database);
  const random = seeded(0);
  const clock = () => START;
  const serve = (wire: Wire) => own({ clock, random, post: wire.post, sleep: wire.pass });
  own({ clock, random, post: () => Promise.reject(new TypeError("there is no chain yet")), sleep: async () => {} });
  const record = await records.first({ now: START });
  const chain = await openChain(record.store.facts, serve);
  await record.close();
  own(undefined);
  return { records, chain };
}

export type Ran = {
  seed: number;
  commands: readonly Command[];
  /** What each command did, as far as the run got. */
  trace: readonly string[];
  /** SHA-256 of the trace: equal for equal runs. */
  hash: string;
  counts: Record<string, number>;
  /** What went wrong. */
  failure: string | undefined;
};

/** One run. @param commands other ones than the seed's own. */
export async function run(stage: Stage, seed: number, commands?: readonly Command[]): Promise<Ran> {
  const random = seeded(seed);
  const drawn = drawCommands(random);
  const all = commands ?? drawn;
  const { records, chain } = stage;
  await chain.reset();
  const clock = { now: START + random.between(0, 3 * 86_400_000) };
  let sim: Simulation | undefined;
  own({
    clock: () => clock.now,
    random: seeded(random.between(0, 2 ** 32)),
    post: chain.wire.post,
    async sleep(milliseconds) {
      // Times are whole; a wait that is drawn by chance need not be.
      clock.now += Math.ceil(milliseconds);
      if (sim) sim.waits += 1;
      await chain.wire.pass(milliseconds);
    },
  });
  const trace: string[] = [];
  let failure: string | undefined;
  const counts = new Map<string, number>();
  try {
    const ground = { chain, clock, confirmations: random.between(1, 4) };
    sim = {
      ...ground,
      job: openJob(ground),
      mostPerHead: random.chance(0.25) ? random.between(2, 20) : undefined,
      record: await records.fresh(clock),
      model: emptyModel(TENANTS),
      kills: 0,
      waits: 0,
      reorganisations: 0,
      dying: false,
      resend: undefined,
      receipts: new Map(),
      reorganised: false,
      counts,
    };
    for (const command of all) {
      trace.push(`${command.name} ${command.seed}`);
      trace[trace.length - 1] += `: ${await doing(command)(sim, seeded(command.seed))}`;
      clock.now += 1;
    }
    trace.push("the end");
    await expectEnd(sim, random, seed % AUDITED_EVERY === 0);
  } catch (error) {
    failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  } finally {
    await sim?.record.remove();
    own(undefined);
  }
  const hash = createHash("sha256").update(trace.join("\n")).digest("hex");
  return { seed, commands: all, trace, hash, counts: Object.fromEntries(counts), failure };
}
