import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { openPostgres, type Postgres } from "#src/storage/postgres/database.ts";
import { lead } from "#src/storage/postgres/leading.ts";
import { type Leases, openLeases } from "#src/storage/postgres/leases.ts";
import { migrate } from "#src/storage/postgres/migrate.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";

const LEASE_MS = 300;

const postgres = postgresOfThisFile();

describe("leading", () => {
  let database: TestDatabase;
  let db: Postgres;
  let leases: Leases;
  let leaders: string[];
  let atOnce: number;
  let most: number;
  before(async () => {
    database = await postgres.database();
    await migrate(database.url);
    db = openPostgres(database.url, () => undefined);
    leases = openLeases(db);
  });
  beforeEach(() => {
    leaders = [];
    atOnce = 0;
    most = 0;
  });
  after(async () => {
    await db.close();
    await database.drop();
  });

  /** A node that leads until it is stopped; `leases` may be one that does not get through. */
  function node(name: string, holder: string, through: Leases = leases) {
    const stop = new AbortController();
    const ended = lead(
      { leases: through, name, holder, signal: stop.signal, standby: () => undefined, leaseMs: LEASE_MS },
      async (_, signal) => {
        leaders.push(holder);
        atOnce += 1;
        most = Math.max(most, atOnce);
        while (!signal.aborted) await sleep(5);
        atOnce -= 1;
      },
    );
    return {
      async stop() {
        stop.abort();
        await ended;
      },
    };
  }
  const until = async (holds: () => boolean) => {
    for (let tries = 0; !holds() && tries < 400; tries++) await sleep(10);
  };

  it("is one node's, and the next one's when it ends", async () => {
    const nodes = ["a", "b", "c"].map((holder) => node("one", holder));
    await until(() => leaders.length === 1);
    await sleep(2 * LEASE_MS);
    expect(leaders).to.have.length(1);
    const first = leaders[0]!;
    await nodes["abc".indexOf(first)]!.stop();
    await until(() => leaders.length === 2);
    expect(leaders[1]).not.to.equal(first);
    await Promise.all(nodes.map(({ stop }) => stop()));
    expect(most).to.equal(1);
  });

  it("passes to another when a node is not heard of in time, and ends there", async () => {
    let cut = false;
    const deaf = node("two", "deaf", {
      ...leases,
      // From some time on, it has no answer.
      take: (...asked) => (cut ? Promise.resolve(undefined) : leases.take(...asked)),
      renew: (lease, milliseconds) => (cut ? new Promise(() => undefined) : leases.renew(lease, milliseconds)),
    });
    await until(() => leaders.length === 1);
    const other = node("two", "other");
    await sleep(2 * LEASE_MS);
    expect(leaders).to.deep.equal(["deaf"]);
    cut = true;
    await until(() => leaders.includes("other"));
    expect(leaders[1]).to.equal("other");
    await until(() => atOnce === 1);
    expect(atOnce).to.equal(1);
    await Promise.all([deaf.stop(), other.stop()]);
  });
});
