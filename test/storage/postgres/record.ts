import { type Contents, openContents } from "#src/ledger/contents.ts";
import type { AnchorStore } from "#src/ledger/ports/anchoring.ts";
import type { Tenant } from "#src/ledger/ports/ledgers.ts";
import { openAnchorStore } from "#src/storage/postgres/anchors.ts";
import { openPostgres } from "#src/storage/postgres/database.ts";
import { openLeases } from "#src/storage/postgres/leases.ts";
import { openPostgresStore, type PostgresStore } from "#src/storage/postgres/store.ts";
import { MASTER } from "#test/storage/record-folder.ts";

/** A record in a database, open by one node. */
export type OpenNode = {
  store: PostgresStore;
  contents: Contents;
  /** Unix milliseconds, as the store sees them. */
  clock: { now: number };
  /** What the store reported as going wrong behind the record. */
  reported: string[];
  tenant: Tenant;
  close(): Promise<void>;
};

/** A node with what the one node has beside it that anchors. */
export type OpenPostgresRecord = OpenNode & { anchors: AnchorStore };

/** Longer than any test takes. */
const LEASE_MS = 600_000;

/** Opens the record in a database, which may be empty. */
export async function openNode(
  url: string,
  { clock = { now: 1_700_000_000_000 }, quota = null }: { clock?: { now: number }; quota?: number | null } = {},
): Promise<OpenNode> {
  const reported: string[] = [];
  const report = (message: string) => void reported.push(message);
  const store = await openPostgresStore({ url, master: MASTER, clock: () => clock.now, report, quota });
  const tenant = await store.addTenant("default", clock.now);
  return { store, contents: openContents(store, MASTER), clock, reported, tenant, close: store.close };
}

/** Opens the record as the node that anchors. */
export async function openPostgresRecord(url: string, clock?: { now: number }): Promise<OpenPostgresRecord> {
  const node = await openNode(url, clock && { clock });
  const db = openPostgres(url, (message) => void node.reported.push(message));
  const leases = openLeases(db);
  const lease = await leases.take("anchoring", "a test", LEASE_MS);
  if (!lease) throw new Error("another holds the lease of anchoring");
  return {
    ...node,
    anchors: openAnchorStore(db, lease),
    async close() {
      await leases.leave(lease);
      await db.close();
      await node.close();
    },
  };
}
