import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex } from "../../src/core/bytes.ts";
import { RECEIPT_MEDIA_TYPE } from "../../src/core/receipt.ts";
import type { Finality } from "../../src/witness/finality.ts";
import { type BankAccount, readBank } from "./bank.ts";
import { type Client, openClient } from "./client.ts";
import { DIVERGENCE_COLUMNS, type Divergence, divergenceCells, divergencesCsv, divergencesOf } from "./compare.ts";
import { expectedCodeHash, tamper, verifyAll } from "./evidence.ts";
import { DemoFailure } from "./failure.ts";
import type { RecordedRow } from "./ledgers.ts";
import { awaitVerified, countAnchors, LANES, readLedgers, recordRows, surveyLedgers } from "./replay.ts";
import { grouped, type Screen, seconds, table } from "./screen.ts";
import type { Server } from "./server.ts";
import type { Outcome } from "./summary.ts";

const BANK = new URL("./bank-transactions.csv", import.meta.url);
/** Divergences shown unless all are asked for. */
export const SHOWN = 10;

export type Run = {
  server: Server;
  /** What the demo writes goes into a folder of it. */
  dataDir: string;
  /** Blocks that an anchor's block and its successors must be, for the one who verifies. */
  confirmations: Finality;
  signal: AbortSignal;
  screen: Screen;
  /** Whether every divergence is shown. */
  all: boolean;
};

/** What the stages share. */
type Stage = Run & { client: Client; accounts: readonly BankAccount[]; deltas: number; folder: string };
type Row = Pick<Divergence, "customerId" | "row" | "receiptId">;

/** Replays the bank's rows, compares the balances, and proves the row on which they first part. */
export async function runDemo(run: Run): Promise<Outcome> {
  const begun = performance.now();
  const { server, dataDir, signal } = run;
  const accounts = readBank(BANK);
  const deltas = accounts.reduce((sum, { rows }) => sum + rows.length, 0);
  const client = openClient({ url: server.url, apiKey: server.apiKey, connections: LANES, signal });
  const folder = join(dataDir, "demo");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stage: Stage = { ...run, client, accounts, deltas, folder };

  await surveyLedgers(client, accounts);
  const anchorsBefore = await countAnchors(client);
  const recording = await record(stage);
  const verifying = await verify(stage, anchorsBefore);
  const comparing = compare(stage, verifying.ledgers);
  const proving = await prove(stage, comparing.divergences[0] ?? anyRow(verifying.ledgers));

  return {
    server: server.startedHere ? "started" : "found",
    customers: accounts.length,
    deltas,
    recorded: recording.recorded,
    replayed: recording.replayed,
    verified: verifying.verified,
    anchors: verifying.anchors,
    agreed: accounts.length - comparing.divergences.length,
    divergences: comparing.divergences,
    receipt: proving,
    milliseconds: { record: recording.took, verify: verifying.took, total: performance.now() - begun },
  };
}

async function record({ client, accounts, deltas, screen: { say, progress } }: Stage) {
  say(`\n2. Recording ${grouped(deltas)} transactions of ${grouped(accounts.length)} accounts of a Czech bank`);
  const begun = performance.now();
  const bar = progress("sent", deltas);
  let sent = 0;
  const { recorded, replayed } = await recordRows(client, accounts, () => bar.reach(++sent)).finally(bar.end);
  const took = performance.now() - begun;
  say(
    `   ${grouped(recorded)} recorded in ${seconds(took)}: a request each, ${LANES} at a time, on disk before the answer`,
  );
  if (replayed > 0) {
    say(`   ${grouped(replayed)} were on record already: their idempotency keys are known, nothing is recorded twice`);
  }
  return { recorded, replayed, took };
}

async function verify({ client, accounts, deltas, signal, screen: { say, progress } }: Stage, anchorsBefore: number) {
  say("\n3. Verifying: one root over all ledgers goes to the contract, again and again");
  const begun = performance.now();
  const bar = progress("verified", deltas);
  await awaitVerified(client, accounts, signal, bar.reach).finally(bar.end);
  const took = performance.now() - begun;
  const total = await countAnchors(client);
  const ledgers = await readLedgers(client, accounts);
  const verified = [...ledgers.values()].flat().filter(({ status }) => status === "VERIFIED").length;
  const anchors = { total, new: total - anchorsBefore };
  say(`   ${grouped(verified)} of ${grouped(deltas)} are VERIFIED, ${seconds(took)} after the last was sent`);
  say(`   ${anchors.new} new anchors (${total} in the log), each one transaction however many deltas it anchors`);
  return { verified, anchors, ledgers, took };
}

function compare(
  { accounts, folder, all, screen: { say } }: Stage,
  ledgers: ReadonlyMap<string, readonly RecordedRow[]>,
) {
  say("\n4. Comparing the recorded balances with the bank's own, row for row");
  const divergences = divergencesOf(accounts, ledgers);
  const file = join(folder, "divergences.csv");
  writeFileSync(file, divergencesCsv(divergences), { mode: 0o600 });
  say(`   ${grouped(accounts.length - divergences.length)} accounts agree on every row.`);
  say(
    `   ${grouped(divergences.length)} do not: the bank's balance stops following from its own transactions. Where it begins:\n`,
  );
  const shown = all ? divergences : divergences.slice(0, SHOWN);
  for (const line of table(DIVERGENCE_COLUMNS, shown.map(divergenceCells), 4)) say(line);
  if (shown.length < divergences.length) say(`   … and ${grouped(divergences.length - shown.length)} more (--all)`);
  say(`\n   All of them: ${file}`);
  return { divergences };
}

async function prove(
  { client, server, confirmations, folder, screen: { say } }: Stage,
  { customerId, row, receiptId }: Row,
) {
  const file = join(folder, "receipt.json");
  const received = await client.file(`/api/v1/balance/receipts/${receiptId}`, RECEIPT_MEDIA_TYPE);
  writeFileSync(file, received, { mode: 0o600 });
  // The rest is what anybody can do who holds the file.
  client.close();
  const codeHash = expectedCodeHash();
  const settings = { endpoints: [server.rpcUrl], pins: { codeHash: fromHex(codeHash, 32) }, confirmations };
  const text = readFileSync(file, "utf8");

  say(`\n5. Proving row ${row} of ${customerId}`);
  say(`   Receipt    ${file}`);
  // The path of a provider's endpoint may hold a key.
  say(`   Chain      ${new URL(server.rpcUrl).host}, over JSON-RPC`);
  say(`   Code hash  ${codeHash}, of the contract as compiled here`);
  say("   Tallyroot's API is not asked from here on.\n");
  const steps = await verifyAll(JSON.parse(text), settings);
  for (const { step, name, outcome, detail } of steps) say(`   ${step} ${name.padEnd(11)} ${outcome}: ${detail}`);

  say("\n   The same receipt with one field changed:\n");
  const tampered = await tamper(text, settings);
  for (const { field, noticed, failure } of tampered) {
    say(`   ${field.padEnd(14)}  ${noticed ? `refused at step "${noticed}": ${failure}` : "NOT NOTICED"}`);
  }
  return { file, steps, tampered };
}

/** Where nothing diverges, any row will do. */
function anyRow(ledgers: ReadonlyMap<string, readonly RecordedRow[]>): Row {
  const [customerId, recorded] = [...ledgers][0] ?? [];
  const delta = recorded?.at(-1);
  if (!customerId || !delta) throw new DemoFailure("the bank's file has no rows");
  return { customerId, row: delta.sequence, receiptId: delta.receiptId };
}
