import { sameBytes, toHex } from "../core/bytes.ts";
import { checkpointContradiction } from "../core/checkpoint.ts";
import { checkpointFingerprint, deltaFingerprint, leafOf, selectionFingerprint } from "../core/fingerprint.ts";
import { appendLeaf, EMPTY_FRONTIER, rootOf } from "../core/tree.ts";
import { each } from "./cursor.ts";
import { digestProblem } from "./delta.ts";
import { exactAmount } from "./exact-amount.ts";
import type { Findings } from "./findings.ts";
import type { AuditStore, BatchRow, CheckpointRow, LedgerRow } from "./port.ts";
import { reportRow } from "./row-problem.ts";

/** Rows read at once. */
const PAGE = 500;

type Parts = { store: AuditStore; findings: Findings };

export type CheckpointsSeen = { checkpoints: number; batches: number; withoutDigest: number };

/**
 * Derives the fields of every checkpoint anew from one another, and those over selections from their deltas; the deltas of windows go by
 * with their ledger (see windows.ts).
 */
export async function auditCheckpoints({ store, findings }: Parts): Promise<CheckpointsSeen> {
  const seen = { checkpoints: 0, batches: 0, withoutDigest: 0 };
  for await (const entry of each((after: number) => store.checkpoints(after, PAGE), 0)) {
    seen.checkpoints += 1;
    if (entry.key !== seen.checkpoints) {
      const problem = `the next that is there is number ${entry.key}`;
      findings.add({ code: "CHECKPOINT_MISSING", table: "checkpoints", row: { number: seen.checkpoints }, problem });
      seen.checkpoints = entry.key;
    }
    if (!entry.row) {
      reportRow(findings, "checkpoints", { number: entry.key }, entry);
      continue;
    }
    const { row } = entry;
    if (row.digest === "none") seen.withoutDigest += 1;
    const ledger = await store.ledger(row.ledger);
    const name = { checkpoint: row.statementId, number: row.id, ...(ledger && { ledger: toHex(ledger.address) }) };
    const problem = await problemOf(store, row, ledger);
    if (problem) findings.add({ code: "CHECKPOINT_WRONG", table: "checkpoints", row: name, problem });
    else {
      const undigested = digestProblem(row);
      if (undigested) findings.add({ ...undigested, table: "checkpoints", row: name });
    }
  }
  for await (const entry of each((after: number) => store.batches(after, PAGE), 0)) {
    seen.batches += 1;
    if (!entry.row) {
      reportRow(findings, "checkpoint_batches", { number: entry.key }, entry);
      continue;
    }
    const problem = await batchProblem(store, entry.row);
    if (problem)
      findings.add({
        code: "BATCH_WRONG",
        table: "checkpoint_batches",
        row: { batch: entry.row.statementId },
        problem,
      });
  }
  return seen;
}

async function problemOf(
  store: AuditStore,
  row: CheckpointRow,
  ledger: LedgerRow | undefined,
): Promise<string | undefined> {
  if (!ledger) return "it is of a ledger that is not there";
  if (ledger.tenant !== row.tenant) return "it is of another tenant than its ledger";
  const openingBalance = exactAmount(row.openingBalance);
  const closingBalance = exactAmount(row.closingBalance);
  if (openingBalance === undefined || closingBalance === undefined) return "a balance is no amount";
  const fields = { ...row, ledger: ledger.address, openingBalance, closingBalance };
  const contradiction = row.kind === "window" && checkpointContradiction(fields);
  if (contradiction) return contradiction;
  if (row.kind === "selection") {
    const problem = await selectionProblem(store, row, { ledger, closingBalance });
    if (problem) return problem;
  }
  const fingerprint =
    row.kind === "window"
      ? checkpointFingerprint(fields)
      : selectionFingerprint({ ledger: ledger.address, count: row.count, netChange: closingBalance, root: row.root });
  if (!sameBytes(fingerprint, row.fingerprint)) return "the fingerprint is not that of the fields";
  if (row.statementId !== `chk_${shortHex(leafOf(fingerprint))}`) return "the name is not that of the fingerprint";
  return undefined;
}

