/**
 * What can be erased is sampled for no plan: what ANALYZE notes of a column outlives its rows. A change of type, though it is none, forgets
 * what was noted before.
 */
const SEALED = {
  ledger_keys: ["wrapped", "sealed_customer_id"],
  api_keys: ["sealed_label"],
  webhook_endpoints: ["sealed_url", "sealed_description", "sealed_secret", "sealed_previous_secret"],
} as const;

export const UNSAMPLED = Object.entries(SEALED)
  .flatMap(([table, columns]) =>
    columns.map(
      (column) => `ALTER TABLE ${table} ALTER COLUMN ${column} SET STATISTICS 0, ALTER COLUMN ${column} TYPE bytea;`,
    ),
  )
  .join("\n");
