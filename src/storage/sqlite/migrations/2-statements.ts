import { appendOnly } from "../append-only.ts";

/** Checkpoints, the effects of idempotent requests, usage, and webhooks. */
export const STATEMENTS = `
-- Statements about one ledger. kind window: the period-end statement over [from_time, to_time); kind selection: over chosen deltas.
-- statement_id is what the API calls checkpointId; it is derived from the leaf, which is no secret.
CREATE TABLE checkpoints (
  id INTEGER PRIMARY KEY,
  statement_id TEXT NOT NULL UNIQUE,
  tenant INTEGER NOT NULL REFERENCES tenants (id),
  ledger INTEGER NOT NULL REFERENCES ledgers (id),
  kind TEXT NOT NULL CHECK (kind IN ('window', 'selection')),
  from_time INTEGER NOT NULL,
  to_time INTEGER NOT NULL,
  first_sequence INTEGER NOT NULL,
  count INTEGER NOT NULL,
  opening_balance TEXT NOT NULL,
  closing_balance TEXT NOT NULL,
  root BLOB NOT NULL CHECK (length(root) = 32),
  fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 32),
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX checkpoints_by_ledger ON checkpoints (ledger, id);
CREATE INDEX checkpoints_by_tenant ON checkpoints (tenant, id);
CREATE UNIQUE INDEX checkpoints_by_window ON checkpoints (ledger, from_time, to_time, count) WHERE kind = 'window';
CREATE INDEX checkpoints_by_tenant_window ON checkpoints (tenant, from_time, to_time);

-- The deltas of a selection, in order of sequence.
CREATE TABLE checkpoint_selections (
  checkpoint INTEGER NOT NULL REFERENCES checkpoints (id),
  sequence INTEGER NOT NULL,
  PRIMARY KEY (checkpoint, sequence)
) STRICT, WITHOUT ROWID;

-- Checkpoints that were asked for together and go into one anchor together. last_checkpoint: the newest of them. A checkpoint counts
-- for anchoring once a batch reaches it: rows that a crash left without their batch are taken along by the next.
CREATE TABLE checkpoint_batches (
  id INTEGER PRIMARY KEY,
  statement_id TEXT NOT NULL UNIQUE,
  tenant INTEGER NOT NULL REFERENCES tenants (id),
  from_time INTEGER NOT NULL,
  to_time INTEGER NOT NULL,
  customers INTEGER NOT NULL,
  last_checkpoint INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX checkpoint_batches_by_last ON checkpoint_batches (last_checkpoint);

-- The checkpoints of a batch, in order. They are stored before their batch is, hence under its statement_id; those that a crash left
-- without it are the first ones of the batch when it is asked for again.
CREATE TABLE checkpoint_batch_members (
  statement_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  checkpoint INTEGER NOT NULL REFERENCES checkpoints (id),
  PRIMARY KEY (statement_id, position)
) STRICT, WITHOUT ROWID;

-- What a request with an idempotency key did, where it did not record a delta. members: what was asked, sealed.
CREATE TABLE requests (
  request_id BLOB PRIMARY KEY,
  tenant INTEGER NOT NULL REFERENCES tenants (id),
  route TEXT NOT NULL,
  effect TEXT NOT NULL,
  sealed_members BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Deltas recorded per tenant and UTC month (YYYY-MM): a counter, rebuilt from the record where it is doubted.
CREATE TABLE usage (
  tenant INTEGER NOT NULL REFERENCES tenants (id),
  period TEXT NOT NULL,
  deltas INTEGER NOT NULL,
  PRIMARY KEY (tenant, period)
) STRICT, WITHOUT ROWID;

INSERT INTO usage (tenant, period, deltas)
  SELECT l.tenant, strftime('%Y-%m', d.recorded_at / 1000, 'unixepoch'), count(*) FROM deltas d JOIN ledgers l ON l.id = d.ledger GROUP BY 1, 2;

-- When the key was destroyed, in Unix milliseconds.
ALTER TABLE ledger_keys ADD COLUMN erased_at INTEGER;

-- Where deliveries go. What is private, and the signing secrets, are sealed with the master key; previous_secret counts until
-- previous_until. The counts are those of the endpoint's deliveries by state, and of its attempts by outcome. The row of a deleted
-- endpoint stays, with nothing in it that was sealed.
CREATE TABLE webhook_endpoints (
  id TEXT PRIMARY KEY,
  tenant INTEGER NOT NULL REFERENCES tenants (id),
  sealed_url BLOB,
  sealed_description BLOB,
  events TEXT NOT NULL,
  sealed_secret BLOB,
  sealed_previous_secret BLOB,
  previous_until INTEGER,
  enabled INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  resumed_at INTEGER NOT NULL,
  deleted_at INTEGER,
  last_triggered_at INTEGER,
  success_count INTEGER NOT NULL DEFAULT 0,
  failure_count INTEGER NOT NULL DEFAULT 0,
  pending INTEGER NOT NULL DEFAULT 0,
  delivered INTEGER NOT NULL DEFAULT 0,
  parked INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_endpoints_by_tenant ON webhook_endpoints (tenant, created_at);

-- What happened, without what it was about: the payload is made from the record when it is sent. subject: the ledger whose
-- events keep their order, 0 for none; reference: a sequence, a checkpoint or an anchor, by kind.
CREATE TABLE webhook_events (
  id INTEGER PRIMARY KEY,
  event_id TEXT NOT NULL UNIQUE,
  tenant INTEGER NOT NULL REFERENCES tenants (id),
  event TEXT NOT NULL,
  subject INTEGER NOT NULL,
  reference INTEGER NOT NULL,
  anchor INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

-- One event on its way to one endpoint. Of the pending ones of an endpoint and a subject only the first has a time for its next
-- attempt; the others wait for their turn without one. since: when the days of trying began.
CREATE TABLE webhook_deliveries (
  event INTEGER NOT NULL REFERENCES webhook_events (id),
  endpoint TEXT NOT NULL REFERENCES webhook_endpoints (id),
  tenant INTEGER NOT NULL,
  subject INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'parked')),
  attempts INTEGER NOT NULL DEFAULT 0,
  since INTEGER NOT NULL,
  next_attempt_at INTEGER CHECK (next_attempt_at IS NULL OR state = 'pending'),
  last_attempt_at INTEGER,
  last_status INTEGER,
  last_error TEXT,
  delivered_at INTEGER,
  PRIMARY KEY (event, endpoint)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (endpoint, subject, event) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_by_tenant ON webhook_deliveries (tenant, event);
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (tenant, state, event);

-- Up to where the events of confirmed anchors have been made: the anchor and the leaf that are next, and the last sequence of that
-- leaf that is done.
CREATE TABLE webhook_progress (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  anchor INTEGER NOT NULL,
  position INTEGER NOT NULL,
  sequence INTEGER NOT NULL
) STRICT;
INSERT INTO webhook_progress (id, anchor, position, sequence) VALUES (1, 1, 0, 0);

ALTER TABLE anchors ADD COLUMN through_checkpoint INTEGER NOT NULL DEFAULT 0;
-- Set for the leaf of a checkpoint, where count, balance and root are those of the checkpoint and no head of the ledger.
ALTER TABLE anchor_leaves ADD COLUMN checkpoint INTEGER;
CREATE INDEX anchor_leaves_by_checkpoint ON anchor_leaves (checkpoint) WHERE checkpoint IS NOT NULL;
DROP INDEX anchor_leaves_by_ledger;
CREATE INDEX anchor_leaves_by_ledger ON anchor_leaves (ledger, count) WHERE checkpoint IS NULL;

${appendOnly("checkpoints")}
${appendOnly("checkpoint_selections")}
${appendOnly("checkpoint_batches")}
${appendOnly("checkpoint_batch_members")}
${appendOnly("requests")}
`;
