import type { ComparedHeadsView, DeltaDetail } from "../../sdk/answers.ts";
import type { LocalComparison } from "../../sdk/local-comparison.ts";
import type { HeadInput } from "../../sdk/requests.ts";
import type { Columns } from "./columns.ts";
import type { Table } from "./table.ts";

/** A table without the entries of a list that is too long to be sent: those stay with the reader. */
export type ReadTable = Omit<Table, "entries"> & { entries: Table["entries"] | null; count: number };

/** What the reader is told. */
export type ToReader =
  | { does: "read"; file: Blob; columns: Columns | undefined; customerId: string | null }
  | { does: "compare"; customerId: string }
  | { does: "heads"; id: number; answer: ComparedHeadsView }
  | { does: "delta"; id: number; answer: DeltaDetail };

/** What the reader says. It asks the page for what only the server knows: the key stays with the page. */
export type FromReader =
  | { says: "rows"; rows: number }
  | { says: "table"; table: ReadTable }
  | { says: "unreadable"; why: string }
  | { says: "heads"; id: number; heads: readonly HeadInput[] }
  | { says: "delta"; id: number; recordId: string }
  | { says: "compared"; comparison: LocalComparison }
  | { says: "out of order"; why: string };
