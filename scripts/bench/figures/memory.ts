import { readFileSync } from "node:fs";
import { grouped, sized } from "../context.ts";
import { type Figure, ratios } from "../figure.ts";
import { deltaBodies, recordSingles } from "../recording.ts";
import { makeRecord } from "../records.ts";
import { withServer } from "../server.ts";

/** What the server keeps in memory over a large record, while it records to all of its ledgers. */
export const memory: Figure = {
  name: "memory",
  what: "resident memory of the server over a large record",
  rows: {
    recording: { what: "after recording to all ledgers at random", unit: "MB", most: 300 },
    peak: { what: "the most at any time until then", unit: "MB" },
    started: { what: "peer: right after its start", unit: "MB" },
    times: { what: "times as much", unit: "×", better: "lower" },
  },
  async run(bench) {
    const { signal } = bench;
    const deltas = sized(bench, 10_000_000, 100_000);
    const ledgers = sized(bench, 100_000, 10_000);
    const seconds = sized(bench, 60, 3);
    const { dir } = await makeRecord(bench, { name: "memory", deltas, ledgers });
    const file = deltaBodies(bench, ledgers);
    return withServer({ dir, signal }, async (server) => {
      const started = [megabytes(server.pid, "VmRSS")];
      const { requests } = await recordSingles(bench, server, { name: "memory", file, seconds });
      const recording = [megabytes(server.pid, "VmRSS")];
      const peak = [megabytes(server.pid, "VmHWM")];
      return {
        samples: { recording, peak, started, times: ratios(recording, started) },
        data: `${grouped(deltas)} deltas in ${grouped(ledgers)} ledgers, then ${grouped(requests)} more in ${seconds} s`,
      };
    });
  },
};

/** A figure of /proc/<pid>/status (proc(5)), which Linux alone has, in millions of bytes. */
function megabytes(pid: number, name: "VmRSS" | "VmHWM"): number {
  const [, kibibytes] =
    new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/status has no ${name}`);
  return (Number(kibibytes) * 1024) / 1e6;
}
