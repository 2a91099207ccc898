import { Client } from "pg";
import { openContents } from "../../../src/ledger/contents.ts";
import { openAnchorStore } from "../../../src/storage/postgres/anchors.ts";
import { openAuditView } from "../../../src/storage/postgres/audit-view.ts";
import { openPostgres } from "../../../src/storage/postgres/database.ts";
import { openLeases } from "../../../src/storage/postgres/leases.ts";
import { openPostgresStore } from "../../../src/storage/postgres/store.ts";
import { type Clock, findingsIn, MASTER, type Records, type SimulatedRecord, tenantsOf } from "./record.ts";

/** Longer than any run takes. */
const LEASE_MS = 86_400_000;
/** The one node of a run, over all its lives. */
const NODE = "simulated";

/**
 * Records in databases of a PostgreSQL server. A kill ends the connections without a word, in the middle of whatever they do; what was
 * committed is there. What SQLite may lose of its last writing has no equal: it is the server's, which goes on. The clock is the
 * run's here too, in the place of the database's.
 *
 * @param admin the URL of a database in which others may be made.
 */
export function openPostgresRecords(admin: string): Records {
  const nameOf = (n: number | "empty") => `simulated_${process.pid}_${n}`;
  let made = 0;

  const urlOf = (name: string) => {
    const url = new URL(admin);
    url.pathname = `/${name}`;
    return url.href;
  };

  async function open(name: string, clock: Clock): Promise<SimulatedRecord> {
    const url = urlOf(name);
    // Connections are cut on purpose here.
    const report = () => undefined;
    const store = await openPostgresStore({ url, master: MASTER, clock: () => clock.now, report });
    const db = openPostgres(url, report);
    const lease = await openLeases(db).take("anchoring", NODE, LEASE_MS, NODE);
    if (lease === undefined) throw new Error(`another has the lease of ${name}`);
    const anchors = openAnchorStore(db, lease);
    const close = async () => {
      await Promise.all([db.close(), store.close()]);
    };
    return {
      store,
      contents: openContents(store, MASTER),
      anchors,
      anchoringContents: openContents(anchors, MASTER),
      tenants: await tenantsOf(store, clock),
      isReading: () => false,
      standing: () => 0,
      async killed() {
        await asAdmin(admin, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${name}'`);
        // What the next life opens, the last one has no part in; its pools are let go of.
        const [next] = await Promise.all([open(name, clock), close()]);
        return next;
      },
      async reopened() {
        await close();
        return open(name, clock);
      },
      strayStatements: () =>
        db.read(
          "SELECT checkpoint, count(*) AS anchors FROM anchor_leaves WHERE checkpoint IS NOT NULL GROUP BY checkpoint HAVING count(*) <> 1",
        ),
      async audited() {
        const view = await openAuditView(url);
        try {
          return await findingsIn(view.store);
        } finally {
          await view.close();
        }
      },
      close,
      async remove() {
        await close();
        await asAdmin(admin, `DROP DATABASE ${name} WITH (FORCE)`);
      },
    };
  }

  return {
    async first(clock) {
      await asAdmin(admin, `CREATE DATABASE ${nameOf("empty")}`);
      return open(nameOf("empty"), clock);
    },
    async fresh(clock) {
      made += 1;
      await asAdmin(admin, `CREATE DATABASE ${nameOf(made)} TEMPLATE ${nameOf("empty")}`);
      return open(nameOf(made), clock);
    },
  };
}

async function asAdmin(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
