import { ledgerAddress } from "../../../../src/core/address.ts";
import { parseAmount } from "../../../../src/core/amount.ts";
import { toHex } from "../../../../src/core/bytes.ts";
import { TallyrootError } from "../../../../src/core/errors.ts";
import { recordIdOf } from "../../../../src/core/record-id.ts";
import type { RecordRequest } from "../../../../src/ledger/ports/ledgers.ts";
import { type Recorded, recordDelta } from "../../../../src/ledger/record.ts";
import { type BatchOutcome, recordBatch } from "../../../../src/ledger/record-batch.ts";
import { type BulkItem, type BulkOutcome, itemRequestId } from "../../../../src/ledger/record-group.ts";
import { openBulkIds } from "../../../../src/ledger/request-id.ts";
import type { Random } from "../../random.ts";
import { recordBatch as modelBatch } from "../plain-batches.ts";
import { type Ask, type Outcome, type Row, record, rowsOf, unitsOf } from "../plain-ledger.ts";
import {
  CUSTOMERS,
  count,
  customerOf,
  drawSide,
  expectSame,
  orCode,
  type Side,
  type Simulation,
  sideOf,
} from "../simulation.ts";

/** What a client writes into a request: its amount is text. */
export type Written = Omit<Ask, "amount"> & { amount: string };

/** The largest balance that there is: an amount that brings a ledger to its limit at once. */
export const LARGEST = "57896044618658097711785492504343953926634992332820282019728.792003956564819967";
const ROUTE = "POST /balance/delta/batch";

/** Sends what a client has written, one delta, and compares what comes back. */
export async function sendOne(sim: Simulation, index: number, written: Written): Promise<string> {
  sim.resend = () => sendOne(sim, index, written);
  const side = sideOf(sim, index);
  const answer = await orCode(recordWritten(sim, side, written));
  return settleOne(sim, side, written, answer);
}

async function recordWritten(sim: Simulation, { tenant }: Side, written: Written): Promise<Recorded> {
  return recordDelta(sim.record, requestOf(tenant, written, undefined));
}

function settleOne(sim: Simulation, side: Side, written: Written, answer: Recorded | string): string {
  const expected = record(side.model, askOf(written), sim.clock.now);
  count(sim, `deltas ${expected.kind}`);
  return `${side.tenant.name} ${written.customer} ${written.amount}: ${compareOutcome(side, answer, expected)}`;
}

/** @throws MismatchError unless a delta came out as the model has it. */
function compareOutcome(side: Side, answer: Recorded | string, expected: Outcome): string {
  if (expected.kind === "refused" || typeof answer === "string")
    return expectSame("the answer", answer, codeOf(expected));
  const row = rowsOf(side.model, expected.customer)[expected.sequence - 1]!;
  const { delta, replayed } = answer;
  const receiptId = toHex(delta.fingerprint);
  // What recording answers first is what its client keeps.
  if (expected.kind === "recorded") row.receiptId = receiptId;
  return expectSame(
    "the recorded delta",
    [
      replayed,
      customerOf(side, delta.ledger),
      delta.sequence,
      delta.amount,
      delta.balance,
      delta.recordedAt,
      receiptId,
    ],
    [
      expected.kind === "replayed",
      expected.customer,
      expected.sequence,
      row.amount,
      row.balance,
      row.at,
      row.receiptId,
    ],
  );
}

const codeOf = (outcome: Outcome): string =>
  outcome.kind === "refused" ? outcome.code : `${outcome.kind} ${outcome.customer} ${outcome.sequence}`;

function askOf({ amount, ...written }: Written): Ask | string {
  const units = unitsOf(amount);
  return typeof units === "string" ? units : { ...written, amount: units };
}

type Batched = { ids: ReturnType<typeof openBulkIds>; idempotencyKey: string | undefined; index: number };

