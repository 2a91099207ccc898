import { runCommand } from "#test/cli/command.ts";

/** A row that an audit named: its code, and the row in one text. */
export type FoundRow = { code: string; row: string };

/** Everything that the audit finds in a data directory, with the chain asked and without the master key. */
export async function auditOf({ dir, rpcUrl }: { dir: string; rpcUrl: string }): Promise<FoundRow[]> {
  const { code, output, errors } = await runCommand("audit", "--data-dir", dir, "--rpc", rpcUrl, "--json");
  if (code !== 0 && code !== 10) throw new Error(`audit ended with ${code}: ${errors}`);
  const { findings } = JSON.parse(output) as { findings: { code: string; table: string; row: object }[] };
  return findings.map(({ code: found, table, row }) => ({ code: found, row: `${table} ${JSON.stringify(row)}` }));
}
