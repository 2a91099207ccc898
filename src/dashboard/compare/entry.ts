import { units } from "../../sdk/amounts.ts";
import type { CompareEntry } from "../../sdk/requests.ts";
import { type Columns, NAMES, namesDeltas } from "./columns.ts";

/** What the API takes as a name (wire/fields.ts and wire/compare.ts have the limits). */
const NAME_RULES = {
  sequence: { pattern: /^[1-9][0-9]{0,14}$/, says: "is no sequence: the first delta is 1" },
  receiptId: { pattern: /^0x[0-9a-f]{64}$/i, says: "is no receipt id: that is 0x and 64 hex digits" },
  recordId: { pattern: /^.{1,128}$/, says: "is longer than a record id can be" },
  referenceId: { pattern: /^.{1,255}$/su, says: "is longer than a reference id can be" },
} as const;

/**
 * What a row says of one delta, amounts as the text that they were written in.
 *
 * @param counted the delta that a row is about which names none.
 * @returns what is wrong with the row, in words, where it cannot be used.
 */
export function entryOf(cells: readonly string[], columns: Columns, counted: number): CompareEntry | { wrong: string } {
  const cell = (member: keyof Columns) => {
    const at = columns[member];
    return (at === undefined ? undefined : cells[at]) || undefined;
  };
  const entry: CompareEntry = {};
  if (namesDeltas(columns)) {
    const name = NAMES.find((member) => cell(member) !== undefined);
    if (name === undefined) return { wrong: "the row does not name its delta" };
    const { pattern, says } = NAME_RULES[name];
    const text = cell(name)!;
    if (!pattern.test(text)) return { wrong: `“${shortened(text)}” ${says}` };
    if (name === "sequence") entry.sequence = Number(text);
    else entry[name] = name === "receiptId" ? text.toLowerCase() : text;
  } else entry.sequence = counted;
  for (const member of ["delta", "balance"] as const) {
    const text = cell(member);
    const wrong = text === undefined ? undefined : amountProblem(text);
    if (wrong !== undefined) return { wrong: `${member} “${shortened(text!)}”: ${wrong}` };
    if (text !== undefined) entry[member] = text;
  }
  return entry;
}

/** What is wrong with an amount's text, in words; undefined for one that is exact. */
export function amountProblem(text: string): string | undefined {
  try {
    units(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return error.message;
  }
}

function shortened(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}
