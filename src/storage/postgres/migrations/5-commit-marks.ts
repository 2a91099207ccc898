/** Marks by which it is known whether a transaction was committed (see commit-marks.ts). */
export const COMMIT_MARKS = `
-- lane: what one transaction at a time leaves its mark in, a row for each connection of a server, made anew after each start. turn: which
-- transaction of the lane was committed last. at: when it began; what is a day old is nobody's any more. Nothing of what is indexed
-- changes, and pages have room, so that PostgreSQL keeps the versions of a row in its page.
CREATE TABLE commit_marks (
  lane uuid PRIMARY KEY,
  turn bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 20);
`;
