import { type Contents, openContents } from "#src/ledger/contents.ts";
import type { AnchorStore } from "#src/ledger/ports/anchoring.ts";
import type { Tenant } from "#src/ledger/ports/ledgers.ts";
import { openAnchorStore } from "#src/storage/postgres/anchors.ts";
import { openPostgres } from "#src/storage/postgres/database.ts";
import { openLeases } from "#src/storage/postgres/leases.ts";
import { openPostgresStore, type PostgresStore } from "#src/storage/postgres/store.ts";
import { MASTER } from "./record-folder.ts";

/** A record in a database, open by one node: the store, and beside it what the checkpoint job has. */
export type OpenPostgresRecord = {
  store: PostgresStore;
  contents: Contents;
  anchors: AnchorStore;
  /** Unix milliseconds, as the store sees them. */
  clock: { now: number };
  /** What the store reported as going wrong behind the record. */
  reported: string[];
  tenant: Tenant;
  close(): Promise<void>;
};

/** Longer than any test takes. */
const LEASE_MS = 600_000;

/** Opens the record in a database, which may be empty. */
export async function openPostgresRecord(
  url: string,
  clock = { now: 1_700_000_000_000 },
  options: { quota?: number } = {},
): Promise<OpenPostgresRecord> {
  const reported: string[] = [];
  const report = (message: string) => void reported.push(message);
  const store = await openPostgresStore({ url, master: MASTER, clock: () => clock.now, report, ...options });
  const db = openPostgres(url, report);
  const leases = openLeases(db);
  const lease = await leases.take("anchoring", "a test", LEASE_MS);
  if (!lease) throw new Error("another holds the lease of anchoring");
  const anchors = openAnchorStore(db, lease);
  const tenant = await store.addTenant("default", clock.now);
  return {
    store,
    contents: openContents(anchors, MASTER),
    anchors,
    clock,
    reported,
    tenant,
    async close() {
      await leases.leave(lease);
      await db.close();
      await store.close();
    },
  };
}
