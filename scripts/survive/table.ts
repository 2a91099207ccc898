import { table } from "../demo/screen.ts";
import type { Fault } from "./drill.ts";

/** One drill of a run, as the JSON file has it. `failure`: why it could not be done. */
export type Drilled = {
  readonly name: string;
  readonly about: string;
  readonly seconds: number;
  readonly faults: readonly Fault[];
  readonly failure: string | null;
};

export type Report = {
  readonly format: "tallyroot-survive/1";
  readonly mode: "full" | "quick";
  readonly seed: number;
  readonly startedAt: string;
  readonly drills: readonly Drilled[];
};

/** Whether everything was done and nothing came of it. */
export function survived({ drills }: Pick<Report, "drills">): boolean {
  return drills.every(
    ({ failure, faults }) => failure === null && faults.every(({ failures }) => failures.length === 0),
  );
}

/** The whole run as people read it. */
export function reportText(report: Report): string {
  const rows = report.drills.flatMap(({ name, faults, failure }) =>
    failure === null
      ? faults.map((fault, i) => [
          i === 0 ? name : "",
          fault.name,
          verdict(fault),
          figuresText(fault),
          fault.tries.toLocaleString("en"),
        ])
      : [[name, failure.split("\n")[0]!, "FAILED", "", ""]],
  );
  const failures = report.drills.flatMap(({ name, faults, failure }) => [
    ...(failure === null ? [] : [`   ${name}: ${failure}`]),
    ...faults.flatMap((fault) => fault.failures.map((text) => `   ${name}, ${fault.name}: ${text}`)),
  ]);
  return [
    `${report.mode === "full" ? "Full" : "Quick"} run, --seed ${report.seed}`,
    "",
    ...table(["drill", "fault", "", "what was counted", "tries"], rows, 4),
    ...(failures.length > 0 ? ["", "WHAT WENT WRONG:", ...failures] : []),
    "",
  ].join("\n");
}

const verdict = ({ failures }: Fault): string => (failures.length === 0 ? "survived" : "FAILED");

/** `acknowledged 1,234, lost 0` */
export function figuresText({ figures }: Fault): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${value.toLocaleString("en", { maximumFractionDigits: 1 })}`)
    .join(", ");
}

/** The table of faults as the README has it. */
export function markdownText({ drills }: Pick<Report, "drills">): string {
  const rows = drills.flatMap(({ name, faults }) =>
    faults.map((fault, i) => {
      const told = [`${fault.tries.toLocaleString("en")} times`, ...(verdict(fault) === "FAILED" ? ["FAILED"] : [])];
      const figures = figuresText(fault);
      return `| ${i === 0 ? `\`${name}\`` : ""} | ${fault.name} | ${told.join(", ")}${figures && `: ${figures}`} |`;
    }),
  );
  return ["| drill | fault | what was counted |", "| --- | --- | --- |", ...rows, ""].join("\n");
}
