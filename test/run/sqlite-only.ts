import { ENGINE } from "./engine.ts";

/** What is about the SQLite file itself, in the files that run over both engines; and why it has no equal in a database. */
export const SQLITE_ONLY = {
  "audit-of-file":
    "a database has no rows from before there were digests, fills no index behind the record, and numbers no deltas over all ledgers",
  "checkpoints-in-steps":
    "what is stored in several commits can be cut off between two of them; PostgreSQL has one for all of a batch",
  "digests-of-earlier-schemas": "a database's first schema has digests and gas",
  "erasure-old-pages":
    "a reader keeps SQLite from folding the write-ahead log back; PostgreSQL's goes its own way, and cleaning a page waits for nobody",
  "evil-rewritten":
    "computing a record anew from a changed delta on (seals, balances, trees, digests, anchors) knows SQLite's tables; what comes of it in evidence has the same bytes",
  "facts-of-file":
    "a database has one answer for all nodes that set a fact, and no write-ahead log that could be lost by itself",
  "needed-audit-checks-of-file":
    "records that are rewritten in SQLite's tables, and an order over all deltas, which a database has not",
  "secrets-backup": "backup and restore copy a data directory; a database is copied with PostgreSQL's own tools",
  "stated-windows-in-thread":
    "recording in a thread of its own is SQLite's; a node over PostgreSQL waits for the database",
} as const satisfies Readonly<Record<string, string>>;

/** Defines tests that are about the SQLite file itself: none where the record is in a database. */
export function overSqlite(_what: keyof typeof SQLITE_ONLY, define: () => void): void {
  if (ENGINE === "sqlite") define();
}
