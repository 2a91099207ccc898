import { randomBytes } from "node:crypto";
import { invariant } from "../../core/errors.ts";
import type { EventName, WebhookStore } from "../../ledger/ports/webhooks.ts";
import type { Postgres, Transaction } from "./database.ts";

/** An endpoint as far as it matters for what it is told. */
type Listener = { id: string; tenant: number; events: ReadonlySet<EventName>; createdAt: number };

type Progress = { anchor: number; position: number; sequence: number };
type AnchorRow = { state: string; confirmed_at: number; size: number };
type LeafRow = { ledger: number; tenant: number; count: number; checkpoint: number | null };
type Fact = { event: EventName; tenant: number; subject: number; reference: number; anchor: number | null };

/**
 * Whoever makes deliveries, or brings some to their end, holds the rows of their endpoints, in the order of their names: otherwise the last
 * delivery of a ledger could end while the next one is made that was to wait for it.
 */
export const HOLD_ENDPOINTS =
  "SELECT 1 FROM webhook_endpoints WHERE id = ANY ($1::text[]) ORDER BY id FOR NO KEY UPDATE";

/** How events come to be: out of confirmed anchors, leaf by leaf, by one node at a time and in small transactions. */
export function openEventMaking(db: Postgres): Pick<WebhookStore, "makeEvents" | "makeHaltedEvents"> {
  async function someoneListens(): Promise<boolean> {
    return (await db.read("SELECT 1 FROM webhook_endpoints WHERE deleted_at IS NULL LIMIT 1")).length > 0;
  }

  /** Is there a confirmed anchor that is not gone through to its end? */
  async function isBehind(): Promise<boolean> {
    const rows = await db.read(
      "SELECT 1 FROM webhook_progress w JOIN anchor_progress p ON p.anchor = w.anchor WHERE p.state = 'confirmed'",
    );
    return rows.length > 0;
  }

  return {
    async makeEvents(most, now) {
      // Nobody listens: the anchors that nobody was told of are passed over when somebody does.
      if (!(await someoneListens()) || !(await isBehind())) return { made: 0, more: false };
      return db.transaction((tx) => makeSome(tx, most, now));
    },
    makeHaltedEvents: (now) =>
      db.transaction(async (tx) => {
        const listeners = await holdListeners(tx);
        const telling = openTelling(tx, now);
        const tenants = [...new Set(listeners.map(({ tenant }) => tenant))];
        const made = tenants.map((tenant) =>
          telling.tell(listeners, { event: "anchoring.halted", tenant, subject: 0, reference: 0, anchor: null }),
        );
        telling.end();
        return made.filter((rows) => rows > 0).length;
      }),
  };
}

