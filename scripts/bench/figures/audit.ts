import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../../processes.ts";
import { grouped } from "../context.ts";
import { type Figure, ratios } from "../figure.ts";
import type { ScanReport, ScanTask } from "../programs/scan-file.ts";
import { runProgram } from "../programs.ts";

const AUDIT = fileURLToPath(new URL("../../../src/cli/audit.ts", import.meta.url));
/** What it ends with when it found nothing wrong and was not given a chain to ask. */
const CLEAN_WITHOUT_CHAIN = 4;

/** Deriving a whole record anew, beside reading its file once. */
export const audit: Figure = {
  name: "audit",
  what: "an audit of a whole record, contents opened",
  rows: {
    audit: { what: "the audit, as a process", unit: "s", most: 30 },
    scan: { what: "peer: each row of the file read and hashed once", unit: "s" },
    times: { what: "times as long", unit: "×", better: "lower" },
  },
  async run({ records, rounds, signal }) {
    const record = await records.anchored();
    const [taken, scan]: [number[], number[]] = [[], []];
    let rows = 0;
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      await runToEnd({ command: process.execPath, args: [AUDIT, record.dir], signal }, [CLEAN_WITHOUT_CHAIN]);
      taken.push((performance.now() - began) / 1000);
      const scanBegan = performance.now();
      const task: ScanTask = { file: join(record.dir, "tallyroot.db") };
      rows = (await runProgram<ScanReport>("scan-file", task, signal)).rows;
      scan.push((performance.now() - scanBegan) / 1000);
    }
    return {
      samples: { audit: taken, scan, times: ratios(taken, scan) },
      data: `${grouped(record.deltas)} deltas in ${grouped(record.ledgers)} ledgers, ${grouped(rows)} rows`,
    };
  },
};
