import Database from "better-sqlite3";
import { type AuditStore, FileDamagedError, type RowProblem } from "../../audit/port.ts";
import type { Cell } from "../row-digest.ts";
import type { Sqlite } from "./database.ts";

/** Reading a file that may be damaged: as far as it goes, and saying where it ends. */

/** Damage that no row can be named for comes out as one kind of error. */
export function guarded(store: AuditStore): AuditStore {
  const methods = Object.entries(store).map(([name, method]) => [
    name,
    async (...parameters: unknown[]) => {
      try {
        return await (method as (...parameters: unknown[]) => Promise<unknown>)(...parameters);
      } catch (error) {
        if (!(error instanceof Database.SqliteError)) throw error;
        throw new FileDamagedError(error.message, { cause: error });
      }
    },
  ]);
  return Object.fromEntries(methods) as AuditStore;
}

export function integrityProblems(db: Sqlite, limit: number): string[] {
  const rows = db.pragma(`integrity_check(${limit})`) as { integrity_check: string }[];
  return rows.map((row) => row.integrity_check).filter((line) => line !== "ok");
}

export function foreignProblems(db: Sqlite): string[] {
  const rows = db.pragma("foreign_key_check") as { table: string; rowid: number | null; parent: string }[];
  return rows.map(({ table, rowid, parent }) => `${table}, row ${rowid ?? "?"}, names what is not in ${parent}`);
}

export function unreadable(problem: string): RowProblem {
  return { kind: "unreadable", detail: `the row cannot be read: ${problem}` };
}

type Readable = { whole: true; cells: Cell[][] } | { whole: false; cells: Cell[][]; problem: string };

/** The rows of a statement, as far as the file can be read. */
export function readable(statement: Database.Statement<Cell[], Cell[]>, parameters: readonly Cell[]): Readable {
  try {
    return { whole: true, cells: statement.all(...parameters) };
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
    const cells: Cell[][] = [];
    try {
      for (const row of statement.iterate(...parameters)) cells.push(row);
      return { whole: true, cells };
    } catch (again) {
      if (!(again instanceof Database.SqliteError)) throw again;
      return { whole: false, cells, problem: again.message };
    }
  }
}

/** How far a statement can be read, at most `limit` rows: how many rows that are, the last of them, and whether it broke there. */
export function walked(
  statement: Database.Statement<Cell[], Cell[]>,
  limit: number,
): { rows: number; last: Cell[] | undefined; broken: boolean } {
  let rows = 0;
  let last: Cell[] | undefined;
  try {
    for (const row of statement.iterate()) {
      rows += 1;
      last = row;
      if (rows === limit) break;
    }
    return { rows, last, broken: false };
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
    return { rows, last, broken: true };
  }
}
