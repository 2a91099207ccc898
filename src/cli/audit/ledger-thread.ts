import { parentPort, workerData } from "node:worker_threads";
import { type LedgersSeen, nothingSeen } from "../../audit/deltas-seen.ts";
import { collectFindings } from "../../audit/findings.ts";
import { auditLedgers } from "../../audit/ledgers.ts";
import { FileDamagedError } from "../../audit/port.ts";
import { invariant } from "../../core/errors.ts";
import { installKeccak } from "../../core/keccak.ts";
import { fastKeccak } from "../../fast-keccak.ts";
import { openAuditView } from "../../storage/sqlite/audit-view.ts";
import { openSqlite } from "../../storage/sqlite/database.ts";
import type { ThreadInput, ThreadNews, ThreadOrder } from "./ledger-messages.ts";

/** A thread of an audit: audits the ranges of ledgers that it is asked for, one after the other, over a connection of its own. */

invariant(parentPort !== null, "ledgers are audited in a worker thread");
const port = parentPort;
const { file, ...input } = workerData as ThreadInput;
const tell = (news: ThreadNews) => port.postMessage(news);

installKeccak(await fastKeccak());
const db = openSqlite(file, { readonly: true, fileMustExist: true });
const store = openAuditView(db);

port.on("message", async (order: ThreadOrder) => {
  if (order === "end") {
    db.close();
    port.close();
    return;
  }
  const findings = collectFindings();
  let seen: LedgersSeen = nothingSeen();
  let damage: string | undefined;
  try {
    const onProgress = (deltas: number) => tell({ kind: "progress", deltas });
    seen = await auditLedgers({ ...input, store, findings, onProgress }, order);
  } catch (error) {
    if (!(error instanceof FileDamagedError)) throw error;
    damage = error.message;
  }
  const { listed, count } = findings;
  tell({ kind: "done", seen, found: { listed, count }, damage });
});
