import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runToEnd } from "../processes.ts";
import type { Bench } from "./context.ts";
import { runProgram } from "./programs.ts";

/** The program that makes the load: `wrk` where it is installed, else autocannon. Either is a process of its own, with one thread. */
export type Engine = "wrk" | "autocannon";

export type Load = {
  readonly name: string;
  /** Scheme, host and port. */
  readonly url: string;
  readonly method: "GET" | "POST";
  /** The path of a POST. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A file with one body per line, or with one path per line for GET; they are sent in turn, over and over. */
  readonly file: string;
  readonly connections: number;
  readonly seconds: number;
  /** Every request has an idempotency key of its own, which begins like this. */
  readonly keys?: string;
};

/** What came of a load; latencies in milliseconds. */
export type LoadResult = {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
};

/** What either program reports: times in microseconds. */
export type LoadReport = {
  readonly requests: number;
  readonly microseconds: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
};

/** Characters that stand for an idempotency key while a request is put together. */
const KEY_PLACE = "@idempotency-key@";

/** Sends requests over so many connections for so long. @throws Error when a single answer is not a success. */
export async function applyLoad(
  load: Load,
  { dir, engine, signal }: Pick<Bench, "dir" | "engine" | "signal">,
): Promise<LoadResult> {
  const report = engine === "wrk" ? await withWrk(load, dir, signal) : await withAutocannon(load, signal);
  if (report.failed > 0) throw new Error(`${load.name}: ${report.failed} of ${report.requests} requests failed`);
  if (report.requests === 0) throw new Error(`${load.name}: not one request was answered`);
  return {
    requests: report.requests,
    perSecond: (report.requests * 1e6) / report.microseconds,
    p50: report.p50 / 1e3,
    p99: report.p99 / 1e3,
  };
}

/** Writes the lines of a load, or of several: bodies or paths. */
export function writeLines(dir: string, name: string, lines: Iterable<string>): string {
  const file = join(dir, `${name}.lines`);
  writeFileSync(file, [...lines].map((line) => `${line}\n`).join(""));
  return file;
}

async function withWrk(load: Load, dir: string, signal: AbortSignal): Promise<LoadReport> {
  const script = join(dir, `${load.name}.lua`);
  writeFileSync(script, luaOf(load));
  const args = ["-t1", `-c${load.connections}`, `-d${load.seconds}s`, "--timeout", "60s", "-s", script, load.url];
  const output = await runToEnd({ command: "wrk", args, signal });
  const line = output.split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`wrk reported nothing:\n${output}`);
  return JSON.parse(line) as LoadReport;
}

/** The script by which wrk makes its requests: all are put together before the first is sent. */
function luaOf({ method, path, headers = {}, file, keys }: Load): string {
  const all = { ...headers, ...(keys !== undefined && { "Idempotency-Key": KEY_PLACE }) };
  const text = (value: string) => JSON.stringify(value);
  return `
local before, after, sent = {}, {}, 0
init = function()
${Object.entries(all)
  .map(([name, value]) => `  wrk.headers[${text(name)}] = ${text(value)}`)
  .join("\n")}
  for line in io.lines(${text(file)}) do
    local whole = ${method === "GET" ? `wrk.format("GET", line)` : `wrk.format("POST", ${text(path ?? "/")}, nil, line)`}
    local first, last = string.find(whole, ${text(KEY_PLACE)}, 1, true)
    before[#before + 1] = first and string.sub(whole, 1, first - 1) or whole
    after[#after + 1] = first and string.sub(whole, last + 1)
  end
end
request = function()
  local i = sent % #before + 1
  sent = sent + 1
  return ${keys === undefined ? "before[i]" : `before[i] .. ${text(keys)} .. string.format("%09d", sent) .. after[i]`}
end
done = function(summary, latency)
  local e = summary.errors
  print(string.format('{"requests":%d,"microseconds":%d,"failed":%d,"p50":%.1f,"p99":%.1f}', summary.requests,
    summary.duration, e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
`;
}

function withAutocannon(load: Load, signal: AbortSignal): Promise<LoadReport> {
  return runProgram<LoadReport>("autocannon-load", load, signal);
}
