import type { Mapping } from "./mapping.ts";
import { completed, membersOf } from "./mapping.ts";
import { cellsOf, csvFrom, csvHeader, isNdjson, linesFrom } from "./rows.ts";

/** A row as a line of the stream that the server takes. */
export type Item = {
  /** Its number in the file, from 1; the header is none. */
  row: number;
  /** The offset of the byte after it. */
  end: number;
  line: string;
};

/** Where reading begins: after a row that is on record. */
export type Position = { row: number; offset: number };

const NEEDED = ["customerId", "delta", "reason"];

/**
 * The rows of a CSV or NDJSON file as items, each with an idempotency key of its own: that of its file and number, unless it brings one.
 *
 * @param onTorn told of a last line that its writer has not finished: it is left for the next time.
 * @throws UsageError
 */
export async function itemsOf(
  path: string,
  mapping: Mapping,
  { keyOf, onTorn }: { keyOf: (row: number) => string; onTorn: () => void },
): Promise<(from: Position) => AsyncGenerator<Item>> {
  if (!(await isNdjson(path))) {
    const { header, end } = await csvHeader(path);
    const whole = completed(mapping, header, { needed: NEEDED });
    return async function* (from) {
      let { row } = from;
      for await (const { cells, end: after } of csvFrom(path, Math.max(from.offset, end), header))
        yield { row: ++row, end: after, line: lineOf(membersOf(whole, cells), keyOf(row)) };
    };
  }
  const plain = mapping.columns.size === 0 && mapping.preset.size === 0;
  return async function* (from) {
    let { row } = from;
    for await (const line of linesFrom(path, from.offset)) {
      if (!line.ended && !isJson(line.text)) return onTorn();
      row++;
      if (plain) yield { row, end: line.end, line: keyed(line.text, keyOf(row)) };
      else {
        const { cells } = cellsOf(path, line);
        const whole = completed(mapping, Object.keys(cells), { needed: NEEDED });
        yield { row, end: line.end, line: lineOf(membersOf(whole, cells), keyOf(row)) };
      }
    }
  };
}

function lineOf(members: ReadonlyMap<string, string>, key: string): string {
  const metadata = [...members].flatMap(([member, text]) =>
    member.startsWith("metadata.") ? [[member.slice("metadata.".length), text]] : [],
  );
  return JSON.stringify({
    customerId: members.get("customerId"),
    delta: members.get("delta"),
    reason: members.get("reason"),
    referenceId: members.get("referenceId"),
    ...(metadata.length > 0 && { metadata: Object.fromEntries(metadata) }),
    idempotencyKey: members.get("idempotencyKey") ?? key,
  });
}

/** The text of an object with a key in it, every digit as it was. What is no object goes out as it is, and is refused by the server. */
function keyed(text: string, key: string): string {
  const line = text.replace(/^\ufeff/, "");
  if (!line.startsWith("{") || !line.endsWith("}")) return line;
  if (line.includes('"idempotencyKey"') && hasOwnKey(line)) return line;
  const body = line.slice(1, -1).trim();
  return `{${body}${body === "" ? "" : ","}"idempotencyKey":${JSON.stringify(key)}}`;
}

function hasOwnKey(line: string): boolean {
  return isJson(line) && Object.hasOwn(JSON.parse(line) as object, "idempotencyKey");
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return false;
  }
}
