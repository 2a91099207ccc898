import { ledgerAddress } from "../../core/address.ts";
import { sameBytes, toHex } from "../../core/bytes.ts";
import { type Delta, deltaFingerprint } from "../../core/fingerprint.ts";
import { recordIdOf } from "../../core/record-id.ts";
import { ADDRESS, HASH, type Shape, ShapeError } from "../../core/shape.ts";
import { formatUnits, units } from "../amounts.ts";
import type { DeltaView } from "../answers.ts";
import type { Moment } from "../checking.ts";
import { expect, refuse } from "./answer-failures.ts";

/** A delta whose fields give its receiptId, with what the answer showed of its content. */
export type KnownDelta = Delta & { sequence: number; recordedAt: number; receiptId: string; view: DeltaView };

/** Deltas, and customers, that are remembered: beyond, the oldest are forgotten. */
const MAX_REMEMBERED = 100_000;
/** Counts of one ledger that are remembered, with when they were learned. */
const MAX_COUNTS = 64;

/**
 * What one client has been told, so that no later answer can say otherwise: a receiptId and a balance at each sequence of each ledger,
 * how long each ledger is at least, and which ledger is whose.
 */
export type KnownDeltas = ReturnType<typeof openKnownDeltas>;

/** @param namespace of the tenant, where it is pinned: then a customer's ledger is computed and not believed. */
export function openKnownDeltas(namespace: Uint8Array | undefined) {
  const deltas = new Map<string, KnownDelta>();
  const counts = new Map<string, { tick: number; count: number }[]>();
  const ledgers = new Map<string, string>();
  let ticks = 0;

  /** @throws TallyrootVerificationError when the ledger is not this customer's. */
  function expectLedger(customerId: string, ledger: string): void {
    if (namespace)
      expect(
        sameBytes(ledgerAddress(namespace, customerId), decoded(ADDRESS, "ledgerIdentifier", ledger)),
        "CUSTOMER_LEDGER_MISMATCH",
        `ledger ${ledger} is not that of ${customerId} in the namespace of the policy`,
      );
    const before = ledgers.get(customerId) ?? ledger;
    expect(before === ledger, "CONTRADICTS_EARLIER_ANSWER", `${customerId} had ledger ${before}, and now ${ledger}`);
    remember(ledgers, customerId, ledger);
  }

  /** How many deltas a ledger had, as far as was known at a moment. */
  function countAt(ledger: string, { tick }: Moment): number {
    return counts.get(ledger)?.findLast((known) => known.tick <= tick)?.count ?? 0;
  }

  /** @throws TallyrootVerificationError when the ledger was known to be longer before the question was sent. */
  function expectCount(ledger: string, count: number, sent: Moment): void {
    const before = countAt(ledger, sent);
    expect(count >= before, "CONTRADICTS_EARLIER_ANSWER", `ledger ${ledger} had ${before} deltas, and now ${count}`);
    learnCount(ledger, count);
  }

  function learnCount(ledger: string, count: number): void {
    const known = counts.get(ledger) ?? [];
    if (count > (known.at(-1)?.count ?? 0)) {
      ticks += 1;
      known.push({ tick: ticks, count });
      if (known.length > MAX_COUNTS) known.shift();
    }
    remember(counts, ledger, known);
  }

  /** Takes a delta as it was answered. @throws TallyrootVerificationError when it is not itself, or does not fit what is known. */
  function take(view: DeltaView): KnownDelta {
    const delta = read(view);
    const ledger = view.ledgerIdentifier;
    if (view.customerId !== null) expectLedger(view.customerId, ledger);
    const known = deltas.get(keyOf(ledger, delta.sequence));
    expect(
      known === undefined || known.receiptId === delta.receiptId,
      "CONTRADICTS_EARLIER_ANSWER",
      `delta ${delta.sequence} of ledger ${ledger} was another one before`,
    );
    expectNeighbours(delta.sequence === 1 ? "first" : deltas.get(keyOf(ledger, delta.sequence - 1)), delta);
    const next = deltas.get(keyOf(ledger, delta.sequence + 1));
    if (next) expectNeighbours(delta, next);
    remember(deltas, keyOf(ledger, delta.sequence), delta);
    learnCount(ledger, delta.sequence);
    return delta;
  }

  return {
    take,
    expectLedger,
    countAt,
    expectCount,
    moment: (): Moment => ({ tick: ticks, milliseconds: Date.now() }),
    at: (ledger: string, sequence: number) => deltas.get(keyOf(ledger, sequence)),
  };
}

const keyOf = (ledger: string, sequence: number) => `${ledger}/${sequence}`;

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > MAX_REMEMBERED) map.delete(map.keys().next().value!);
}

function expectNeighbours(before: KnownDelta | "first" | undefined, delta: KnownDelta): void {
  if (before === undefined) return;
  const [balance, recordedAt] = before === "first" ? [0n, 0] : [before.balance, before.recordedAt];
  const adds = balance + delta.amount === delta.balance && recordedAt <= delta.recordedAt;
  expect(adds, "SUM_MISMATCH", `delta ${delta.sequence} does not follow from the one before it: balance or time`);
}

function read(view: DeltaView): KnownDelta {
  const { sequence, receiptId } = view;
  const ledger = decoded(ADDRESS, "ledgerIdentifier", view.ledgerIdentifier);
  const recordedAt = millisecondsOf(view.recordedAt);
  expect(
    Number.isSafeInteger(sequence) &&
      sequence >= 1 &&
      view.sequenceNumber === String(sequence) &&
      view.recordId === recordIdOf(ledger, sequence) &&
      view.createdAt === view.recordedAt,
    "ANSWER_MALFORMED",
    `the members of ${view.recordId} do not name one delta`,
  );
  const delta = {
    ledger,
    sequence,
    amount: exactOf("delta", view.delta, view.deltaExact),
    balance: exactOf("balance", view.balance, view.balanceExact),
    recordedAt,
    commitment: decoded(HASH, "commitment", view.commitment),
  };
  expect(
    toHex(deltaFingerprint(delta)) === receiptId,
    "FINGERPRINT_MISMATCH",
    `the fields of ${view.recordId} do not give its receiptId`,
  );
  return { ...delta, receiptId, view };
}

/** Bytes of a text of an answer. @throws TallyrootVerificationError */
export function decoded(shape: Shape<Uint8Array>, path: string, text: unknown): Uint8Array {
  try {
    return shape.decode(path, text);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    return refuse("ANSWER_MALFORMED", error.message);
  }
}

/** Units of an amount that is told twice, as a number and as text. @throws TallyrootVerificationError when the two differ */
export function exactOf(name: string, number: number | null, text: string | null | undefined): bigint {
  try {
    const exact = units(text ?? "");
    expect(
      formatUnits(exact) === text && Number(text) === number,
      "ANSWER_MALFORMED",
      `${name}: ${number} is not ${text}`,
    );
    return exact;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return refuse("ANSWER_MALFORMED", `${name}: ${error.message}`);
  }
}

/** @throws TallyrootVerificationError when a number is not that of these units. */
export function expectNumber(name: string, number: number | null, exact: bigint): void {
  expect(
    Number(formatUnits(exact)) === number,
    "SUM_MISMATCH",
    `${name} is ${number}, and should be ${formatUnits(exact)}`,
  );
}

export function millisecondsOf(time: string): number {
  const milliseconds = Date.parse(time);
  const whole = !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString() === time;
  expect(whole, "ANSWER_MALFORMED", `${time} is no time in UTC with milliseconds`);
  return milliseconds;
}