/** @throws TallyrootError for an amount that cannot be read. */
function requestOf(tenant: Side["tenant"], written: Written, batched: Batched | undefined): RecordRequest {
  const { customer, reason, adjusts, key } = written;
  const ids = batched?.ids ?? openBulkIds(tenant.requestKey);
  const place = batched ?? { idempotencyKey: undefined, index: 0 };
  const requestId = itemRequestId(ids, { customerId: customer, idempotencyKey: key }, place);
  return {
    tenant,
    customerId: customer,
    amount: parseAmount(written.amount),
    reason,
    ...(adjusts && {
      adjusts: { recordId: recordIdOf(ledgerAddress(tenant.namespace, adjusts.customer), adjusts.sequence) },
    }),
    ...(requestId && { requestId }),
  };
}

export type WrittenBatch = { mode: "atomic" | "independent"; items: Written[]; key: string | undefined };

export async function sendBatch(sim: Simulation, index: number, written: WrittenBatch): Promise<string> {
  sim.resend = () => sendBatch(sim, index, written);
  const side = sideOf(sim, index);
  const { mode, items, key } = written;
  const ids = openBulkIds(side.tenant.requestKey);
  const batch = {
    tenant: side.tenant,
    route: ROUTE,
    mode,
    items: items.map((item, i) => itemOf(side, item, { ids, idempotencyKey: key, index: i })),
    idempotencyKey: key,
    now: sim.clock.now,
  };
  const answer = await orCode(recordBatch(sim.record, batch));
  const expected = modelBatch(side.model, { mode, asks: items.map(askOf), key }, sim.clock.now);
  count(sim, typeof expected === "string" ? "batches refused" : "batches");
  return `${side.tenant.name} ${mode} ${key ?? "-"} ${items.length}: ${compareBatch(side, answer, expected)}`;
}

function compareBatch(side: Side, answer: BatchOutcome | string, expected: Outcome[] | string): string {
  if (typeof answer === "string" || typeof expected === "string")
    return expectSame(
      "the answer to a batch",
      typeof answer === "string" ? answer : "recorded",
      typeof expected === "string" ? expected : "recorded",
    );
  expectSame("the outcomes of a batch", answer.outcomes.length, expected.length);
  return expected.map((outcome, i) => compareOutcome(side, inShort(answer.outcomes[i]!), outcome)).join(" ");
}

const inShort = (outcome: BulkOutcome): Recorded | string =>
  outcome instanceof TallyrootError ? outcome.code : outcome;

function itemOf({ tenant }: Side, written: Written, batched: Batched): BulkItem {
  try {
    return requestOf(tenant, written, batched);
  } catch (error) {
    if (!(error instanceof TallyrootError)) throw error;
    return error;
  }
}

/** The id that a key is stored under, of a single delta or of an item of a batch. */
export function requestIdOfRow({ tenant }: Side, key: string): Uint8Array {
  const ids = openBulkIds(tenant.requestKey);
  const [, batch, index] = /^(.*) item ([0-9]+)$/.exec(key) ?? [];
  return batch === undefined ? ids.ofKey(key) : ids.ofItem(batch, Number(index));
}

function drawAmount(random: Random): string {
  const kind = random.next();
  const sign = random.chance(0.5) ? "-" : "";
  if (kind < 0.02) return `${sign}1.${"0".repeat(18)}1`;
  if (kind < 0.03) return `${sign}${random.oneOf(["01", "1.", ".5", "+1", "1e", "0x1"])}`;
  if (kind < 0.06) return `${sign}${LARGEST}`;
  const fraction = String(random.between(1, 10 ** 9))
    .repeat(2)
    .slice(0, random.between(1, 19));
  return `${sign}${random.between(0, 1_000)}.${fraction}`;
}

function drawWritten(side: Side, random: Random): Written {
  const customer = random.oneOf(CUSTOMERS);
  const rows = rowsOf(side.model, customer).length;
  const written: Written = { customer, amount: drawAmount(random), reason: `reason ${random.between(0, 1_000)}` };
  if (random.chance(0.15)) {
    const corrected = random.chance(0.8) ? customer : random.oneOf(CUSTOMERS);
    written.adjusts = { customer: corrected, sequence: random.between(1, rows + 3) };
  }
  if (random.chance(0.6)) written.key = drawKey(side, random, "k");
  return written;
}

