import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { type AuditReport, auditRecord } from "../../audit/audit.ts";
import { FileDamagedError } from "../../audit/port.ts";
import { readKey } from "../../bundle/keys.ts";
import { compiledCodeHash } from "../../chain/compiled-code.ts";
import { openLogSurvey } from "../../chain/log-survey.ts";
import { logIdOf, readAppend } from "../../chain/read-append.ts";
import { fromHex } from "../../core/bytes.ts";
import { installKeccak } from "../../core/keccak.ts";
import { fastKeccak } from "../../fast-keccak.ts";
import { sealingKey } from "../../ledger/seal.ts";
import { placeOf } from "../../storage/postgres/hosts.ts";
import type { WitnessPins } from "../../witness/witness.ts";
import { openProgressBar } from "../progress-bar.ts";
import { type Task, taskOf, USAGE } from "./arguments.ts";
import { auditInThreads } from "./ledger-threads.ts";
import { exitCodeOf, reportText } from "./report.ts";
import { isDatabaseUrl, withCopy } from "./source.ts";
import { openAuditMetrics } from "./watch.ts";

/** Derives a whole record anew and compares, also with the chain; names what is wrong and where. */

/**
 * @param words the command line without the program's name.
 * @returns the exit code.
 * @throws UsageError, SourceError, StorageRefusedError, BundleRefusedError, MasterKeyError
 */
export async function auditCommand(words: readonly string[]): Promise<number> {
  try {
    return await main(words);
  } catch (error) {
    if (!(error instanceof FileDamagedError)) throw error;
    process.stdout.write(`FILE_DAMAGED: ${error.message}\n`);
    return 10;
  }
}

async function main(words: readonly string[]): Promise<number> {
  const task = await taskOf([...words]);
  if (!task) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  installKeccak(await fastKeccak());
  if (task.watch === undefined) return show(task, await audit(task));
  const metrics = task.metricsPort === undefined ? undefined : await openAuditMetrics(task.metricsPort, Date.now);
  if (metrics) process.stderr.write(`Metrics: http://127.0.0.1:${metrics.port}/metrics\n`);
  for (;;) {
    const started = Date.now();
    const report = await audit(task);
    metrics?.note(report, (Date.now() - started) / 1000);
    show(task, report);
    await sleep(task.watch * 1000);
  }
}

function show(task: Task, { moved, ...report }: Audited): number {
  const exitCode = exitCodeOf(report);
  // In a row of audits each is one line, for programs that read them as they come.
  const json = () => JSON.stringify({ ...report, moved, exitCode }, null, task.watch === undefined ? 2 : 0);
  process.stdout.write(
    task.json ? `${json()}\n` : reportText(report, isDatabaseUrl(task.path) ? placeOf(task.path) : task.path, moved),
  );
  return exitCode;
}

/** Characters of the longest stage's name. */
const STAGE_WIDTH = 11;

/** A report, and where the record goes on in case that is not where it was looked for; `at` as ISO-8601. */
export type Audited = AuditReport & { moved: { to: string; at: string } | null };

/** One audit of a copy of what is at a path. @throws SourceError, StorageRefusedError, BundleRefusedError, MasterKeyError, FileDamagedError */
export function audit({
  path,
  endpoints,
  policy,
  masterKeyFile,
}: Pick<Task, "path" | "endpoints" | "policy" | "masterKeyFile">): Promise<Audited> {
  const master = masterKeyFile === undefined ? undefined : sealingKey(fromHex(readKey(masterKeyFile), 32));
  // Without a policy the expected code is what this project's own contract compiles to.
  const pins: WitnessPins = policy ?? { codeHash: endpoints.length > 0 ? compiledCodeHash() : undefined };
  const settings = { endpoints, pins, confirmations: policy?.confirmations ?? 1 };
  return withCopy(path, async ({ store, file, origin, anchorsNow, movedOn }) => {
    // The deltas are nearly all of the work.
    const bar = openProgressBar(process.stderr.isTTY, STAGE_WIDTH);
    try {
      const report = await auditRecord({
        store,
        master,
        readAppend: { read: readAppend, logOf: logIdOf },
        pins,
        openChain: endpoints.length === 0 ? undefined : (log) => openLogSurvey(log, settings),
        anchorsNow,
        mayBeOlder: origin === "bundle" || movedOn !== undefined,
        auditLedgers: file === undefined ? undefined : auditInThreads(file),
        clock: () => performance.now(),
        async onProgress(stage, done, total) {
          bar.show(stage, done, total);
          await turn();
        },
      });
      return { ...report, moved: movedOn ? { to: movedOn.to, at: new Date(movedOn.at).toISOString() } : null };
    } finally {
      bar.close();
    }
  });
}
