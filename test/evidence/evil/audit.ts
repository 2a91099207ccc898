import { runCommand } from "#test/cli/command.ts";
import { databaseOf } from "#test/run/engine.ts";

/** A row that an audit named: its code, and the row in one text. */
export type FoundRow = { code: string; row: string };

/** Everything that the audit finds in the record of a data directory, with the chain asked and without the master key. */
export async function auditOf({ dir, rpcUrl }: { dir: string; rpcUrl: string }): Promise<FoundRow[]> {
  const url = await databaseOf(dir);
  const place = url === undefined ? ["--data-dir", dir] : [url];
  const { code, output, errors } = await runCommand("audit", ...place, "--rpc", rpcUrl, "--json");
  if (code !== 0 && code !== 10) throw new Error(`audit ended with ${code}: ${errors}`);
  const { findings } = JSON.parse(output) as { findings: { code: string; table: string; row: object }[] };
  return findings.map(({ code: found, table, row }) => ({ code: found, row: `${table} ${JSON.stringify(row)}` }));
}
