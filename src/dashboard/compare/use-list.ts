import { useEffect, useState } from "react";
import type { Columns } from "./columns.ts";
import type { ListReader } from "./list-reader.ts";
import { ListRefused, startReader } from "./list-reader.ts";
import type { ReadTable } from "./messages.ts";

/** A list that somebody gave, and which of its columns is what, where that was chosen by hand. */
export type GivenList = { name: string; file: Blob; columns?: Columns | undefined };

export type ListState =
  | { kind: "none" }
  | { kind: "reading"; rows: number }
  | { kind: "refused"; why: string }
  | { kind: "read"; reader: ListReader; table: ReadTable };

/** Reads a list beside the page, again whenever it, its columns or whose rows count changes. */
export function useList(given: GivenList | null, customerId: string | null): ListState {
  const [state, setState] = useState<ListState>({ kind: "none" });
  useEffect(() => {
    if (!given) return setState({ kind: "none" });
    const reader = startReader();
    let over = false;
    const tell = (next: ListState) => {
      if (!over) setState(next);
    };
    tell({ kind: "reading", rows: 0 });
    const onRows = (rows: number) => tell({ kind: "reading", rows });
    reader.read(given.file, { columns: given.columns, customerId, onRows }).then(
      (table) => tell({ kind: "read", reader, table }),
      (error: unknown) => {
        if (error instanceof ListRefused) return tell({ kind: "refused", why: error.message });
        // A mistake of ours: it ends up where all of them do, in React's hands.
        setState(() => {
          throw error;
        });
      },
    );
    return () => {
      over = true;
      reader.end();
    };
  }, [given, customerId]);
  return state;
}