async function holdListeners(tx: Transaction): Promise<Listener[]> {
  const rows = await tx.query<{ id: string; tenant: number; events: string; created_at: number }>(
    "SELECT id, tenant, events, created_at FROM webhook_endpoints WHERE deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE",
  );
  const listeners = rows.map((row) => ({
    id: row.id,
    tenant: row.tenant,
    events: new Set(JSON.parse(row.events) as EventName[]),
    createdAt: row.created_at,
  }));
  return listeners.sort((a, b) => a.tenant - b.tenant || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
}

/** Makes events of one transaction. Nothing of it is waited for but the end. */
function openTelling(tx: Transaction, now: number) {
  const pending = new Map<string, number>();
  return {
    /** Makes an event for those of a tenant's listeners that want it. @returns how many rows that took. */
    tell(those: readonly Listener[], { event, tenant, subject, reference, anchor }: Fact): number {
      const wanting = those.filter((listener) => listener.tenant === tenant && listener.events.has(event));
      if (wanting.length === 0) return 0;
      const eventId = `evt_${randomBytes(12).toString("hex")}`;
      const ids = wanting.map(({ id }) => id);
      tx.query(
        `WITH e AS (
          INSERT INTO webhook_events (event_id, tenant, event, subject, reference, anchor, created_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
        )
        INSERT INTO webhook_deliveries (event, endpoint, tenant, subject, state, since, next_attempt_at)
        SELECT e.id, t.endpoint, $2, $4, 'pending', $7, CASE WHEN EXISTS (
          SELECT 1 FROM webhook_deliveries d WHERE d.state = 'pending' AND d.endpoint = t.endpoint AND d.subject = $4
        ) THEN NULL ELSE $7::bigint END FROM e, unnest($8::text[]) AS t (endpoint)`,
        [eventId, tenant, event, subject, reference, anchor, now, ids],
      );
      for (const id of ids) pending.set(id, (pending.get(id) ?? 0) + 1);
      return 1 + wanting.length;
    },
    end(): void {
      if (pending.size === 0) return;
      tx.query(
        "UPDATE webhook_endpoints w SET pending = w.pending + t.n FROM unnest($1::text[], $2::bigint[]) AS t (id, n) WHERE w.id = t.id",
        [[...pending.keys()], [...pending.values()]],
      );
    },
  };
}

async function makeSome(tx: Transaction, most: number, now: number): Promise<{ made: number; more: boolean }> {
  // Another node is at it: it comes to its end without us.
  const [from] = await tx.query<Progress>(
    "SELECT anchor, position, sequence FROM webhook_progress FOR NO KEY UPDATE SKIP LOCKED",
  );
  if (!from) return { made: 0, more: false };
  const listeners = await holdListeners(tx);
  const telling = openTelling(tx, now);
  let { anchor, position, sequence } = from;
  let looked = 0;
  let made = 0;
  let more = true;
  while (looked + made < most) {
    const [row] = await tx.query<AnchorRow>(
      "SELECT p.state, p.confirmed_at, a.size FROM anchors a JOIN anchor_progress p ON p.anchor = a.id WHERE a.id = $1",
      [anchor],
    );
    if (row?.state !== "confirmed") {
      more = false;
      break;
    }
    looked += 1;
    const those = listeners.filter((listener) => listener.createdAt <= row.confirmed_at);
    if (those.length === 0 || position > row.size) {
      [anchor, position, sequence] = [anchor + 1, 0, 0];
    } else if (position === row.size) {
      // After the leaves, the anchor itself: told to one tenant after the other, `sequence` is the last of them.
      const next = those.find((listener) => listener.tenant > sequence);
      if (next === undefined) [position, sequence] = [position + 1, 0];
      else {
        const { tenant } = next;
        made += telling.tell(those, { event: "anchor.confirmed", tenant, subject: 0, reference: anchor, anchor });
        sequence = tenant;
      }
    } else {
      const { ledger, tenant, count, checkpoint } = await leafAt(tx, anchor, position);
      const own = those.filter((listener) => listener.tenant === tenant);
      if (checkpoint !== null) {
        made += telling.tell(own, {
          event: "checkpoint.verified",
          tenant,
          subject: ledger,
          reference: checkpoint,
          anchor,
        });
      } else if (own.some((listener) => listener.events.has("delta.verified"))) {
        sequence = Math.max(sequence, await countBefore(tx, ledger, count));
        // At least one in each step, so that steps of any size come to an end.
        do {
          invariant(sequence < count, "a head in an anchor has a delta that no earlier one had");
          sequence += 1;
          made += telling.tell(own, { event: "delta.verified", tenant, subject: ledger, reference: sequence, anchor });
        } while (sequence < count && looked + made < most);
        if (sequence < count) continue;
      }
      [position, sequence] = [position + 1, 0];
    }
  }
  telling.end();
  tx.query("UPDATE webhook_progress SET anchor = $1, position = $2, sequence = $3", [anchor, position, sequence]);
  return { made, more };
}

async function leafAt(tx: Transaction, anchor: number, position: number): Promise<LeafRow> {
  const [leaf] = await tx.query<LeafRow>(
    "SELECT l.ledger, g.tenant, l.count, l.checkpoint FROM anchor_leaves l JOIN ledgers g ON g.id = l.ledger WHERE l.anchor = $1 AND l.position = $2",
    [anchor, position],
  );
  invariant(leaf !== undefined, "an anchor has all of its leaves");
  return leaf;
}

async function countBefore(tx: Transaction, ledger: number, count: number): Promise<number> {
  const [row] = await tx.query<{ count: number }>(
    "SELECT count FROM anchor_leaves WHERE checkpoint IS NULL AND ledger = $1 AND count < $2 ORDER BY count DESC LIMIT 1",
    [ledger, count],
  );
  return row?.count ?? 0;
}
