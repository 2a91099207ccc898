import { hostname } from "node:os";
import { TallyrootError } from "../core/errors.ts";
import { openAnchorStore } from "../storage/postgres/anchors.ts";
import { openPostgres } from "../storage/postgres/database.ts";
import { lead } from "../storage/postgres/leading.ts";
import { holdLease, openLeases } from "../storage/postgres/leases.ts";
import { openReader } from "../storage/postgres/reader.ts";
import type { JobRecord, RecordListener } from "./job-record.ts";

/**
 * The record in a database that nodes share: one of them anchors, and another takes over when it is gone.
 *
 * @param node a name that no other node has, and this one only while it has its data directory to itself: its earlier life is over.
 */
export function openPostgresRecord(
  { url, node }: { url: string; node: string },
  { standby, waiting }: RecordListener,
): JobRecord {
  const db = openPostgres(url, (_, { message }) => waiting("database", message));
  const leases = openLeases(db);
  return {
    keysOf: openReader(db).keysOf,
    anchoring: (work, signal) =>
      lead(
        {
          leases,
          name: "anchoring",
          holder: `${node} ${hostname()} ${process.pid}`,
          earlier: `${node} `,
          signal,
          standby: (reason) => (reason ? waiting("database", reason.message) : standby()),
        },
        (lease, leading) =>
          work({
            store: openAnchorStore(db, lease),
            signal: leading,
            expectAlone: () => db.transaction((tx) => holdLease(tx, lease)),
          }),
      ),
    troubleOf: (error) =>
      error instanceof TallyrootError && error.code === "SERVICE_UNAVAILABLE" ? "database" : undefined,
    close: () => db.close(),
  };
}
