import type { KeyObject } from "node:crypto";
import { parseAmount } from "../../core/amount.ts";
import { invariant, TallyrootError } from "../../core/errors.ts";
import { HASH_BYTES } from "../../core/tree.ts";
import { periodOf } from "../../ledger/calendar.ts";
import { type Ledger, RecordDamagedError, type RecordOutcome, type StoredDelta } from "../../ledger/ports/ledgers.ts";
import { type DraftUnit, emptyDraft, mapKey, openDrafting, type StoredStanding } from "../draft.ts";
import type { Postgres, Transaction } from "./database.ts";
import { metAnotherRequest } from "./effects.ts";
import { OWNED_DELTA_COLUMNS, type OwnedDeltaRow, ownedDelta } from "./reader.ts";
import { hasState, STATE } from "./trouble.ts";
import { writeDraft } from "./write-draft.ts";

export type RecordParts = {
  db: Postgres;
  master: KeyObject;
  /** Deltas that a tenant may record in a UTC month; null for no quota. */
  quota: number | null;
  /** Unix milliseconds; undefined for the database's clock. */
  clock: (() => number) | undefined;
};

/** A unit with the addresses of its ledgers. */
export type AddressedUnit = DraftUnit & { addresses: readonly Uint8Array[] };

/** `held`: another node is writing in one of its ledgers; nothing was done. */
export type UnitCame =
  | { kind: "came"; outcomes: RecordOutcome[] }
  | { kind: "failed"; error: unknown }
  | { kind: "held" };

/** Whoever records in a ledger holds its head's row, taken in the order of their numbers, so that nobody waits in a circle. */
const LOCK = `SELECT h.ledger FROM ledger_heads h
  WHERE h.ledger = ANY (SELECT id FROM ledgers WHERE address = ANY ($1::bytea[])) ORDER BY h.ledger FOR NO KEY UPDATE`;
/**
 * Read after the lock is there, by a statement of its own: one that waited would see some rows as they were before it did. Where a window was
 * stated, nothing is recorded in it any more behind its back, also by a clock that was set back.
 */
const STANDINGS = `SELECT a.address, coalesce(l.id, nextval('ledger_numbers')) AS id, l.tenant, l.opened_at,
    h.count, h.balance, h.peaks, greatest(h.recorded_at, (SELECT max(least(c.to_time, c.created_at)) FROM checkpoints c
      WHERE c.ledger = l.id AND c.kind = 'window')) AS recorded_at, k.generation, k.wrapped, k.sealed_customer_id
  FROM unnest($1::bytea[]) WITH ORDINALITY AS a (address, place)
  LEFT JOIN ledgers l ON l.address = a.address
  LEFT JOIN ledger_heads h ON h.ledger = l.id
  LEFT JOIN LATERAL (SELECT * FROM ledger_keys WHERE ledger = l.id ORDER BY generation DESC LIMIT 1) k ON true
  ORDER BY a.place`;
const KNOWN = `SELECT r.request_id AS known, q.route, ${OWNED_DELTA_COLUMNS} FROM request_ids r
  LEFT JOIN requests q ON q.request_id = r.request_id
  LEFT JOIN deltas d ON d.ledger = r.ledger AND d.sequence = r.sequence
  LEFT JOIN ledgers l ON l.id = r.ledger WHERE r.request_id = ANY ($1::bytea[])`;
/** The time of what is recorded: read once the locks are there, so that it never goes back within a ledger, whichever node writes. */
export const NOW_MS = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
export const NOW = `SELECT ${NOW_MS} AS now`;

type StandingRow = {
  address: Buffer;
  id: number;
  generation: number;
  wrapped: Buffer | null;
  sealed_customer_id: Buffer | null;
} & (
  | { tenant: null; count: null }
  | { tenant: number; opened_at: number; count: number; balance: string; recorded_at: number; peaks: Buffer }
);
type KnownRow = { known: Buffer } & ({ route: string; ledger: null } | ({ route: null } & OwnedDeltaRow));

/** What a group is composed from, as it stands behind the locks. */
type Ground = {
  standings: Map<string, StandingRow>;
  held: Set<string>;
  replayed: Map<string, StoredDelta>;
  routes: Map<string, string>;
  used: Map<number, number>;
  now: number;
};

/**
 * Records units together, in one transaction of two round trips: one that locks their ledgers and reads where they stand, one that writes
 * it all and commits. Composing and sealing are done in between, in this process.
 *
 * @param wait for ledgers that others hold, or leave out the units that need them.
 * @throws TallyrootError SERVICE_UNAVAILABLE
 */
export function recordGroup(parts: RecordParts, units: readonly AddressedUnit[], wait: boolean): Promise<UnitCame[]> {
  return parts.db.transaction(
    async (tx) => {
      const ground = await lookUp(tx, parts, units, wait);
      const composed = compose(parts, units, ground);
      writeDraft(tx, parts, composed.draft, ground.now);
      return composed.came;
    },
    (error) => metAnotherRequest(error) || hasState(error, STATE.uniqueViolation, "ledgers_address_key"),
  );
}