/** What a name takes of a hash. */
function shortHex(hash: Uint8Array): string {
  return toHex(hash).slice(2, 26);
}

/** Holds a selection against its deltas, each of them derived from its fields. */
async function selectionProblem(
  store: AuditStore,
  row: CheckpointRow,
  { ledger, closingBalance }: { ledger: LedgerRow; closingBalance: bigint },
): Promise<string | undefined> {
  let frontier = EMPTY_FRONTIER;
  let sum = 0n;
  let [first, from, to] = [0, 0, 0];
  for (let after = 0; ; ) {
    const sequences = await store.selectionOf(row.id, after, PAGE);
    for (const sequence of sequences) {
      const found = (await store.delta({ ledger: ledger.id, sequence }))?.row;
      const [amount, balance] = [exactAmount(found?.amount ?? ""), exactAmount(found?.balance ?? "")];
      if (!found || amount === undefined || balance === undefined) return `delta ${sequence} cannot be read`;
      const fingerprint = deltaFingerprint({ ...found, ledger: ledger.address, amount, balance });
      if (frontier.count === 0) [first, from] = [sequence, found.recordedAt];
      to = found.recordedAt + 1;
      sum += amount;
      frontier = appendLeaf(frontier, leafOf(fingerprint)).frontier;
      after = sequence;
    }
    if (sequences.length < PAGE) break;
  }
  if (frontier.count !== row.count || row.count === 0)
    return `${row.count} deltas are stated, ${frontier.count} are listed`;
  if (row.firstSequence !== first || row.from !== from || row.to !== to || row.openingBalance !== "0")
    return "its bounds are not those of its deltas";
  if (sum !== closingBalance) return "the sum is not that of its deltas";
  return sameBytes(rootOf(frontier), row.root) ? undefined : "the root is not that of its deltas";
}

/** Holds a batch against its members; one without members is a checkpoint of its own, under the same name. */
async function batchProblem(store: AuditStore, batch: BatchRow): Promise<string | undefined> {
  let frontier = EMPTY_FRONTIER;
  let newest = 0;
  for (let after = -1; ; ) {
    const members = await store.membersOf(batch.statementId, after, PAGE);
    for (const { position, checkpoint } of members) {
      if (position !== frontier.count) return `member ${frontier.count} is missing`;
      const row = await store.checkpoint(checkpoint);
      if (!row) return `its checkpoint number ${checkpoint} is not there`;
      if (row.tenant !== batch.tenant || row.from !== batch.from || row.to !== batch.to)
        return `its checkpoint ${row.statementId} is of another tenant or window`;
      frontier = appendLeaf(frontier, leafOf(row.fingerprint)).frontier;
      newest = Math.max(newest, checkpoint);
      after = position;
    }
    if (members.length < PAGE) break;
  }
  if (frontier.count === 0) return singleProblem(batch, await store.checkpoint(batch.lastCheckpoint));
  if (batch.customers !== frontier.count || batch.lastCheckpoint !== newest)
    return `it says ${batch.customers} members up to number ${batch.lastCheckpoint}, it has ${frontier.count} up to ${newest}`;
  const name = `chk_${batch.tenant.toString(36)}_${shortHex(rootOf(frontier))}`;
  return batch.statementId === name ? undefined : "the name is not that of its checkpoints";
}

function singleProblem(batch: BatchRow, row: CheckpointRow | undefined): string | undefined {
  const { statementId, tenant, from, to } = batch;
  if (row?.statementId !== statementId || row.tenant !== tenant || row.from !== from || row.to !== to)
    return "its checkpoint is not there, or another one";
  return batch.customers === 1 ? undefined : `it says ${batch.customers} members, it has one`;
}
