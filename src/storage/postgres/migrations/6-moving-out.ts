/** A record that is moved out into a data directory (see move-out/move.ts). */
export const MOVING_OUT = `
-- Which move, into which data directory, and when all was there. As soon as the row is there, no server works here, and the role of the
-- servers has lost its rights to write. move: what the data directory has noted of it too.
CREATE TABLE moving_out (
  id bigint PRIMARY KEY CHECK (id = 1),
  move text NOT NULL,
  place text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz
);
`;
