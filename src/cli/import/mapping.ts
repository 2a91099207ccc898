import { UsageError } from "../ending.ts";

/** Which column gives which member of a delta, and what a member is where no column gives it. */
export type Mapping = {
  /** Column by member. */
  columns: ReadonlyMap<string, string>;
  /** Text by member: for every row, or where the row's cell is empty. */
  preset: ReadonlyMap<string, string>;
};

/** Members that rows can give. `metadata.<name>` is one for each name. */
const MEMBERS = ["customerId", "delta", "reason", "referenceId", "idempotencyKey"] as const;

export const MAPPING_OPTIONS = {
  map: {
    array: true,
    describe: "member=column, again and again: customerId, delta, reason, referenceId, metadata.x …",
  },
  set: { array: true, describe: "member=text, for every row, or where its cell is empty" },
} as const;

/** @throws UsageError */
export function mappingOf(
  { map = [], set = [] }: { map?: readonly string[] | undefined; set?: readonly string[] | undefined },
  members: readonly string[] = MEMBERS,
): Mapping {
  const pairs = (option: string, words: readonly string[]) =>
    new Map(words.map((word) => pairOf(option, word, members)));
  return { columns: pairs("map", map), preset: pairs("set", set) };
}

function pairOf(option: string, word: string, members: readonly string[]): [string, string] {
  const equals = word.indexOf("=");
  const [member, value] = [word.slice(0, equals), word.slice(equals + 1)];
  if (equals < 1 || value === "") throw new UsageError(`--${option} ${word}: write it as member=value`);
  const metadata = members.includes("delta") && members.includes("reason") && /^metadata\..+/.test(member);
  if (!metadata && !members.includes(member))
    throw new UsageError(`--${option} ${word}: there is no member ${member}, but ${members.join(", ")}`);
  return [member, value];
}

/**
 * The mapping with the columns that are called like members already.
 *
 * @param needed members that a row must have.
 * @throws UsageError for a column that the file does not have, and for a needed member that nothing gives.
 */
export function completed(
  { columns, preset }: Mapping,
  header: readonly string[],
  { members = MEMBERS as readonly string[], needed }: { members?: readonly string[]; needed: readonly string[] },
): Mapping {
  const has = `the file has ${header.join(", ")}`;
  const lost = [...columns].find(([, column]) => !header.includes(column));
  if (lost) throw new UsageError(`--map ${lost.join("=")}: there is no such column; ${has}`);
  const own = members.filter((member) => header.includes(member) && !columns.has(member));
  const all = new Map([...own.map((member): [string, string] => [member, member]), ...columns]);
  const missing = needed.find((member) => !all.has(member) && !preset.has(member));
  if (missing !== undefined)
    throw new UsageError(
      `nothing gives ${missing}: say --map ${missing}=COLUMN, or --set ${missing}=TEXT for all rows; ${has}`,
    );
  return { columns: all, preset };
}

/** The members that a row gives: its cells, and what stands for empty ones. */
export function membersOf({ columns, preset }: Mapping, cells: Readonly<Record<string, string>>): Map<string, string> {
  const members = new Map(preset);
  for (const [member, column] of columns) {
    const cell = cells[column] ?? "";
    if (cell !== "") members.set(member, cell);
  }
  return members;
}
