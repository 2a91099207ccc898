import { table } from "../demo/screen.ts";
import type { Unit } from "./figure.ts";
import type { Machine } from "./machine.ts";
import type { Measured, Report, Value } from "./report.ts";

const COLUMNS = ["figure", "", "measured", "limit", ""] as const;
/** Columns from this one on are numbers. */
const NUMBERS_FROM = 2;

/** The whole run as people read it. */
export function reportText({ mode, seconds, machine, figures }: Report): string {
  const rows = figures.flatMap(rowsOf);
  const data = figures
    .filter(({ failure }) => failure === null)
    .map(({ name, what, data: of }) => `   ${name}: ${what}; ${of}`);
  const failures = figures.flatMap(({ name, failure }) => (failure === null ? [] : [`   ${name}: ${failure}`]));
  return [
    `Tallyroot ${machine.versions.tallyroot}, ${mode === "quick" ? "quick run: small data, one round" : "full run"}, ${seconds.toFixed(0)} s`,
    ...machineLines(machine),
    "",
    ...table(COLUMNS, rows, NUMBERS_FROM),
    "",
    "Measured on:",
    ...data,
    ...(failures.length > 0 ? ["", "NOT MEASURED:", ...failures] : []),
    "",
  ].join("\n");
}

function machineLines({ cpu, cores, memoryBytes, kernel, fileSystem, versions }: Machine): string[] {
  const others = Object.entries(versions).filter(([name]) => name !== "tallyroot");
  return [
    `   ${cpu}, ${cores} cores, ${(memoryBytes / 2 ** 30).toFixed(1)} GiB, ${kernel}, ${fileSystem}`,
    `   ${others.map(([name, version]) => `${name} ${version}`).join(", ")}`,
  ];
}

function rowsOf({ name, failure, values }: Measured): string[][] {
  if (failure !== null) return [[name, "could not be measured, see below", "", "", "FAILED"]];
  return values.map((value, i) => [
    i === 0 ? name : "",
    value.what,
    amountText(value.value, value.unit),
    limitText(value),
    verdict(value),
  ]);
}

function limitText({ least, most, unit }: Value): string {
  if (least !== undefined) return `≥ ${amountText(least, unit)}`;
  return most === undefined ? "" : `≤ ${amountText(most, unit)}`;
}

function verdict({ reached }: Value): string {
  return reached === null ? "" : reached ? "reached" : "missed";
}

/** A value with its unit, to three digits where it is small. */
export function amountText(value: number, unit: Unit): string {
  const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 4;
  const number = value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit === "/s" || unit === "×" ? `${number}${unit}` : `${number} ${unit}`;
}