/** A key that was not used yet, but for a few. */
function drawKey({ model }: Side, random: Random, kind: "k" | "b"): string {
  const used = [...model.keys.keys()].filter((key) => !key.includes(" item "));
  if (used.length > 0 && random.chance(0.05)) return random.oneOf(used);
  return `${kind}${model.keys.size}-${random.between(0, 1_000)}`;
}

export async function recordOne(sim: Simulation, random: Random): Promise<string> {
  const side = drawSide(sim, random);
  return sendOne(sim, side.index, drawWritten(side, random));
}

export async function recordMany(sim: Simulation, random: Random): Promise<string> {
  const side = drawSide(sim, random);
  const items = Array.from({ length: random.between(1, 8) }, () => drawWritten(side, random));
  const key = random.chance(0.7) ? drawKey(side, random, "b") : undefined;
  // A batch and an item of it under one key are two things under one name: no client can mean that.
  const apart = items.filter((item) => item.key === undefined || item.key !== key);
  const mode = random.chance(0.5) ? "atomic" : "independent";
  return sendBatch(sim, side.index, { mode, items: apart, key });
}

/** Several clients at once: their requests share one transaction. */
export async function recordTogether(sim: Simulation, random: Random): Promise<string> {
  const side = drawSide(sim, random);
  const all = Array.from({ length: random.between(2, 6) }, () => {
    const { adjusts: _, ...written } = drawWritten(side, random);
    return written;
  });
  if (random.chance(0.4)) all.push(all[0]!);
  sim.resend = () => sendOne(sim, side.index, all[0]!);
  const answers = await Promise.all(all.map((written) => orCode(recordWritten(sim, side, written))));
  count(sim, "shared transactions");
  return answers.map((answer, i) => settleOne(sim, side, all[i]!, answer)).join("; ");
}

/** A client that does not know what came of its request sends it again; some send something else under the same key. */
export async function retry(sim: Simulation, random: Random): Promise<string> {
  const side = drawSide(sim, random);
  const rows = [...side.model.accounts.values()].flatMap(({ rows }) => rows).filter(({ key }) => key !== undefined);
  const batches = [...side.model.keys].filter(([, use]) => "batch" in use);
  if (batches.length > 0 && random.chance(0.4)) return retryBatch(sim, side, random, random.oneOf(batches)[0]);
  const singles = rows.filter(({ key }) => !key!.includes(" item "));
  if (singles.length === 0) return "nothing to retry";
  const written = writtenOf(random.oneOf(singles));
  const change = random.next();
  count(sim, "retries");
  if (change < 0.15) written.amount = otherThan(written.amount);
  else if (change < 0.3) written.reason = `${written.reason} changed`;
  else if (change < 0.4) written.customer = random.oneOf(CUSTOMERS);
  return sendOne(sim, side.index, written);
}

async function retryBatch(sim: Simulation, side: Side, random: Random, key: string): Promise<string> {
  const use = side.model.keys.get(key)!;
  if (!("batch" in use)) throw new RangeError(`${key} is no batch's`);
  const { asks } = use.batch;
  const readable = asks.filter((ask) => typeof ask !== "string");
  // What could not be read is not kept: such a batch is sent again only where it has just been sent.
  if (readable.length < asks.length) return "a batch with what cannot be read";
  const items = readable.map((ask) => {
    const { key: own, ...written } = writtenOf(ask);
    return own === undefined || own.includes(" item ") ? written : { ...written, key: own };
  });
  const change = random.next();
  let mode = use.batch.mode;
  count(sim, "retries");
  if (change < 0.1) mode = mode === "atomic" ? "independent" : "atomic";
  else if (change < 0.2) items.push({ customer: "a", amount: "1", reason: "one more" });
  else if (change < 0.3 && items[0]) items[0].amount = otherThan(items[0].amount);
  return sendBatch(sim, side.index, { mode, items, key });
}

function writtenOf({ customer, amount, reason, adjusts, key }: Ask | Row): Written {
  return { customer, amount: textOf(amount), reason, ...(adjusts && { adjusts }), ...(key !== undefined && { key }) };
}

const otherThan = (amount: string): string => (unitsOf(amount) === unitsOf("7") ? "8" : "7");

function textOf(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(19, "0");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -18)}.${digits.slice(-18)}`;
}
