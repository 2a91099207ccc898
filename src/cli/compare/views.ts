import { existsSync } from "node:fs";
import { UsageError } from "../ending.ts";
import { completed, type Mapping, membersOf } from "../import/mapping.ts";
import { type Cells, cellsOf, csvFrom, csvHeader, isNdjson, linesFrom } from "../import/rows.ts";

/** Members that a row of a party's view can give. */
export const ENTRY_MEMBERS = ["customerId", "sequence", "receiptId", "recordId", "referenceId", "delta", "balance"];
const NAMES = ["sequence", "receiptId", "recordId", "referenceId"];

/** What a party has for one delta, as the server takes it. */
export type Entry = Record<string, string | number>;

/**
 * What a party has, by customer, in its own order. Rows that do not name their delta are counted: the first is delta 1.
 *
 * @throws UsageError
 */
export async function viewIn(
  path: string,
  mapping: Mapping,
  customer: string | undefined,
): Promise<Map<string, Entry[]>> {
  if (!existsSync(path)) throw new UsageError(`${path} is not there`);
  const given: Mapping =
    customer === undefined ? mapping : { ...mapping, preset: new Map([...mapping.preset, ["customerId", customer]]) };
  const view = new Map<string, Entry[]>();
  for await (const { cells, whole } of cellsIn(path, given)) {
    const members = membersOf(whole, cells);
    const customerId = members.get("customerId") ?? "";
    if (customer !== undefined && customerId !== customer) continue;
    const entries = view.get(customerId) ?? [];
    view.set(customerId, entries);
    entries.push(entryOf(members, entries.length + 1));
  }
  if (view.size === 0) throw new UsageError(`${path} has no row${customer === undefined ? "" : ` of ${customer}`}`);
  return view;
}

async function* cellsIn(path: string, mapping: Mapping): AsyncGenerator<Cells & { whole: Mapping }> {
  const complete = (header: readonly string[]) =>
    completed(mapping, header, { members: ENTRY_MEMBERS, needed: ["customerId"] });
  if (await isNdjson(path)) {
    for await (const line of linesFrom(path, 0)) {
      const cells = cellsOf(path, line);
      yield { ...cells, whole: complete(Object.keys(cells.cells)) };
    }
    return;
  }
  const { header, end } = await csvHeader(path);
  const whole = complete(header);
  for await (const cells of csvFrom(path, end, header)) yield { ...cells, whole };
}

function entryOf(members: ReadonlyMap<string, string>, counted: number): Entry {
  const entry: Entry = {};
  const name = NAMES.find((member) => members.has(member));
  if (name === undefined || name === "sequence") entry.sequence = sequenceOf(members.get("sequence"), counted);
  else entry[name] = members.get(name)!;
  for (const member of ["delta", "balance"]) {
    const text = members.get(member);
    if (text !== undefined) entry[member] = text;
  }
  return entry;
}

function sequenceOf(text: string | undefined, counted: number): number {
  if (text === undefined) return counted;
  if (!/^[1-9][0-9]{0,14}$/.test(text)) throw new UsageError(`${text} is no sequence: it counts deltas from 1`);
  return Number(text);
}
