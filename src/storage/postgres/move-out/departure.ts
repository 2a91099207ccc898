/** What a database notes of its record's move into a data directory. From then on it takes no more of its own. */
export type Departure = {
  /** Which move: the data directory has the same. */
  move: string;
  /** The data directory, as who moved it called it. */
  place: string;
  /** Whether all of it is there, and since when in Unix milliseconds. */
  ended: boolean;
  at: number;
};

/** The one of a database; no row where there is none. */
export const DEPARTURE = `SELECT move, place, ended_at IS NOT NULL AS ended,
  floor(extract(epoch FROM coalesce(ended_at, started_at)) * 1000)::bigint AS at FROM moving_out`;

/** Why nothing is recorded in such a database, and what to do. */
export function departureText({ place, ended, at }: Departure): string {
  return ended
    ? `the record in this database was moved into the data directory ${place} on ${new Date(at).toISOString()}, and goes on there: start over that directory without TALLYROOT_DATABASE_URL`
    : `the record in this database is being moved into the data directory ${place}, and is not all there: run tallyroot migrate --from again until it says that it is, or with --abandon to stay with the database; nothing was recorded`;
}
