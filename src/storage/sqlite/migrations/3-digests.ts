/**
 * A digest of each row's own columns (see row-digest.ts). Rows from before have none: the facts say up to which row of a table that
 * may be, so that a digest cannot be taken away later.
 */
const TABLES = ["deltas", "checkpoints", "anchors", "anchor_transactions", "anchor_progress"];
/** Tables whose rows are numbered; what belongs to an anchor goes by the anchor's number. */
const NUMBERED = ["deltas", "checkpoints", "anchors"];

export const DIGESTS = `
${TABLES.map((table) => `ALTER TABLE ${table} ADD COLUMN digest BLOB CHECK (length(digest) = 8);`).join("\n")}

${NUMBERED.map(
  (table) =>
    `INSERT INTO facts (name, value) SELECT 'digests.${table}.after', max(id) FROM ${table} HAVING max(id) IS NOT NULL;`,
).join("\n")}
`;
