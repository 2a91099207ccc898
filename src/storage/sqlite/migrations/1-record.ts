import { appendOnly } from "../append-only.ts";

/** Tenants, ledgers, deltas and anchors. */
export const RECORD = `
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE tenants (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  sealed_secret BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- ledger_address: set for a key that reads this one ledger and nothing else.
CREATE TABLE api_keys (
  public_id TEXT PRIMARY KEY,
  tenant INTEGER NOT NULL REFERENCES tenants (id),
  secret_hash BLOB NOT NULL,
  scope TEXT NOT NULL CHECK (scope IN ('admin', 'write', 'read')),
  ledger_address BLOB,
  sealed_label BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_by_tenant ON api_keys (tenant, created_at);

CREATE TABLE ledgers (
  id INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL REFERENCES tenants (id),
  address BLOB NOT NULL UNIQUE,
  opened_at INTEGER NOT NULL
) STRICT;
CREATE INDEX ledgers_by_tenant ON ledgers (tenant, id);

-- The one table whose rows are emptied on purpose: erasing content destroys the wrapped key.
CREATE TABLE ledger_keys (
  ledger INTEGER NOT NULL REFERENCES ledgers (id),
  generation INTEGER NOT NULL,
  wrapped BLOB,
  sealed_customer_id BLOB,
  PRIMARY KEY (ledger, generation)
) STRICT, WITHOUT ROWID;

-- One row per delta in order of arrival. nodes: the tree nodes above leaf level that this delta completed, lowest first.
CREATE TABLE deltas (
  id INTEGER PRIMARY KEY,
  ledger INTEGER NOT NULL,
  sequence INTEGER NOT NULL CHECK (sequence >= 1),
  amount TEXT NOT NULL,
  balance TEXT NOT NULL,
  recorded_at INTEGER NOT NULL,
  commitment BLOB NOT NULL CHECK (length(commitment) = 32),
  fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
  nodes BLOB NOT NULL,
  generation INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  request_id BLOB
) STRICT;
CREATE UNIQUE INDEX deltas_by_ledger ON deltas (ledger, sequence);

-- First six bytes of a fingerprint or request id → delta. Filled in sorted batches behind the record; the rest is in memory.
CREATE TABLE fingerprint_index (prefix INTEGER NOT NULL, delta INTEGER NOT NULL, PRIMARY KEY (prefix, delta)) STRICT, WITHOUT ROWID;
CREATE TABLE request_index (prefix INTEGER NOT NULL, delta INTEGER NOT NULL, PRIMARY KEY (prefix, delta)) STRICT, WITHOUT ROWID;

-- through: the last delta, in order of arrival, that had been looked at when the anchor was made.
CREATE TABLE anchors (
  id INTEGER PRIMARY KEY,
  root BLOB NOT NULL CHECK (length(root) = 32),
  size INTEGER NOT NULL CHECK (size >= 1),
  through INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE anchor_leaves (
  anchor INTEGER NOT NULL,
  position INTEGER NOT NULL,
  ledger INTEGER NOT NULL,
  count INTEGER NOT NULL,
  balance TEXT NOT NULL,
  root BLOB NOT NULL,
  leaf BLOB NOT NULL,
  nodes BLOB NOT NULL,
  PRIMARY KEY (anchor, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX anchor_leaves_by_ledger ON anchor_leaves (ledger, count);

-- What was signed, before it was sent.
CREATE TABLE anchor_transactions (
  anchor INTEGER NOT NULL REFERENCES anchors (id),
  attempt INTEGER NOT NULL,
  nonce INTEGER NOT NULL,
  hash BLOB NOT NULL,
  raw BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (anchor, attempt)
) STRICT, WITHOUT ROWID;

-- How far an anchor is: the only part of it that changes.
CREATE TABLE anchor_progress (
  anchor INTEGER PRIMARY KEY REFERENCES anchors (id),
  state TEXT NOT NULL CHECK (state IN ('prepared', 'sent', 'confirmed')),
  transaction_hash BLOB,
  block_number INTEGER,
  block_hash BLOB,
  block_time INTEGER,
  confirmed_at INTEGER
) STRICT;
CREATE INDEX anchor_progress_open ON anchor_progress (anchor) WHERE state <> 'confirmed';

${appendOnly("tenants")}
${appendOnly("ledgers")}
${appendOnly("deltas")}
${appendOnly("anchors")}
${appendOnly("anchor_transactions")}
CREATE TRIGGER anchor_leaves_keep_update BEFORE UPDATE ON anchor_leaves BEGIN SELECT RAISE(ABORT, 'anchor_leaves are append-only'); END;
-- Leaves without their anchor are what a crash left of an anchor that was never made.
CREATE TRIGGER anchor_leaves_keep_delete BEFORE DELETE ON anchor_leaves WHEN EXISTS (SELECT 1 FROM anchors WHERE id = OLD.anchor)
  BEGIN SELECT RAISE(ABORT, 'anchor_leaves are append-only'); END;
`;
