import { existsSync } from "node:fs";
import { join } from "node:path";
import { MAX_ENDPOINTS, type Policy } from "../../core/policy.ts";
import { endpointsOf, parsed, readPolicy, UsageError } from "../verify/arguments.ts";

export const USAGE = `usage: npm run audit -- [DIR | FILE | BUNDLE | URL] [--rpc URL]… [--policy FILE] [--master-key-file FILE] [--json]
                        [--watch SECONDS [--metrics-port N]]
  DIR        a data directory, while its server runs or not; ./data when nothing is given (also --data-dir DIR)
  FILE       a database file
  BUNDLE     a directory that export made
  URL        postgresql://… of a database; its password is better in PGPASSWORD or ~/.pgpass than in the URL
  --rpc      an endpoint of the chain to compare with; several must agree. The policy's when none is given
  --policy   what the auditor knows by another way: chain, contract, code and log
  --master-key-file   opens the contents; DIR/master-key when that is there. Without a key, contents are not looked at
  --watch    again every so many seconds, with metrics for Prometheus at http://127.0.0.1:N/metrics
exit codes: 0 clean · 1 a fault of this program · 2 wrong usage, or nothing that can be read · 3 the chain did not answer ·
            4 clean, the chain was not asked · 10 something is wrong`;

export const OPTIONS = {
  "data-dir": { type: "string" },
  rpc: { type: "string", multiple: true },
  policy: { type: "string" },
  "master-key-file": { type: "string" },
  json: { type: "boolean", default: false },
  watch: { type: "string" },
  "metrics-port": { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

export type Task = {
  path: string;
  endpoints: readonly string[];
  policy: Policy | undefined;
  masterKeyFile: string | undefined;
  json: boolean;
  /** Seconds between two audits; undefined for one. */
  watch: number | undefined;
  metricsPort: number | undefined;
};

/** What a command line asks for; undefined for help. @throws UsageError, SourceError */
export async function taskOf(args: string[]): Promise<Task | undefined> {
  const { values, positionals } = parsed({ args, allowPositionals: true, options: OPTIONS });
  if (values.help) return undefined;
  const [named, ...more] = positionals;
  if (more.length > 0 || (named !== undefined && values["data-dir"] !== undefined))
    throw new UsageError("one thing is audited at a time");
  const path = named ?? values["data-dir"] ?? "./data";
  const policy = values.policy === undefined ? undefined : await readPolicy(values.policy);
  const urls = values.rpc ?? policy?.rpc ?? [];
  if (new Set(urls).size > MAX_ENDPOINTS) throw new UsageError(`at most ${MAX_ENDPOINTS} endpoints are asked`);
  const ownKey = join(path, "master-key");
  const watch = numberOf("--watch", values.watch, 86_400);
  if (values["metrics-port"] !== undefined && watch === undefined)
    throw new UsageError("--metrics-port goes with --watch");
  return {
    path,
    endpoints: endpointsOf(urls),
    policy,
    masterKeyFile: values["master-key-file"] ?? (existsSync(ownKey) ? ownKey : undefined),
    json: values.json,
    watch,
    metricsPort: numberOf("--metrics-port", values["metrics-port"], 65_535),
  };
}

function numberOf(option: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || number > most || (option === "--watch" && number === 0))
    throw new UsageError(`${option} takes a whole number up to ${most}`);
  return number;
}
