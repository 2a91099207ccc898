import type { AuditReport, Stage } from "../../audit/audit.ts";
import { rowText } from "../../audit/findings.ts";
import { printable } from "../verify/report.ts";

/** Findings that the report for people shows after the first; `--json` has more. */
const SHOWN = 9;

/** What the exit code says: see USAGE in arguments.ts. */
export function exitCodeOf({ clean, chain }: AuditReport): number {
  if (!clean) return 10;
  return { asked: 0, unavailable: 3, "not asked": 4 }[chain.outcome];
}

/**
 * The report for people: what was looked at, then what is wrong.
 *
 * @param moved where the record goes on, and since when; null where it goes on here.
 */
export function reportText(report: AuditReport, path: string, moved: { to: string; at: string } | null = null): string {
  const { checked, findings, findingCount, milliseconds } = report;
  const seconds = (stages: Stage[]) => {
    const tenths = Math.round(stages.reduce((sum, stage) => sum + milliseconds[stage], 0) / 100);
    return `${Math.floor(tenths / 10)}.${tenths % 10}`;
  };
  const line = (name: string, text: string, took: Stage[]) =>
    `  ${name.padEnd(12)} ${text.padEnd(72)} ${seconds(took).padStart(6)} s`;
  const { opened, erased, closed } = checked.contents;
  const lines = [
    `Audit of ${path}`,
    line("ledgers", `${count(checked.ledgers, "ledger")}, ${count(checked.deltas, "delta")}`, ["tenants", "ledgers"]),
    `  ${"contents".padEnd(12)} ${contentsText(opened, erased, closed)}`,
    line(
      "checkpoints",
      `${count(checked.checkpoints, "checkpoint")} in ${count(checked.batches, "batch", "batches")}`,
      ["checkpoints"],
    ),
    line(
      "anchors",
      `${count(checked.anchors, "anchor")}, ${count(checked.leaves, "leaf", "leaves")}, ${count(checked.transactions, "transaction")}`,
      ["anchors"],
    ),
    line("counters", "arrivals, usage, indexes", ["counts", "indexes"]),
    line("file", "the engine's own check", ["file"]),
    line("chain", chainText(report), ["chain"]),
    ...(checked.withoutDigest > 0
      ? [
          `  ${count(checked.withoutDigest, "row")} from before there were digests: some of their columns are bound by nothing`,
        ]
      : []),
    ...(moved
      ? [
          `  ${"moved".padEnd(12)} to ${printable(moved.to)} on ${moved.at}. The record goes on there: audit it there. This is what it was by then`,
        ]
      : []),
    "",
  ];
  if (findingCount === 0) lines.push(report.chain.outcome === "asked" ? "CLEAN" : "CLEAN, NOT COMPARED WITH THE CHAIN");
  else {
    lines.push(`WRONG: ${count(findingCount, "finding")}`);
    for (const finding of findings.slice(0, 1 + SHOWN))
      lines.push(`  ${finding.code} ${printable(rowText(finding))}: ${printable(finding.problem)}`);
    if (findingCount > 1 + SHOWN)
      lines.push(`  … and ${findingCount - 1 - SHOWN} more (--json lists ${findings.length})`);
  }
  return `${lines.join("\n")}\n`;
}

function count(number: number, one: string, more = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : more}`;
}

function contentsText(opened: number, erased: number, closed: number): string {
  const parts = [
    ...(opened > 0 ? [`${count(opened, "content")} opened and compared`] : []),
    ...(erased > 0 ? [`${erased.toLocaleString("en")} erased on purpose`] : []),
    ...(closed > 0
      ? [`${closed.toLocaleString("en")} not opened, for want of the master key (--master-key-file)`]
      : []),
  ];
  return parts.length === 0 ? "none" : parts.join(", ");
}

function chainText({ chain }: AuditReport): string {
  if (chain.outcome === "not asked") return "not asked (--rpc)";
  if (chain.outcome === "unavailable") return `did not answer: ${printable(chain.detail)}`;
  const later = chain.later > 0 ? `; the log has gone on by ${chain.later}` : "";
  return `${count(chain.anchors, "anchor")} compared with the contract${later}`;
}
