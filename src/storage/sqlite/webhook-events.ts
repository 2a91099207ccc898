import { randomBytes } from "node:crypto";
import { invariant } from "../../core/errors.ts";
import type { EventName, WebhookStore } from "../../ledger/ports/webhooks.ts";
import type { Sqlite } from "./database.ts";

/** An endpoint as far as it matters for what it is told. */
type Listener = { id: string; tenant: number; events: ReadonlySet<EventName>; createdAt: number };

type ListenerRow = { id: string; tenant: number; events: string; created_at: number };
type Progress = { anchor: number; position: number; sequence: number };
type AnchorRow = { state: string; confirmed_at: number; size: number };
type LeafRow = { ledger: number; tenant: number; count: number; checkpoint: number | null };
type Fact = { event: EventName; tenant: number; subject: number; reference: number; anchor: number | null };

/** How events come to be: out of confirmed anchors, leaf by leaf, behind the record and in small transactions. */
export function openEventMaking(
  db: Sqlite,
): Pick<WebhookStore, "makeEvents" | "makeHaltedEvents"> & { endpointsChanged(): void } {
  const listenerRows = db.prepare<[], ListenerRow>(
    "SELECT id, tenant, events, created_at FROM webhook_endpoints WHERE deleted_at IS NULL ORDER BY tenant, created_at, id",
  );
  const progress = db.prepare<[], Progress>("SELECT anchor, position, sequence FROM webhook_progress");
  const moveOn = db.prepare("UPDATE webhook_progress SET anchor = ?, position = ?, sequence = ?");
  const anchorAt = db.prepare<[number], AnchorRow>(
    "SELECT p.state, p.confirmed_at, a.size FROM anchors a JOIN anchor_progress p ON p.anchor = a.id WHERE a.id = ?",
  );
  const leafAt = db.prepare<[number, number], LeafRow>(
    "SELECT l.ledger, g.tenant, l.count, l.checkpoint FROM anchor_leaves l JOIN ledgers g ON g.id = l.ledger WHERE l.anchor = ? AND l.position = ?",
  );
  const countBefore = db.prepare<[number, number], { count: number }>(
    "SELECT count FROM anchor_leaves WHERE checkpoint IS NULL AND ledger = ? AND count < ? ORDER BY count DESC LIMIT 1",
  );
  const insertEvent = db.prepare(
    "INSERT INTO webhook_events (event_id, tenant, event, subject, reference, anchor, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const insertDelivery = db.prepare(
    "INSERT INTO webhook_deliveries (event, endpoint, tenant, subject, state, since, next_attempt_at) VALUES (?, ?, ?, ?, 'pending', ?, ?)",
  );
  const laneIsBusy = db.prepare<[string, number], unknown>(
    "SELECT 1 FROM webhook_deliveries WHERE state = 'pending' AND endpoint = ? AND subject = ? LIMIT 1",
  );
  const addPending = db.prepare("UPDATE webhook_endpoints SET pending = pending + 1 WHERE id = ?");

  // Read anew after each change; this process is the only one that changes endpoints.
  let known: readonly Listener[] | undefined;
  function listeners(): readonly Listener[] {
    known ??= listenerRows.all().map((row) => ({
      id: row.id,
      tenant: row.tenant,
      events: new Set(JSON.parse(row.events) as EventName[]),
      createdAt: row.created_at,
    }));
    return known;
  }

  /** Makes an event for those of a tenant's listeners that want it. @returns how many rows that took. */
  function tell(those: readonly Listener[], fact: Fact, now: number): number {
    const wanting = those.filter((listener) => listener.tenant === fact.tenant && listener.events.has(fact.event));
    if (wanting.length === 0) return 0;
    const eventId = `evt_${randomBytes(12).toString("hex")}`;
    const { event, tenant, subject, reference, anchor } = fact;
    const { lastInsertRowid } = insertEvent.run(eventId, tenant, event, subject, reference, anchor, now);
    for (const { id } of wanting) {
      const turn = laneIsBusy.get(id, subject) ? null : now;
      insertDelivery.run(lastInsertRowid, id, tenant, subject, now, turn);
      addPending.run(id);
    }
    return 1 + wanting.length;
  }

  const makeSome = db.transaction((most: number, now: number): { made: number; more: boolean } => {
    const from = progress.get();
    invariant(from !== undefined, "there is a place up to which events were made");
    let { anchor, position, sequence } = from;
    let looked = 0;
    let made = 0;
    let more = true;
    while (looked + made < most) {
      const row = anchorAt.get(anchor);
      if (row?.state !== "confirmed") {
        more = false;
        break;
      }
      looked += 1;
      const those = listeners().filter((listener) => listener.createdAt <= row.confirmed_at);
      if (those.length === 0 || position > row.size) {
        [anchor, position, sequence] = [anchor + 1, 0, 0];
      } else if (position === row.size) {
        // After the leaves, the anchor itself: told to one tenant after the other, `sequence` is the last of them.
        const next = those.find((listener) => listener.tenant > sequence);
        if (next === undefined) [position, sequence] = [position + 1, 0];
        else {
          made += tell(
            those,
            { event: "anchor.confirmed", tenant: next.tenant, subject: 0, reference: anchor, anchor },
            now,
          );
          sequence = next.tenant;
        }
      } else {
        const leaf = leafAt.get(anchor, position);
        invariant(leaf !== undefined, "an anchor has all of its leaves");
        const { ledger, tenant, count, checkpoint } = leaf;
        const own = those.filter((listener) => listener.tenant === tenant);
        if (checkpoint !== null) {
          made += tell(
            own,
            { event: "checkpoint.verified", tenant, subject: ledger, reference: checkpoint, anchor },
            now,
          );
        } else if (own.some((listener) => listener.events.has("delta.verified"))) {
          sequence = Math.max(sequence, countBefore.get(ledger, count)?.count ?? 0);
          // At least one in each step, so that steps of any size come to an end.
          do {
            invariant(sequence < count, "a head in an anchor has a delta that no earlier one had");
            sequence += 1;
            made += tell(own, { event: "delta.verified", tenant, subject: ledger, reference: sequence, anchor }, now);
          } while (sequence < count && looked + made < most);
          if (sequence < count) continue;
        }
        [position, sequence] = [position + 1, 0];
      }
    }
    moveOn.run(anchor, position, sequence);
    return { made, more };
  });

  const tellOfHalt = db.transaction((now: number): number => {
    const tenants = new Set(listeners().map(({ tenant }) => tenant));
    const made = [...tenants].map((tenant) =>
      tell(listeners(), { event: "anchoring.halted", tenant, subject: 0, reference: 0, anchor: null }, now),
    );
    return made.filter((rows) => rows > 0).length;
  });

  return {
    async makeEvents(most, now) {
      // Nobody listens: the anchors that nobody was told of are passed over when somebody does.
      if (listeners().length === 0) return { made: 0, more: false };
      const next = progress.get();
      if (next && anchorAt.get(next.anchor)?.state !== "confirmed") return { made: 0, more: false };
      return makeSome.immediate(most, now);
    },
    makeHaltedEvents: async (now) => tellOfHalt.immediate(now),
    endpointsChanged() {
      known = undefined;
    },
  };
}
