import { readFileSync } from "node:fs";
import autocannon from "autocannon";
import type { Load, LoadReport } from "../load.ts";

/** Makes a load with autocannon: given a `Load` as JSON, prints a `LoadReport`. */

const { url, method, path, headers = {}, file, connections, seconds, keys } = JSON.parse(process.argv[2] ?? "") as Load;
const lines = readFileSync(file, "utf8").trimEnd().split("\n");
let sent = 0;
const result = await autocannon({
  url,
  connections,
  duration: seconds,
  timeout: 60,
  requests: [
    {
      method,
      setupRequest(request) {
        const line = lines[sent++ % lines.length]!;
        const key = keys === undefined ? {} : { "Idempotency-Key": `${keys}${sent}` };
        const all = { ...headers, ...key };
        return method === "GET"
          ? { ...request, path: line, headers: all }
          : { ...request, path: path ?? "/", body: line, headers: all };
      },
    },
  ],
});
const report: LoadReport = {
  requests: result.requests.total,
  microseconds: result.duration * 1e6,
  failed: result.non2xx + result.errors + result.timeouts,
  p50: result.latency.p50 * 1e3,
  p99: result.latency.p99 * 1e3,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
