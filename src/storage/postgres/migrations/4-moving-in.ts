/** A record that is moved in from a data directory (see move-in/move.ts). */
export const MOVING_IN = `
-- Which move, how far it is, and when all was there: as long as it was not, no server works here. move: what the data directory has noted of
-- it too; step and after: up to which row of which table; both are written together with the rows.
CREATE TABLE moving_in (
  id bigint PRIMARY KEY CHECK (id = 1),
  move text NOT NULL,
  step text NOT NULL,
  after text,
  rows bigint NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz
);
`;
