import type { Sqlite } from "./database.ts";

/**
 * As of when windows of ledgers have been stated: until then a statement speaks for its window, and nothing may be recorded in it behind
 * its back. A clock that is set back would do that, and an honest record would look like one that hides a delta.
 */
export type StatedWindows = {
  /** Takes in what was stated since; before each commit. */
  look(): void;
  /** The earliest time that a delta of a ledger may be recorded as of, in Unix milliseconds: 0 where nothing is stated. */
  through(ledgerId: number): number;
  /** The same for a ledger that was written since this was opened; costs nothing but where the clock was set back. */
  throughLately(ledgerId: number, now: number): number;
};

/** A window that was still open is stated as of when its statement was made. */
const STATED = "max(min(to_time, created_at))";

export function openStatedWindows(db: Sqlite): StatedWindows {
  const ofLedger = db
    .prepare<[number], number | null>(`SELECT ${STATED} FROM checkpoints WHERE ledger = ? AND kind = 'window'`)
    .pluck();
  const last = db.prepare<[], number>("SELECT coalesce(max(id), 0) FROM checkpoints").pluck();
  const since = db
    .prepare<[number], number | null>(`SELECT ${STATED} FROM checkpoints WHERE id > ? AND kind = 'window'`)
    .pluck();
  let seen = last.get()!;
  /** Of all that was stated since this was opened, the latest. */
  let latest = 0;
  const through = (ledgerId: number) => ofLedger.get(ledgerId) ?? 0;
  return {
    look() {
      const newest = last.get()!;
      if (newest === seen) return;
      latest = Math.max(latest, since.get(seen) ?? 0);
      seen = newest;
    },
    through,
    throughLately: (ledgerId, now) => (now < latest ? through(ledgerId) : 0),
  };
}
