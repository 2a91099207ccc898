import type { Cell } from "../row-digest.ts";

/**
 * The columns of a table, those of bytes packed into one. Each array of bytes that comes out of SQLite by itself costs a microsecond,
 * and as much again when it is collected: a delta has six of them.
 */
export type Packed = {
  /** What to select: as many cells as `cells` says. */
  readonly sql: string;
  readonly cells: number;
  /**
   * The cells of the columns, in their order, out of those selected from `at` on; undefined where what is in the row is not what its
   * columns are for, so that it must be read column by column.
   */
  unpack(cells: readonly Cell[], at: number): Cell[] | undefined;
};

/** @param columns of the table `alias`, in any order; `bytes` for those that hold bytes, or NULL where they may. */
export function packed(columns: readonly { name: string; bytes: boolean }[], alias: string): Packed {
  const column = ({ name }: { name: string }) => `${alias}.${name}`;
  const bytes = columns.filter((each) => each.bytes);
  const lengths = bytes.map((each) => `length(${column(each)})`);
  const holding = bytes.map((each) => `(typeof(${column(each)}) = 'blob')`);
  const whole = bytes.map((each) => `coalesce(${column(each)}, x'')`);
  const plain = columns.filter((each) => !each.bytes).map(column);
  // SQLite joins bytes as they are, and calls what comes of it a text.
  const sql = [...plain, ...lengths, holding.join(" + "), `CAST(${whole.join(" || ")} AS BLOB)`].join(", ");
  const count = plain.length + bytes.length + 2;
  const isBytes = columns.map((each) => each.bytes);
  return {
    sql,
    cells: count,
    unpack(cells, at) {
      const all = cells[at + count - 1] as Buffer;
      let [plainAt, lengthAt, offset, arrays] = [at, at + plain.length, 0, 0];
      const row = new Array<Cell>(isBytes.length);
      for (let i = 0; i < isBytes.length; i++) {
        if (!isBytes[i]) {
          row[i] = cells[plainAt++]!;
          continue;
        }
        const length = cells[lengthAt++] as number | null;
        if (length === null) {
          row[i] = null;
          continue;
        }
        arrays += 1;
        row[i] = all.subarray(offset, offset + length);
        offset += length;
      }
      // Lengths of texts are in characters, and theirs are no bytes: such a row shows here.
      return arrays === cells[at + count - 2] && offset === all.length ? row : undefined;
    },
  };
}
