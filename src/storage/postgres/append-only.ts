/**
 * Triggers that make a table refuse UPDATE, DELETE and TRUNCATE, whoever asks: one call for each statement, so that they cost nothing
 * where nothing is wrong.
 */
export function appendOnly(table: string): string {
  return `CREATE TRIGGER ${table}_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON ${table}
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();`;
}
