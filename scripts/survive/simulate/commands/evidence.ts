import { fromHex } from "../../../../src/core/bytes.ts";
import { encodeConsistency } from "../../../../src/core/consistency.ts";
import { encodeReceipt, receiptText } from "../../../../src/core/receipt.ts";
import { verifyConsistencyFile } from "../../../../src/core/verify-consistency.ts";
import { verifyReceipt } from "../../../../src/core/verify-receipt.ts";
import { consistencyOf } from "../../../../src/ledger/consistency-file.ts";
import { findGaps } from "../../../../src/ledger/gaps.ts";
import { receiptOf } from "../../../../src/ledger/receipts.ts";
import { standings } from "../../../../src/ledger/status.ts";
import type { Random } from "../../random.ts";
import { statusOf } from "../plain-ledger.ts";
import { count, expectSame, expectThat, type Side, type Simulation } from "../simulation.ts";
import { drawCustomer } from "./drawn.ts";

export async function lookAround(sim: Simulation, random: Random): Promise<string> {
  const drawn = await drawCustomer(sim, random);
  if (!drawn) return "nobody to look at";
  const { side, customer, ledger, rows } = drawn;
  const { store } = sim.record;
  const found = await standings(store, ledger, 1, rows.length);
  const account = side.model.accounts.get(customer)!;
  const statuses = expectSame(
    "statuses",
    found.map(({ status }) => status),
    rows.map((_, i) => statusOf(sim.model, account, i + 1)),
  );
  const gaps = await findGaps(store, ledger, { limit: 5 });
  expectSame("gaps", gaps, { expected: rows.length, present: rows.length, gaps: [] });
  expectSame("ledgers of a tenant", await store.ledgerCount(side.tenant.id), side.model.accounts.size);
  for (const [i, row] of rows.entries()) {
    const delta = await store.deltaByFingerprint(fromHex(row.receiptId));
    expectSame("the sequence under a fingerprint", delta?.sequence, i + 1);
  }
  return statuses;
}

/** Somebody asks for a receipt, and checks it as a stranger would. */
export async function checkReceipt(sim: Simulation, random: Random): Promise<string> {
  const drawn = await drawCustomer(sim, random);
  if (!drawn) return "nobody to give a receipt to";
  const sequence = random.between(1, drawn.rows.length + 1);
  return receiptAt(sim, drawn.side, drawn.customer, sequence);
}

export async function receiptAt(sim: Simulation, side: Side, customer: string, sequence: number): Promise<string> {
  const { store, contents } = sim.record;
  const account = side.model.accounts.get(customer)!;
  const row = account.rows[sequence - 1]!;
  const delta = await store.deltaByFingerprint(fromHex(row.receiptId));
  expectThat(delta !== undefined, `${customer} ${sequence} is not found by its receiptId`);
  const { place } = sim.chain;
  const text = `${side.tenant.name} ${customer} ${sequence}`;
  const open = { contents, tenant: side.tenant };
  const receipt = await receiptOf({ store, place, open }, delta!);
  const status = statusOf(sim.model, account, sequence);
  if ("notYet" in receipt) return `${text}: ${expectSame("a receipt that is not there yet", receipt.notYet, status)}`;
  const blind = await receiptOf({ store, place }, delta!);
  expectThat(!("notYet" in blind), "a blind receipt is there as the other is");
  const bytes = "notYet" in blind ? "" : receiptText(blind);
  // A receipt names its block: one that was taken back names another once the record has learned of it.
  const before = sim.reorganised ? undefined : sim.receipts.get(row.receiptId);
  if (before !== undefined) expectSame("a receipt asked for again", bytes, before);
  if (!sim.reorganised) sim.receipts.set(row.receiptId, bytes);
  const expected = { fingerprint: fromHex(row.receiptId), ledger: delta!.ledger.address };
  const { steps } = verifyReceipt(encodeReceipt(receipt), expected);
  const outcome = await sim.chain.calmly(() => sim.chain.witness(1).check(receipt.anchor));
  count(sim, "receipts");
  expectSame(`${text}: content`, receipt.content?.reason ?? null, row.erased ? null : row.reason);
  expectSame(
    `${text}: steps`,
    steps.map((step) => step.outcome),
    ["passed", row.erased ? "skipped" : "passed", "passed", "passed", "passed"],
  );
  if (!sim.reorganised)
    expectSame(`${text}: the contract`, [outcome.outcome, outcome.detail], ["passed", outcome.detail]);
  return `${text}: ${outcome.outcome}`;
}

export async function checkConsistency(sim: Simulation, random: Random): Promise<string> {
  const drawn = await drawCustomer(sim, random);
  if (!drawn) return "nobody to be consistent with";
  const { side, customer, ledger, rows } = drawn;
  const { store } = sim.record;
  const sequences = [random.between(1, rows.length + 1), random.between(1, rows.length + 1)];
  const account = side.model.accounts.get(customer)!;
  const states = [];
  for (const sequence of sequences)
    states.push({ kind: "delta" as const, delta: (await store.delta(ledger, sequence))! });
  const file = await consistencyOf({ store, place: sim.chain.place }, [states[0]!, states[1]!]);
  const statuses = sequences.map((sequence) => statusOf(sim.model, account, sequence));
  const waiting = statuses.find((status) => status !== "VERIFIED");
  if ("notYet" in file) return expectSame("a consistency file that is not there yet", file.notYet, waiting);
  expectSame("whether both states are anchored", waiting ?? null, null);
  const { steps } = verifyConsistencyFile(encodeConsistency(file));
  expectThat(
    steps.every((step) => step.outcome !== "failed"),
    `a consistency file of ${customer} does not verify`,
  );
  count(sim, "consistency files");
  return `${customer} ${sequences.join(" and ")}`;
}
