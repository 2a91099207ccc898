/** Webhooks: to whom, what, and how far. */
export const WEBHOOKS = `
-- Where deliveries go. What is private, and the signing secrets, are sealed with the master key; previous_secret counts until
-- previous_until. The counts are those of the endpoint's deliveries by state, and of its attempts by outcome. The row of a deleted
-- endpoint stays, with nothing in it that was sealed.
CREATE TABLE webhook_endpoints (
  id text PRIMARY KEY,
  tenant bigint NOT NULL REFERENCES tenants (id),
  sealed_url bytea,
  sealed_description bytea,
  events text NOT NULL,
  sealed_secret bytea,
  sealed_previous_secret bytea,
  previous_until bigint,
  enabled bigint NOT NULL,
  created_at bigint NOT NULL,
  resumed_at bigint NOT NULL,
  deleted_at bigint,
  last_triggered_at bigint,
  success_count bigint NOT NULL DEFAULT 0,
  failure_count bigint NOT NULL DEFAULT 0,
  pending bigint NOT NULL DEFAULT 0,
  delivered bigint NOT NULL DEFAULT 0,
  parked bigint NOT NULL DEFAULT 0
);
CREATE INDEX webhook_endpoints_by_tenant ON webhook_endpoints (tenant, created_at);

-- What happened, without what it was about: the payload is made from the record when it is sent. subject: the ledger whose
-- events keep their order, 0 for none; reference: a sequence, a checkpoint or an anchor, by kind.
CREATE TABLE webhook_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id text NOT NULL UNIQUE,
  tenant bigint NOT NULL REFERENCES tenants (id),
  event text NOT NULL,
  subject bigint NOT NULL,
  reference bigint NOT NULL,
  anchor bigint,
  created_at bigint NOT NULL
);

-- One event on its way to one endpoint. Of the pending ones of an endpoint and a subject only the first has a time for its next
-- attempt; the others wait for their turn without one. since: when the days of trying began. A node that is about to send one takes it
-- until claimed_until, so that no other sends it too; a node that died lets go of it then.
CREATE TABLE webhook_deliveries (
  event bigint NOT NULL REFERENCES webhook_events (id),
  endpoint text NOT NULL REFERENCES webhook_endpoints (id),
  tenant bigint NOT NULL,
  subject bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'delivered', 'parked')),
  attempts bigint NOT NULL DEFAULT 0,
  since bigint NOT NULL,
  next_attempt_at bigint CHECK (next_attempt_at IS NULL OR state = 'pending'),
  last_attempt_at bigint,
  last_status bigint,
  last_error text,
  delivered_at bigint,
  claimed_by text,
  claimed_until timestamptz,
  PRIMARY KEY (event, endpoint)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (endpoint, subject, event) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_by_tenant ON webhook_deliveries (tenant, event);
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (tenant, state, event);
CREATE INDEX webhook_deliveries_claimed ON webhook_deliveries (endpoint, claimed_until) WHERE claimed_until IS NOT NULL;

-- Up to where the events of confirmed anchors have been made: the anchor and the leaf that are next, and the last sequence of that
-- leaf that is done. Whoever makes events holds its row meanwhile.
CREATE TABLE webhook_progress (
  id bigint PRIMARY KEY CHECK (id = 1),
  anchor bigint NOT NULL,
  position bigint NOT NULL,
  sequence bigint NOT NULL
);
INSERT INTO webhook_progress (id, anchor, position, sequence) VALUES (1, 1, 0, 0);
`;
