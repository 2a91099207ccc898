import type { LocalComparison } from "../../sdk/local-comparison.ts";
import type { Tallyroot } from "../../sdk/tallyroot.ts";
import type { Columns } from "./columns.ts";
import type { FromReader, ReadTable, ToReader } from "./messages.ts";

/** The list could not be read or compared as it is; the message is for the person who gave it. */
export class ListRefused extends Error {
  override readonly name = "ListRefused";
}

type ReadOptions = { columns: Columns | undefined; customerId: string | null; onRows: (rows: number) => void };

/** Somebody who reads one list beside the page, and keeps it when it is long. */
export type ListReader = {
  /** @throws ListRefused */
  read(file: Blob, options: ReadOptions): Promise<ReadTable>;
  /** Compares the list that was read, by bisection. @throws ListRefused, and what asking the server throws */
  compare(pac: Tallyroot, customerId: string): Promise<LocalComparison>;
  end(): void;
};

/** Starts a reader. */
export function startReader(): ListReader {
  const worker = new Worker(new URL("./reader.worker.ts", import.meta.url), { type: "module" });
  const tell = (message: ToReader) => worker.postMessage(message);

  /** Hears the worker until what it was told is done. */
  const hear = <T>(message: ToReader, heard: (said: FromReader, done: (outcome: T) => void) => unknown): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const over = new AbortController();
      const { signal } = over;
      const end = (finish: () => void) => {
        over.abort();
        finish();
      };
      const listener = async ({ data }: MessageEvent<FromReader>) => {
        try {
          await heard(data, (outcome) => end(() => resolve(outcome)));
        } catch (error) {
          end(() => reject(error));
        }
      };
      worker.addEventListener("message", (event) => void listener(event), { signal });
      worker.addEventListener("error", (event) => end(() => reject(new Error(event.message))), { signal });
      tell(message);
    });

  return {
    read: (file, { columns, customerId, onRows }) =>
      hear<ReadTable>({ does: "read", file, columns, customerId }, (said, done) => {
        if (said.says === "rows") onRows(said.rows);
        if (said.says === "table") done(said.table);
        if (said.says === "unreadable") throw new ListRefused(said.why);
      }),

    compare: (pac, customerId) =>
      hear<LocalComparison>({ does: "compare", customerId }, async (said, done) => {
        if (said.says === "heads")
          tell({ does: "heads", id: said.id, answer: await pac.balance.compareHeads(customerId, said.heads) });
        if (said.says === "delta")
          tell({ does: "delta", id: said.id, answer: await pac.balance.deltaStatus(said.recordId) });
        if (said.says === "compared") done(said.comparison);
        if (said.says === "out of order") throw new ListRefused(said.why);
      }),

    end: () => worker.terminate(),
  };
}
