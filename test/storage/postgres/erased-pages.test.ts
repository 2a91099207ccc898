import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { Client } from "pg";
import { ledgerAddress } from "#src/core/address.ts";
import type { TallyrootError } from "#src/core/errors.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";
import { request } from "#test/storage/record-folder.ts";
import { type OpenNode, openNode } from "./record.ts";

/** Customers: some four pages of keys. */
const CUSTOMERS = 200;
/** Bytes of a sealed value that would give away a part of it, wherever they stand. */
const PIECE = 8;

const postgres = postgresOfThisFile();

describe("the pages of what was erased in PostgreSQL", () => {
  let database: TestDatabase;
  let client: Client;
  let node: OpenNode;
  beforeEach(async () => {
    database = await postgres.database();
    node = await openNode(database.url);
    client = await database.client();
  });
  afterEach(async () => {
    await node.close();
    await database.drop();
  });

  const name = (n: number) => `customer-${n}-${"x".repeat(n % 40)}`;
  const record = (numbers: readonly number[]) =>
    node.store.record(
      numbers.map((n) => request(node.tenant, name(n))),
      false,
    );

  async function erase(numbers: readonly number[]): Promise<void> {
    const { store, tenant } = node;
    for (const n of numbers) {
      const ledger = await store.ledger(tenant.id, ledgerAddress(tenant.namespace, name(n)));
      await store.eraseKeys(tenant, ledger!, name(n), 5);
    }
  }

  async function keys(): Promise<Buffer[]> {
    const { rows } = await client.query<{ wrapped: Buffer }>(
      "SELECT wrapped FROM ledger_keys WHERE wrapped IS NOT NULL",
    );
    return rows.map(({ wrapped }) => wrapped);
  }

  /** Of these values those that have a part left in any file of the database; the write-ahead log has everything for a while. */
  async function leftOf(values: readonly Buffer[]): Promise<string[]> {
    await database.flush();
    const { rows } = await client.query("SELECT oid::text AS oid FROM pg_database WHERE datname = current_database()");
    const folder = join(database.folder, "base", rows[0].oid);
    const pieces = new Map<bigint, Buffer>();
    for (const value of values)
      for (let at = 0; at + PIECE <= value.length; at += PIECE) pieces.set(value.readBigUInt64LE(at), value);
    const firsts = new Set([...pieces.values()].flatMap((value) => starts(value)));
    const found = new Set<string>();
    for (const file of readdirSync(folder)) {
      const bytes = readFileSync(join(folder, file));
      for (let at = 0; at + PIECE <= bytes.length; at++) {
        if (!firsts.has(bytes.readUInt32LE(at))) continue;
        const value = pieces.get(bytes.readBigUInt64LE(at));
        if (value) found.add(`${value.toString("hex").slice(0, 8)} in ${file}`);
      }
    }
    return [...found];
  }
  const starts = (value: Buffer) =>
    Array.from({ length: Math.floor(value.length / PIECE) }, (_, i) => value.readUInt32LE(i * PIECE));

  const ORDERS: readonly (readonly [how: string, order: (all: readonly number[]) => number[]])[] = [
    ["in their order", (all) => [...all]],
    ["the newest first", (all) => all.toReversed()],
    ["every other one first", (all) => [...all.filter((n) => n % 2 === 0), ...all.filter((n) => n % 2 === 1)]],
  ];
  for (const [how, order] of ORDERS) {
    it(`have no copy of a key, erased ${how}`, async () => {
      const all = Array.from({ length: CUSTOMERS }, (_, n) => n);
      await record(all);
      const known = await keys();
      expect(await leftOf(known)).to.have.length.of.at.least(CUSTOMERS);
      await erase(order(all));
      expect(await keys()).to.deep.equal([]);
      expect(await leftOf(known)).to.deep.equal([]);
    });
  }

  const VIEWS: readonly (readonly [who: string, statement: string])[] = [
    ["somebody reads the table", "SELECT count(*) FROM ledger_keys"],
    ["somebody may read the table as it was before", "SELECT count(*) FROM tenants"],
  ];
  for (const [who, statement] of VIEWS)
    it(`are said to be there while ${who}, and have none when asked again`, async () => {
      await record([1, 2, 3]);
      const known = await keys();
      const reader = await database.client();
      await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
      await reader.query(statement);
      const refused = await erase([1, 2, 3]).then(
        () => undefined,
        (error: unknown) => error as TallyrootError,
      );
      expect(refused?.code).to.equal("SERVICE_UNAVAILABLE");
      expect(refused?.message).to.contain("erase again");
      expect(await leftOf(known)).not.to.deep.equal([]);
      await reader.query("COMMIT");
      await erase([1, 2, 3]);
      expect(await leftOf(known)).to.deep.equal([]);
    });

  it("are not in what the database notes of its tables for planning", async () => {
    await record(Array.from({ length: CUSTOMERS }, (_, n) => n));
    const known = await keys();
    // As autovacuum does after so many new rows.
    await client.query("ANALYZE");
    await erase(Array.from({ length: CUSTOMERS / 4 }, (_, n) => n));
    const staying = new Set((await keys()).map((key) => key.toString("hex")));
    const gone = known.filter((key) => !staying.has(key.toString("hex")));
    expect(gone).to.have.length(CUSTOMERS / 4);
    expect(await leftOf(gone)).to.deep.equal([]);
  });
});
