/**
 * What erasing must reach stands where SQLite never copies it.
 *
 * A table WITHOUT ROWID moves rows between pages as it grows, and leaves their bytes behind in the page that they came from; overwriting
 * the row later does not reach those. A table with rowids that is only appended to, and whose rows only ever shrink, moves none. So keys
 * and labels have such tables, and labels one of their own: the other columns of an API key do grow.
 */
export const ERASURE = `
CREATE TABLE ledger_keys_appended (
  ledger INTEGER NOT NULL REFERENCES ledgers (id),
  generation INTEGER NOT NULL,
  wrapped BLOB,
  sealed_customer_id BLOB,
  erased_at INTEGER,
  PRIMARY KEY (ledger, generation)
) STRICT;
INSERT INTO ledger_keys_appended (ledger, generation, wrapped, sealed_customer_id, erased_at)
  SELECT ledger, generation, wrapped, sealed_customer_id, erased_at FROM ledger_keys ORDER BY ledger, generation;
DROP TABLE ledger_keys;
ALTER TABLE ledger_keys_appended RENAME TO ledger_keys;

-- What API keys are for, sealed with the master key. Null once the content of the one ledger that a key reads was erased.
CREATE TABLE api_key_labels (
  id INTEGER PRIMARY KEY,
  public_id TEXT NOT NULL UNIQUE,
  sealed_label BLOB
) STRICT;
INSERT INTO api_key_labels (public_id, sealed_label) SELECT public_id, sealed_label FROM api_keys ORDER BY created_at, public_id;

CREATE TABLE api_keys_without_label (
  public_id TEXT PRIMARY KEY,
  tenant INTEGER NOT NULL REFERENCES tenants (id),
  secret_hash BLOB NOT NULL,
  scope TEXT NOT NULL CHECK (scope IN ('admin', 'write', 'read')),
  ledger_address BLOB,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO api_keys_without_label (public_id, tenant, secret_hash, scope, ledger_address, created_at, expires_at, revoked_at, last_used_at)
  SELECT public_id, tenant, secret_hash, scope, ledger_address, created_at, expires_at, revoked_at, last_used_at FROM api_keys;
DROP TABLE api_keys;
ALTER TABLE api_keys_without_label RENAME TO api_keys;
CREATE INDEX api_keys_by_tenant ON api_keys (tenant, created_at);
CREATE INDEX api_keys_by_ledger ON api_keys (ledger_address) WHERE ledger_address IS NOT NULL;
`;