async function lookUp(
  tx: Transaction,
  { quota, clock }: RecordParts,
  units: readonly AddressedUnit[],
  wait: boolean,
): Promise<Ground> {
  const addresses = distinct(units.flatMap((unit) => unit.addresses));
  const ids = distinct(
    units.flatMap(({ requests, request }) =>
      [...requests, request].flatMap((each) => (each?.requestId ? [each.requestId] : [])),
    ),
  );
  const locking = tx.query<{ ledger: number }>(wait ? LOCK : `${LOCK} SKIP LOCKED`, [addresses]);
  const standing = tx.query<StandingRow>(STANDINGS, [addresses]);
  const knowing = ids.length > 0 ? tx.query<KnownRow>(KNOWN, [ids]) : Promise.resolve([]);
  const timing = tx.query<{ now: number }>(NOW);
  const locked = new Set((await locking).map(({ ledger }) => ledger));
  const rows = await standing;
  const known = await knowing;
  const now = clock?.() ?? (await timing)[0]!.now;
  const tenants = new Set(units.flatMap(({ requests }) => requests.map(({ tenant }) => tenant.id)));
  return {
    standings: new Map(rows.map((row) => [mapKey(row.address), row])),
    // One that was opened since is another's as well.
    held: new Set(
      rows.filter(({ tenant, id }) => tenant !== null && !locked.has(id)).map(({ address }) => mapKey(address)),
    ),
    replayed: new Map(known.flatMap((row) => (row.route === null ? [[mapKey(row.known), ownedDelta(row)]] : []))),
    routes: new Map(known.flatMap((row) => (row.route === null ? [] : [[mapKey(row.known), row.route]]))),
    used: quota === null ? new Map() : await usedBy(tx, [...tenants], periodOf(now)),
    now,
  };
}

/** What tenants have recorded in a month, behind a lock: neither a burst nor another node gets past a quota. */
async function usedBy(tx: Transaction, tenants: number[], period: string): Promise<Map<number, number>> {
  tx.query(
    "INSERT INTO usage (tenant, period, slot, deltas) SELECT t, $2, 0, 0 FROM unnest($1::bigint[]) t ORDER BY t ON CONFLICT DO NOTHING",
    [tenants, period],
  );
  tx.query(
    "SELECT 1 FROM usage WHERE tenant = ANY ($1::bigint[]) AND period = $2 AND slot = 0 ORDER BY tenant FOR NO KEY UPDATE",
    [tenants, period],
  );
  const rows = await tx.query<{ tenant: number; deltas: number }>(
    "SELECT tenant, sum(deltas)::bigint AS deltas FROM usage WHERE tenant = ANY ($1::bigint[]) AND period = $2 GROUP BY tenant",
    [tenants, period],
  );
  return new Map(rows.map(({ tenant, deltas }) => [tenant, deltas]));
}

function compose({ master, quota }: RecordParts, units: readonly AddressedUnit[], ground: Ground) {
  const { composeUnit } = openDrafting({
    standing: (tenantId, address) => standingOf(ground, tenantId, address),
    deltaByRequestId: (requestId) => ground.replayed.get(mapKey(requestId)),
    routeOf: (requestId) => ground.routes.get(mapKey(requestId)),
    refusal: (tenantId, drafted, now) => refusal(quota, (ground.used.get(tenantId) ?? 0) + drafted, now),
    master,
    state: () => undefined,
    newLedgerId: (address) => ground.standings.get(mapKey(address))!.id,
  });
  const failed = new Map<AddressedUnit, unknown>();
  for (;;) {
    const draft = emptyDraft();
    let failure: { unit: AddressedUnit; error: unknown } | undefined;
    const came = units.map((unit): UnitCame => {
      if (failure || failed.has(unit)) return { kind: "failed", error: failed.get(unit) };
      if (unit.addresses.some((address) => ground.held.has(mapKey(address)))) return { kind: "held" };
      try {
        return { kind: "came", outcomes: composeUnit(unit, draft, ground.now) };
      } catch (error) {
        failure = { unit, error };
        return { kind: "failed", error };
      }
    });
    if (!failure) return { draft, came };
    // What it left in the draft is dropped: a ledger that cannot be read harms whoever asked for it, and nobody else.
    failed.set(failure.unit, failure.error);
  }
}

function standingOf(ground: Ground, tenantId: number, address: Uint8Array): StoredStanding | undefined {
  const row = ground.standings.get(mapKey(address));
  invariant(row !== undefined, "the ledger of each request was looked up");
  if (row.tenant === null) return undefined;
  invariant(row.tenant === tenantId && row.count !== null, "a ledger is its tenant's, and has a head");
  const { id, opened_at, count, balance, recorded_at, peaks, generation, wrapped, sealed_customer_id } = row;
  const ledger = { id, tenantId, address: row.address, openedAt: opened_at };
  return {
    ledger,
    balance: balanceIn(balance, ledger, count),
    recordedAt: recorded_at,
    frontier: { count, peaks: hashesIn(peaks) },
    key: { generation, wrapped, sealedCustomerId: sealed_customer_id },
  };
}

/** @throws RecordDamagedError when it is none: only a change of the row can make it so. */
function balanceIn(stored: string, ledger: Ledger, sequence: number): bigint {
  try {
    return parseAmount(stored);
  } catch (error) {
    if (!(error instanceof TallyrootError)) throw error;
    throw new RecordDamagedError("the stored balance is no amount", { ledger, sequence });
  }
}

function hashesIn(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}

function refusal(quota: number | null, used: number, now: number): TallyrootError | undefined {
  if (quota === null || used < quota) return undefined;
  const period = periodOf(now);
  return new TallyrootError("QUOTA_EXCEEDED", `the quota of ${quota} deltas for ${period} is used up`, {
    allowed: quota,
    period,
  });
}

function distinct(bytes: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(bytes.map((each) => [mapKey(each), each])).values()];
}
