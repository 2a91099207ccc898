import { ENGINE } from "./engine.ts";

/** What is about the SQLite file itself, in the files that run over both engines; and why it has no equal in a database. */
export const SQLITE_ONLY = {
  "erasure-old-pages":
    "a reader keeps SQLite from folding the write-ahead log back; PostgreSQL's goes its own way, and cleaning a page waits for nobody",
  "evil-rewritten":
    "computing a record anew from a changed delta on (seals, balances, trees, digests, anchors) knows SQLite's tables; what comes of it in evidence has the same bytes",
} as const satisfies Readonly<Record<string, string>>;

/** Defines tests that are about the SQLite file itself: none where the record is in a database. */
export function overSqlite(_what: keyof typeof SQLITE_ONLY, define: () => void): void {
  if (ENGINE === "sqlite") define();
}
