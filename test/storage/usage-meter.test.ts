import { expect } from "chai";
import type { RecordOutcome } from "#src/ledger/ports/ledgers.ts";
import { openPostgresStore, type PostgresStore } from "#src/storage/postgres/store.ts";
import { openSqliteStore, type SqliteStore } from "#src/storage/sqlite/store.ts";
import { databaseOf } from "#test/run/engine.ts";
import { MASTER, request, temporaryFolder } from "./record-folder.ts";

const NOVEMBER = Date.UTC(2026, 10, 30, 23, 59, 59, 999);
const DECEMBER = NOVEMBER + 1;

describe("the quota of deltas per tenant and month", () => {
  const folder = temporaryFolder();
  const clock = { now: NOVEMBER };
  let store: SqliteStore | PostgresStore;

  before(async () => {
    const report = (message: string, cause: Error) => {
      throw new Error(message, { cause });
    };
    const options = { master: MASTER, clock: () => clock.now, report, quota: 5 };
    const url = await databaseOf(folder.dir);
    store =
      url === undefined
        ? openSqliteStore({ dir: folder.dir, ...options })
        : await openPostgresStore({ url, ...options });
  });
  after(async () => {
    await store.close();
    folder.remove();
  });

  const kinds = (outcomes: RecordOutcome[]) =>
    outcomes.map((outcome) => (outcome.kind === "refused" ? outcome.error.code : outcome.kind));
  const many = async (name: string, count: number, atomic: boolean) => {
    const tenant = (await store.tenantByName(name)) ?? (await store.addTenant(name, clock.now));
    const requests = Array.from({ length: count }, (_, n) => request(tenant, `c${n}`));
    return { tenant, kinds: kinds(await store.record(requests, atomic)) };
  };

  it("takes what fits of independent deltas, in their order", async () => {
    const { tenant, kinds } = await many("independent", 7, false);
    expect(kinds).to.deep.equal([...Array(5).fill("recorded"), ...Array(2).fill("QUOTA_EXCEEDED")]);
    expect(await store.recordedIn(tenant.id, "2026-11")).to.equal(5);
    expect(await store.ledgerCount(tenant.id)).to.equal(5);
  });

  it("takes nothing of an atomic unit that does not fit, and counts nothing of it", async () => {
    const { tenant, kinds } = await many("atomic", 6, true);
    expect(kinds).to.deep.equal(Array(6).fill("QUOTA_EXCEEDED"));
    expect(await store.recordedIn(tenant.id, "2026-11")).to.equal(0);
    expect((await many("atomic", 5, true)).kinds).to.deep.equal(Array(5).fill("recorded"));
    expect(await store.recordedIn(tenant.id, "2026-11")).to.equal(5);
  });

  it("counts units of one commit together", async () => {
    const { tenant } = await many("together", 0, false);
    const units = Array.from({ length: 4 }, () =>
      store.record([request(tenant, "a"), request(tenant, "b")], true).then(kinds),
    );
    expect((await Promise.all(units)).map(([first]) => first)).to.deep.equal([
      "recorded",
      "recorded",
      "QUOTA_EXCEEDED",
      "QUOTA_EXCEEDED",
    ]);
  });

  it("counts commits one after the other", async () => {
    expect((await many("in-turn", 3, false)).kinds).to.deep.equal(Array(3).fill("recorded"));
    expect((await many("in-turn", 3, false)).kinds).to.deep.equal(["recorded", "recorded", "QUOTA_EXCEEDED"]);
  });

  it("begins anew with the UTC month", async () => {
    await many("monthly", 5, false);
    clock.now = DECEMBER;
    const { tenant, kinds } = await many("monthly", 6, false);
    expect(kinds).to.deep.equal([...Array(5).fill("recorded"), "QUOTA_EXCEEDED"]);
    expect(await store.recordedIn(tenant.id, "2026-11")).to.equal(5);
    expect(await store.recordedIn(tenant.id, "2026-12")).to.equal(5);
  });
});
