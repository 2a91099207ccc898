import { expect } from "chai";
import type { Finding } from "#src/audit/findings.ts";
import { formatAmount, parseAmount } from "#src/core/amount.ts";
import { toHex } from "#src/core/bytes.ts";
import { type Ground, startGround } from "#test/ledger/anchoring-ground.ts";
import { behind, rowsBehind, type Sql } from "#test/run/record-of.ts";
import { temporaryFolder } from "#test/storage/record-folder.ts";
import { type Random, seeded } from "../../scripts/survive/random.ts";
import { audit, buildRecord } from "./audited-record.ts";

/** The same seed changes the same values of the same rows. */
const SEED = Number(process.env.PROPERTY_SEED ?? Date.now() % 2 ** 32);

type Value = number | string | Buffer | null;
type Row = Readonly<Record<string, Value>>;

/** Tables of the record; the columns that say which row it is; and how a finding names it. */
const TABLES: readonly (readonly [
  table: string,
  place: readonly string[],
  names: (finding: Finding, row: Row, address: string | undefined) => boolean,
])[] = [
  ["deltas", ["ledger", "sequence"], ({ row }, at, address) => row.ledger === address && row.sequence === at.sequence],
  ["checkpoints", ["id"], ({ row }, { id }) => row.number === id],
  ["anchors", ["id"], ({ row }, { id }) => row.anchor === id],
  ["anchor_leaves", ["anchor", "position"], ({ row }, at) => row.anchor === at.anchor && row.position === at.position],
  ["anchor_transactions", ["anchor", "attempt"], ({ row }, { anchor }) => row.anchor === anchor],
  ["anchor_progress", ["anchor"], ({ row }, { anchor }) => row.anchor === anchor],
];

/** A transaction of an anchor is found wrong also by what the anchor's progress says of it. */
const FOUND_IN: Readonly<Record<string, readonly string[]>> = {
  anchor_transactions: ["anchor_transactions", "anchor_progress"],
};

/** What is no part of what was recorded: the order of arrival in a file, and since when something waits in a database. */
const BESIDE = ["id", "pending_since"];
const AMOUNTS = ["amount", "balance", "opening_balance", "closing_balance"];
/** Columns with few values, of which another is put there. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  kind: ["window", "selection"],
  state: ["prepared", "sent", "confirmed"],
};

/** Another value of the same kind, as near as can be. */
function changed(column: string, value: Value, random: Random): Value {
  if (Buffer.isBuffer(value)) {
    if (value.length === 0) return Buffer.alloc(1);
    const bytes = Buffer.from(value);
    bytes[random.between(0, bytes.length)]! ^= 1 << random.between(0, 8);
    return bytes;
  }
  if (typeof value === "number") return value + random.oneOf([-1, 1]);
  if (AMOUNTS.includes(column)) return formatAmount(parseAmount(value!) + random.oneOf([-1n, 1n]));
  const others = WORDS[column]?.filter((word) => word !== value);
  return others ? random.oneOf(others) : `${value}x`;
}

describe(`the audit of a record with one other value (seed ${SEED})`, () => {
  let ground: Ground;
  const { dir, remove } = temporaryFolder();
  before(async () => {
    ground = await startGround();
    await buildRecord(dir, ground);
  });
  after(async () => {
    await ground.stop();
    remove();
  });

  const random = seeded(SEED);

  async function put(sql: Sql, table: string, at: Row, column: string, value: Value): Promise<void> {
    const where = Object.keys(at).map((name) => `${name} = ?`);
    const set = `UPDATE ${table} SET ${column} = ? WHERE ${where.join(" AND ")}`;
    expect(await sql.change(set, value, ...Object.values(at))).to.equal(1);
  }

  for (const [table, place, names] of TABLES) {
    it(`names the row of ${table} of which any value was changed`, async () => {
      const ledgers = await rowsBehind<{ id: number; address: Buffer }>(dir, "SELECT id, address FROM ledgers");
      const addresses = new Map(ledgers.map(({ id, address }) => [id, toHex(address)]));
      const rows = await rowsBehind<Row>(dir, `SELECT * FROM ${table}`);
      const columns = Object.keys(rows[0]!).filter((name) => !place.includes(name) && !BESIDE.includes(name));
      expect(columns).not.to.deep.equal([]);
      await behind(dir, async (sql) => {
        for (const column of columns) {
          const row = random.oneOf(rows.filter((one) => one[column] !== null));
          const at = Object.fromEntries(place.map((name) => [name, row[name]!]));
          const value = changed(column, row[column]!, random);
          await put(sql, table, at, column, value);
          const { findings } = await audit(dir);
          const said = `${column} of ${JSON.stringify(at)}: ${JSON.stringify(findings.slice(0, 6))}`;
          const address = addresses.get(at.ledger as number);
          const named = findings.filter((finding) => (FOUND_IN[table] ?? [table]).includes(finding.table));
          expect(
            named.some((finding) => names(finding, at, address)),
            said,
          ).to.equal(true);
          await put(sql, table, at, column, row[column]!);
        }
      });
      expect((await audit(dir)).findings).to.deep.equal([]);
    });
  }
});
