import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { TallyrootError } from "#src/core/errors.ts";
import { openPostgres, type Postgres } from "#src/storage/postgres/database.ts";
import { lead, openAlone } from "#src/storage/postgres/leading.ts";
import { type Leases, openLeases } from "#src/storage/postgres/leases.ts";
import { migrate } from "#src/storage/postgres/migrate.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";

const LEASE_MS = 300;
const LONG_MS = 600_000;

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
  function node(name: string, holder: string, through: Leases = leases, earlier?: string) {
    const stop = new AbortController();
    const parts = { leases: through, name, holder, ...(earlier !== undefined && { earlier }) };
    const ended = lead(
      { ...parts, signal: stop.signal, standby: () => undefined, leaseMs: LEASE_MS },
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

  it("is a killed node's again as soon as it is back, and is taken from nobody else, and not twice", async () => {
    // Nothing renews or leaves it.
    await leases.take("three", "node-a before", LONG_MS);
    const other = node("three", "node-b now", leases, "node-b ");
    const again = node("three", "node-a now", leases, "node-a ");
    await until(() => leaders.length === 1);
    expect(leaders).to.deep.equal(["node-a now"]);
    const copy = node("three", "node-a copied", leases, "node-a ");
    await until(() => leaders.length === 2);
    expect(leaders[1]).to.equal("node-a copied");
    await sleep(3 * LEASE_MS);
    expect(leaders, "the first does not take it back").to.have.length(2);
    await Promise.all([other, again, copy].map(({ stop }) => stop()));
  });

  describe("a start that has something to do alone", () => {
    const aloneOf = (node: string | undefined, through = leases) =>
      openAlone({ leases: through, node, leaseMs: LEASE_MS });

    it("keeps others out for as long as it takes, however long that is", async () => {
      const order: string[] = [];
      const first = aloneOf("a")(async () => {
        order.push("a begins");
        await sleep(4 * LEASE_MS);
        order.push("a ends");
      });
      await until(() => order.length === 1);
      await aloneOf("b")(async () => void order.push("b"));
      await first;
      expect(order).to.deep.equal(["a begins", "a ends", "b"]);
    });

    it("holds nobody up any longer than a lease once its node was killed in it, and itself not at all", async () => {
      // Nothing renews or leaves it: its node is gone.
      expect(await leases.take("starting", "killed", LONG_MS)).to.include({ name: "starting" });
      const began = performance.now();
      await aloneOf("killed")(async () => undefined);
      expect(performance.now() - began).to.be.lessThan(LONG_MS);
      await leases.take("starting", "killed for good", LEASE_MS);
      let done = false;
      await aloneOf("other")(async () => {
        done = true;
      });
      expect(done).to.equal(true);
    });

    it("is done when the database is lost before it can say so", async () => {
      const value = await aloneOf(undefined, {
        ...leases,
        leave: () => Promise.reject(new TallyrootError("SERVICE_UNAVAILABLE", "the database does not answer")),
      })(async () => "made");
      expect(value).to.equal("made");
    });
  });
});
