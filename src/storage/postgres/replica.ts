import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { TallyrootError } from "../../core/errors.ts";
import type { CheckpointStore } from "../../ledger/ports/checkpoints.ts";
import type { LedgerStore } from "../../ledger/ports/ledgers.ts";
import type { SurveyStore } from "../../ledger/ports/survey.ts";
import { openCheckpointReader } from "./checkpoints.ts";
import { leaveMark } from "./commit-marks.ts";
import { openCountBefore } from "./count-before.ts";
import { openPostgres, type Postgres } from "./database.ts";
import { urlsOf } from "./hosts.ts";
import { openReader } from "./reader.ts";
import { NOW } from "./record-group.ts";
import { openSurveyStore } from "./survey.ts";

/** Milliseconds between two marks on the primary, and for which it is known when they were made: nothing older is read. */
const MARK_EVERY_MS = 1_000;
const KNOWN_MS = 300_000;
/** Milliseconds within which a replica has to tell how old it is, and for which one that did not is not asked again. */
const ANSWER_MS = 500;
const AWAY_MS = 5_000;

/** What can be read of the record as it was a while ago. */
export type ReplicaReads = Omit<LedgerStore, "record"> & SurveyStore & Omit<CheckpointStore, "addCheckpoints">;

export type Replicas = {
  /** @returns reads of the record, all of which was so `age` milliseconds ago or later; undefined where no replica is known to be that fresh. */
  asOf(milliseconds: number): Promise<{ reads: ReplicaReads; age: number } | undefined>;
  close(): Promise<void>;
};

type Replica = { db: Postgres; reads: ReplicaReads; awayUntil: number };

/**
 * Replicas of a database, for who needs no fresh answer.
 *
 * How old one is, is known by a mark that this server leaves on the primary each second: a replica that has it has all that was committed
 * before. So no clocks are compared, a primary at which nothing happens makes no replica look old, and one that follows another history
 * is never fresh.
 */
export function openReplicas({
  url,
  replicaUrl,
  report,
}: {
  url: string;
  replicaUrl: string;
  report: (message: string, error: Error) => void;
}): Replicas {
  const primary = openPostgres(url, report);
  const replicas = urlsOf(replicaUrl).map((one): Replica => {
    const db = openPostgres(one, report);
    return { db, reads: readsOf(db), awayUntil: 0 };
  });
  const lane = randomUUID();
  /** By turn, the time before its mark was made. */
  const marked = new Map<number, number>();
  const closing = new AbortController();

  /** Without marks the replicas grow old, and are not read: that is all. A primary that is away is told of elsewhere. */
  function reportMissing(error: Error): void {
    if (error instanceof TallyrootError && error.code === "SERVICE_UNAVAILABLE") return;
    report("how old replicas of the database are cannot be found out", error);
  }

  async function mark(): Promise<void> {
    for (let turn = 1; !closing.signal.aborted; turn++) {
      const now = performance.now();
      marked.set(turn, now);
      for (const [old, at] of marked) if (now - at > KNOWN_MS) marked.delete(old);
      await primary.transaction((tx) => leaveMark(tx, { lane, turn })).catch(reportMissing);
      await sleep(MARK_EVERY_MS, undefined, { signal: closing.signal }).catch((error: unknown) => {
        if (!closing.signal.aborted) throw error;
      });
    }
  }

  /** Undefined where it is not known, or the replica does not answer: whatever is wrong with it, the record itself is there. */
  async function ageOf(replica: Replica): Promise<number | undefined> {
    const asking = replica.db
      .read<{ turn: number }>("SELECT turn FROM commit_marks WHERE lane = $1", [lane])
      .catch((error: Error) => report("a replica of the database cannot be read", error));
    const rows = await Promise.race([asking, sleep(ANSWER_MS, undefined, { ref: false })]);
    if (!rows) replica.awayUntil = performance.now() + AWAY_MS;
    const at = rows?.[0] && marked.get(rows[0].turn);
    return at === undefined ? undefined : performance.now() - at;
  }

  const marking = mark();
  return {
    async asOf(milliseconds) {
      for (const replica of replicas) {
        if (performance.now() < replica.awayUntil) continue;
        const age = await ageOf(replica);
        if (age !== undefined && age <= milliseconds) return { reads: replica.reads, age };
      }
      return undefined;
    },
    async close() {
      closing.abort();
      await marking;
      await Promise.all([primary, ...replicas.map(({ db }) => db)].map((db) => db.close()));
    },
  };
}

function readsOf(db: Postgres): ReplicaReads {
  const { lastHead: _, ...reader } = openReader(db);
  const now = async () => (await db.read<{ now: number }>(NOW))[0]!.now;
  return {
    ...reader,
    ...openSurveyStore(db),
    ...openCheckpointReader(db),
    now,
    countBefore: openCountBefore(db, now, "none"),
  };
}
