import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "#test/evidence/python.ts";
import { databaseOf } from "#test/run/engine.ts";
import type { ChangedRecord } from "./record-scenes.ts";

/** One of the audit's main checks: the condition, and the finding that is not made without it in a record that was changed so. */
export type AuditCheck = { file: string; text: string; record: "naive" | "thorough"; code: string };

export const AUDIT_CHECKS: readonly AuditCheck[] = [
  { file: "audit/delta.ts", text: `digest === "differs"`, record: "naive", code: "DIGEST_WRONG" },
  { file: "audit/delta.ts", text: "row.balance !== formatAmount(balance)", record: "naive", code: "BALANCE_WRONG" },
  { file: "audit/ledger-watch.ts", text: "sequence > expected", record: "naive", code: "DELTA_MISSING" },
];

/** Those that only a record in a SQLite file shows: one with an order over all deltas, or one that was rewritten in its tables. */
export const AUDIT_CHECKS_OF_FILE: readonly AuditCheck[] = [
  { file: "witness/witness.ts", text: "!sameBytes(root, anchor.root)", record: "thorough", code: "ROOT_MISMATCH" },
  { file: "audit/counts.ts", text: "rows !== last", record: "naive", code: "ARRIVAL_MISSING" },
  {
    file: "audit/windows.ts",
    text: "recordedAt < Math.min(checkpoint.to, checkpoint.createdAt)",
    record: "thorough",
    code: "CHECKPOINT_HIDES_DELTA",
  },
];

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** What a copy of the audit without one of its checks finds in a record: the codes. */
export async function weakenedAudit(
  dir: string,
  { file, text }: Pick<AuditCheck, "file" | "text">,
  { dir: data, rpcUrl }: ChangedRecord,
): Promise<string[]> {
  cpSync(join(ROOT, "src"), join(dir, "src"), { recursive: true });
  for (const name of ["package.json", "node_modules", "artifacts"]) symlinkSync(join(ROOT, name), join(dir, name));
  const changed = join(dir, "src", file);
  const source = readFileSync(changed, "utf8");
  if (source.split(text).length !== 2) throw new RangeError(`${file} does not have ${text} once`);
  writeFileSync(changed, source.replace(text, "false"));
  const words = [
    join(dir, "src/cli/audit.ts"),
    "--data-dir",
    (await databaseOf(data)) ?? data,
    "--rpc",
    rpcUrl,
    "--json",
  ];
  const { code, stdout, stderr } = await run(process.execPath, words);
  if (code !== 0 && code !== 10) throw new Error(`audit ended with ${code}: ${stderr}`);
  return (JSON.parse(stdout) as { findings: { code: string }[] }).findings.map((finding) => finding.code);
}
