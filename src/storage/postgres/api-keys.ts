import type { KeyObject } from "node:crypto";
import { utf8 } from "../../core/bytes.ts";
import { invariant, TallyrootError } from "../../core/errors.ts";
import type { ApiKeyRecord, TenantStore } from "../../ledger/ports/tenants.ts";
import { seal, unseal } from "../../ledger/seal.ts";
import { keyLabelPlace } from "../sealed-places.ts";
import type { Postgres, Transaction } from "./database.ts";
import type { Effects } from "./effects.ts";
import { openGathered } from "./gathered.ts";
import { NOW_MS } from "./record-group.ts";

/** Milliseconds between two writes of one key's last use, and until a use is written: those of that time share a commit. */
const USE_EVERY_MS = 60_000;
const USE_DELAY_MS = 1_000;
/** Keys whose last use is remembered; beyond that some are written more often. */
const MOST_REMEMBERED = 100_000;

type KeyRow = {
  public_id: string;
  tenant: number;
  secret_hash: Buffer;
  scope: ApiKeyRecord["scope"];
  ledger_address: Buffer | null;
  sealed_label: Buffer | null;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  last_used_at: number | null;
};

export type KeyParts = {
  master: KeyObject;
  effects: Effects;
  /** Unix milliseconds; undefined for the database's clock. */
  clock: (() => number) | undefined;
  report: (message: string, error: Error) => void;
};

type KeyStore = Pick<TenantStore, "addApiKey" | "apiKey" | "apiKeys" | "revokeApiKey" | "noteUse">;

export function insertKey(tx: Transaction, master: KeyObject, key: ApiKeyRecord): void {
  const { publicId, tenantId, secretHash, scope, ledgerAddress, createdAt, expiresAt, revokedAt, lastUsedAt } = key;
  const label = key.label === null ? null : seal(master, keyLabelPlace(publicId), utf8(key.label));
  tx.query(
    "INSERT INTO api_keys (public_id, tenant, secret_hash, scope, ledger_address, sealed_label, created_at, expires_at, revoked_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    [publicId, tenantId, secretHash, scope, ledgerAddress, label, createdAt, expiresAt, revokedAt, lastUsedAt],
  );
}

/** Whoever changes the keys of a tenant holds its row, so that two nodes do not take away its last two admin keys at once. */
const HOLD_TENANT = "SELECT 1 FROM api_keys WHERE tenant = $1 ORDER BY public_id FOR NO KEY UPDATE";

/**
 * Ends a key, $1, for one that follows it: at $2, as of $3. Nodes look at their clocks before they come to this, and not in the same
 * order; so that of two which leave no overlap one finds the key ended by the other, it ends by the database's clock where that is behind
 * theirs, and is held against it, behind the lock.
 */
const endBy = (now: string) => `UPDATE api_keys SET expires_at = CASE WHEN $2 <= $3 THEN least($2, ${now}) ELSE $2 END
  WHERE public_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > greatest($3, ${now})) RETURNING 1`;

/**
 * API keys: of a secret there is only the hash, a label is sealed with the master key and can be erased.
 *
 * They are read anew for each request, since any node may have changed them; requests of one turn of the event loop share one question.
 */
