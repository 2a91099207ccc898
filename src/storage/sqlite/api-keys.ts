import type { KeyObject } from "node:crypto";
import Database from "better-sqlite3";
import { sameBytes, utf8 } from "../../core/bytes.ts";
import { invariant } from "../../core/errors.ts";
import type { RequestEffect } from "../../ledger/ports/effects.ts";
import type { ApiKeyRecord, TenantStore } from "../../ledger/ports/tenants.ts";
import { seal, unseal } from "../../ledger/seal.ts";
import { keyLabelPlace } from "../sealed-places.ts";
import type { Sqlite } from "./database.ts";
import type { SqliteEffects } from "./effects.ts";
import { writing } from "./refused-write.ts";

/** Milliseconds between two writes of one key's last use, and until a use is written: those of that time share a commit. */
const USE_EVERY_MS = 60_000;
const USE_DELAY_MS = 1_000;

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

type KeyStore = Pick<TenantStore, "addApiKey" | "apiKey" | "apiKeys" | "revokeApiKey" | "noteUse">;

/** What only the other parts of this store do with API keys. */
type Inside = {
  put(key: ApiKeyRecord): void;
  /** Reads the keys of one ledger anew: their labels were erased. */
  forgetKeysOf(ledgerAddress: Uint8Array): void;
  close(): void;
};

/**
 * API keys: of a secret there is only the hash, a label is sealed with the master key and can be erased.
 *
 * Keys stay in memory once they were read, since every request asks for one. This process is the only one that changes them, and each
 * change is in memory before its method returns.
 */
export function openKeyStore(
  db: Sqlite,
  {
    master,
    effects,
    report,
  }: { master: KeyObject; effects: SqliteEffects; report: (message: string, error: Error) => void },
): KeyStore & Inside {
  const insert = db.prepare(
    "INSERT INTO api_keys (public_id, tenant, secret_hash, scope, ledger_address, created_at, expires_at, revoked_at, last_used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const insertLabel = db.prepare("INSERT INTO api_key_labels (public_id, sealed_label) VALUES (?, ?)");
  const byId = db.prepare<[string], KeyRow>(
    "SELECT k.*, l.sealed_label FROM api_keys k LEFT JOIN api_key_labels l USING (public_id) WHERE public_id = ?",
  );
  const page = db.prepare<[number, number, number], { public_id: string }>(
    "SELECT public_id FROM api_keys WHERE tenant = ? ORDER BY created_at, public_id LIMIT ? OFFSET ?",
  );
  const count = db.prepare<[number], { n: number }>("SELECT count(*) AS n FROM api_keys WHERE tenant = ?");
  const otherAdmins = db.prepare<[number, string, number | null], { n: number }>(
    "SELECT count(*) AS n FROM api_keys WHERE tenant = ? AND scope = 'admin' AND public_id <> ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)",
  );
  const usable = db.prepare<[string, number], { n: number }>(
    "SELECT count(*) AS n FROM api_keys WHERE public_id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)",
  );
  const setEnd = db.prepare("UPDATE api_keys SET expires_at = ? WHERE public_id = ?");
  const setRevoked = db.prepare("UPDATE api_keys SET revoked_at = ? WHERE public_id = ?");
  const setUsed = db.prepare("UPDATE api_keys SET last_used_at = ? WHERE public_id = ?");

  const keys = new Map<string, ApiKeyRecord>();
  let uses = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;

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
      lastUsedAt: uses.get(row.public_id) ?? row.last_used_at,
    };
  }

  function keyAt(publicId: string): ApiKeyRecord | undefined {
    const known = keys.get(publicId);
    if (known) return known;
    const row = byId.get(publicId);
    const key = row && keyOf(row);
    // Only keys that exist are kept: a flood of wrong ones takes no memory.
    if (key) keys.set(publicId, key);
    return key;
  }

  function put(key: ApiKeyRecord): void {
    const { publicId, tenantId, secretHash, scope, ledgerAddress, createdAt, expiresAt, revokedAt, lastUsedAt } = key;
    insert.run(publicId, tenantId, secretHash, scope, ledgerAddress, createdAt, expiresAt, revokedAt, lastUsedAt);
    insertLabel.run(publicId, key.label === null ? null : seal(master, keyLabelPlace(publicId), utf8(key.label)));
  }

  const add = db.transaction(
    (
      key: ApiKeyRecord,
      ends: { publicId: string; expiresAt: number } | undefined,
      request: RequestEffect | undefined,
    ) => {
      if (request && effects.find(request.requestId)) return "repeated";
      if (ends && usable.get(ends.publicId, key.createdAt)!.n === 0) return "ended";
      put(key);
      if (ends) setEnd.run(ends.expiresAt, ends.publicId);
      effects.note(request);
      return "added";
    },
  );

  const revoke = db.transaction((publicId: string, at: number, request: RequestEffect | undefined) => {
    if (request && effects.find(request.requestId)) return "repeated";
    const key = keyAt(publicId);
    invariant(key !== undefined, "a key that is to be revoked exists");
    // A key that has an end is no substitute for one that has none: a tenant whose last admin key expires is locked out.
    const until = key.expiresAt === null ? null : at;
    const lastAdmin =
      key.scope === "admin" && key.revokedAt === null && otherAdmins.get(key.tenantId, publicId, until)!.n === 0;
    if (lastAdmin) return "last";
    if (key.revokedAt === null) setRevoked.run(at, publicId);
    effects.note(request);
    return "revoked";
  });

  const storeUses = db.transaction((noted: ReadonlyMap<string, number>) => {
    for (const [publicId, at] of noted) setUsed.run(at, publicId);
  });

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const noted = uses;
    uses = new Map();
    try {
      if (noted.size > 0) storeUses.immediate(noted);
    } catch (error) {
      // When a key was last used is a convenience: a disk that refuses it now harms nobody, and the next use is noted again.
      if (!(error instanceof Database.SqliteError)) throw error;
      report("the last uses of API keys could not be written", error);
    }
  }

  return {
    put,
    async addApiKey(key, { ends, request } = {}) {
      const added = writing(() => add.immediate(key, ends, request));
      if (ends) keys.delete(ends.publicId);
      return added;
    },
    apiKey: async (publicId) => keyAt(publicId),
    async apiKeys(tenantId, { offset, limit }) {
      const ids = page.all(tenantId, limit, offset);
      return { keys: ids.map((row) => keyAt(row.public_id)!), total: count.get(tenantId)!.n };
    },
    async revokeApiKey(publicId, at, request) {
      const outcome = writing(() => revoke.immediate(publicId, at, request));
      keys.delete(publicId);
      return outcome;
    },
    noteUse(publicId, at) {
      const key = keyAt(publicId);
      if (!key || (key.lastUsedAt !== null && at - key.lastUsedAt < USE_EVERY_MS)) return;
      keys.set(publicId, { ...key, lastUsedAt: at });
      uses.set(publicId, at);
      timer ??= setTimeout(flush, USE_DELAY_MS).unref();
    },
    forgetKeysOf(ledgerAddress) {
      for (const [publicId, key] of keys)
        if (key.ledgerAddress && sameBytes(key.ledgerAddress, ledgerAddress)) keys.delete(publicId);
    },
    close: flush,
  };
}
