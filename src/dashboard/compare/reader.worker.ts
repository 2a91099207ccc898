import { compareLocally } from "../../sdk/local-comparison.ts";
import { ledgerOrder } from "./ledger-order.ts";
import type { FromReader, ToReader } from "./messages.ts";
import { readTable, type Table } from "./table.ts";

/** Reads a list, and compares a long one, beside the page: a million rows must not stop it from answering. */

/** Entries that one request may have (wire/fields.ts: comparedEntries). */
const SENT_AT_MOST = 100_000;

const say = (message: FromReader) => postMessage(message);
const waiting = new Map<number, (answer: never) => void>();
let table: Table | undefined;
let asked = 0;

addEventListener("message", ({ data }: MessageEvent<ToReader>) => {
  if (data.does === "read") read(data).catch(fail);
  else if (data.does === "compare") compare(data.customerId).catch(fail);
  else {
    waiting.get(data.id)?.(data.answer as never);
    waiting.delete(data.id);
  }
});

/** A mistake of ours reaches the page as an error of the worker; a rejection would reach nobody. */
function fail(error: unknown): void {
  setTimeout(() => {
    throw error;
  });
}

async function read({ file, columns, customerId }: ToReader & { does: "read" }): Promise<void> {
  const onRows = (rows: number) => say({ says: "rows", rows });
  try {
    table = await readTable(textOf(file), { columns, customerId, onRows });
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    return say({ says: "unreadable", why: error.message });
  }
  const count = table.entries.length;
  say({ says: "table", table: { ...table, entries: count > SENT_AT_MOST ? null : table.entries, count } });
}

async function compare(customerId: string): Promise<void> {
  const ordered = ledgerOrder(table!);
  if ("wrong" in ordered) return say({ says: "out of order", why: ordered.wrong });
  const comparison = await compareLocally(
    { customerId, local: ordered.local },
    {
      heads: (heads) => ask((id) => ({ says: "heads", id, heads })),
      delta: (recordId) => ask((id) => ({ says: "delta", id, recordId })),
    },
  );
  say({ says: "compared", comparison });
}

function ask<T>(message: (id: number) => FromReader): Promise<T> {
  const id = ++asked;
  return new Promise<T>((resolve) => {
    waiting.set(id, resolve as (answer: never) => void);
    say(message(id));
  });
}

class UnreadableFile extends Error {}

/** The file's text. Another encoding than UTF-8 is refused: names in it would become other names. */
async function* textOf(file: Blob): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = file.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    const text = decoded(decoder, value, !done);
    if (text !== "") yield text;
    if (done) return;
  }
}

function decoded(decoder: TextDecoder, bytes: Uint8Array | undefined, stream: boolean): string {
  try {
    return decoder.decode(bytes, { stream });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UnreadableFile("This is not UTF-8 text. Save the list as “CSV UTF-8” and choose it again.");
  }
}