export function openKeyStore(
  db: Postgres,
  { master, effects, clock, report }: KeyParts,
): KeyStore & { close(): Promise<void> } {
  const end = endBy(clock ? "$3::bigint" : NOW_MS);
  /** When each key was used last, as this node has noted it. */
  const noted = new Map<string, number>();
  let uses = new Map<string, number>();
  /** What was written last, or is being written: who reads meanwhile may still find the row as it was. */
  let written = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();

  function keyOf(row: KeyRow): ApiKeyRecord {
    return {
      publicId: row.public_id,
      tenantId: row.tenant,
      secretHash: row.secret_hash,
      scope: row.scope,
      ledgerAddress: row.ledger_address,
      label: row.sealed_label && unseal(master, keyLabelPlace(row.public_id), row.sealed_label).toString("utf8"),
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      revokedAt: row.revoked_at,
      lastUsedAt: uses.get(row.public_id) ?? latest(written.get(row.public_id), row.last_used_at),
    };
  }

  const keyAt = openGathered(async (publicIds: readonly string[]) => {
    const rows = await db.read<KeyRow>("SELECT * FROM api_keys WHERE public_id = ANY ($1::text[])", [publicIds]);
    return new Map(rows.map((row) => [row.public_id, keyOf(row)]));
  });

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    if (uses.size === 0) return;
    written = uses;
    uses = new Map();
    const pairs = [...written].sort(([a], [b]) => (a < b ? -1 : 1));
    try {
      await db.transaction(async (tx) => {
        tx.query(
          `UPDATE api_keys k SET last_used_at = greatest(k.last_used_at, u.at) FROM unnest($1::text[], $2::bigint[]) AS u (public_id, at)
          WHERE k.public_id = u.public_id`,
          [pairs.map(([publicId]) => publicId), pairs.map(([, at]) => at)],
        );
      });
    } catch (error) {
      // When a key was last used is a convenience: a database that is away harms nobody, and the next use is noted again.
      if (!(error instanceof TallyrootError)) throw error;
      report("the last uses of API keys could not be written", error);
    }
  }

  return {
    addApiKey: (key, { ends, request } = {}) =>
      effects.once<"added" | "ended">(request, "added", async (tx) => {
        if (ends) {
          tx.query("SELECT 1 FROM api_keys WHERE public_id = $1 FOR NO KEY UPDATE", [ends.publicId]);
          const usable = await tx.query(end, [ends.publicId, ends.expiresAt, key.createdAt]);
          if (usable.length === 0) return "ended";
        }
        insertKey(tx, master, key);
        return "added";
      }),
    apiKey: keyAt,
    async apiKeys(tenantId, { offset, limit }) {
      const [rows, counted] = await Promise.all([
        db.read<KeyRow>("SELECT * FROM api_keys WHERE tenant = $1 ORDER BY created_at, public_id LIMIT $2 OFFSET $3", [
          tenantId,
          limit,
          offset,
        ]),
        db.read<{ n: number }>("SELECT count(*) AS n FROM api_keys WHERE tenant = $1", [tenantId]),
      ]);
      return { keys: rows.map(keyOf), total: counted[0]!.n };
    },
    revokeApiKey: (publicId, at, request) =>
      effects.once<"revoked" | "last">(request, "revoked", async (tx) => {
        const [owned] = await tx.query<{ tenant: number }>("SELECT tenant FROM api_keys WHERE public_id = $1", [
          publicId,
        ]);
        invariant(owned !== undefined, "a key that is to be revoked exists");
        tx.query(HOLD_TENANT, [owned.tenant]);
        const [key] = await tx.query<KeyRow>("SELECT * FROM api_keys WHERE public_id = $1", [publicId]);
        // A key that has an end is no substitute for one that has none: a tenant whose last admin key expires is locked out.
        const until = key!.expires_at === null ? null : at;
        const others = await tx.query(
          "SELECT 1 FROM api_keys WHERE tenant = $1 AND scope = 'admin' AND public_id <> $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3) LIMIT 1",
          [owned.tenant, publicId, until],
        );
        if (key!.scope === "admin" && key!.revoked_at === null && others.length === 0) return "last";
        tx.query("UPDATE api_keys SET revoked_at = coalesce(revoked_at, $2) WHERE public_id = $1", [publicId, at]);
        return "revoked";
      }),
    noteUse(publicId, at) {
      const last = noted.get(publicId);
      if (last !== undefined && at - last < USE_EVERY_MS) return;
      if (noted.size >= MOST_REMEMBERED) noted.clear();
      noted.set(publicId, at);
      uses.set(publicId, at);
      timer ??= setTimeout(() => {
        flushing = flush();
      }, USE_DELAY_MS).unref();
    },
    async close() {
      await flushing;
      await flush();
    },
  };
}

function latest(a: number | undefined, b: number | null): number | null {
  return a === undefined ? b : Math.max(a, b ?? a);
}
