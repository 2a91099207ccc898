import { fromHex, sameBytes, toHex, utf8 } from "../core/bytes.ts";
import { canonicalJson } from "../core/content.ts";
import { ERRORS, type ErrorCode, TallyrootError } from "../core/errors.ts";
import { openPause } from "./in-steps.ts";
import type { RequestEffect } from "./ports/effects.ts";
import type { Tenant } from "./ports/ledgers.ts";
import { canonicalRequest, conflict, differingMembers } from "./record.ts";
import { recordAtomic } from "./record-atomic.ts";
import { type BulkItem, type BulkOutcome, type BulkParts, GROUP, recordGroup } from "./record-group.ts";
import { type BulkIds, openBulkIds, requestIdOf } from "./request-id.ts";
import { seal, unseal } from "./seal.ts";

export type Batch = {
  tenant: Tenant;
  /** Method and path of the route. */
  route: string;
  mode: "independent" | "atomic";
  items: readonly BulkItem[];
  /** Covers the whole batch. Each item then has a request id. */
  idempotencyKey: string | undefined;
  /** Unix milliseconds. */
  now: number;
};

/** What came of each item, in the order sent; `replayed` when an earlier request had done all of it. */
export type BatchOutcome = { outcomes: BulkOutcome[]; replayed: boolean };

type KeyedBatch = Batch & { idempotencyKey: string };

/**
 * Records a batch: `atomic` all or none, `independent` each item for itself, some hundred per commit.
 *
 * With an idempotency key the same batch gives the same outcomes again. The batch is noted in the transaction of its first commit and once
 * more, with its refusals, at its end; its items have request ids of their own. A batch that a crash cut off is therefore known
 * as such when it comes again: what was recorded is answered, and the rest is recorded.
 *
 * @throws TallyrootError IDEMPOTENCY_CONFLICT naming what differs, with nothing recorded; of an atomic batch the refusal of its first bad
 *   item, naming it; SERVICE_UNAVAILABLE while nothing is recorded yet. Later on, that is the outcome of the items that are not.
 */
export async function recordBatch(parts: BulkParts, batch: Batch): Promise<BatchOutcome> {
  const { idempotencyKey, tenant } = batch;
  if (idempotencyKey === undefined) return { outcomes: await recordAll(parts, batch), replayed: false };
  const requestId = requestIdOf(tenant.requestKey, idempotencyKey);
  return inTurn(toHex(requestId), () => recordOnce(parts, { ...batch, idempotencyKey }, requestId));
}

async function recordOnce(parts: BulkParts, batch: KeyedBatch, requestId: Uint8Array): Promise<BatchOutcome> {
  const { store } = parts;
  const { tenant, route, mode, items, now } = batch;
  const ids = openBulkIds(tenant.requestKey);
  const note = {
    requestId,
    tenantId: tenant.id,
    route,
    effect: "deltas",
    members: canonicalJson({ items: items.length, mode }),
    createdAt: now,
  };
  const end = { ...note, requestId: ids.ofEnd(batch.idempotencyKey), effect: "refusals" };
  const before = await store.effectOf(requestId);
  if (!before) {
    const outcomes = await recordAll(parts, batch, note);
    await noteEnd(parts, batch, outcomes, { end, ids });
    return { outcomes, replayed: false };
  }
  expectSameRequest(before, note);
  const ended = mode === "atomic" ? { members: "[]" } : await store.effectOf(end.requestId);
  const refusals =
    ended && new Map((JSON.parse(ended.members) as Refusal[]).map((refusal) => [refusal.index, refusal]));
  const { outcomes, rest } = await outcomesBefore(parts, batch, ids, refusals);
  const replayed = rest.length === 0;
  if (!replayed) await recordInGroups(parts, { items, outcomes, places: rest });
  // Also where a crash came between the last commit and the end: from now on it is known what was in it, and what was not.
  if (!ended) await noteEnd(parts, batch, outcomes, { end, ids });
  return { outcomes, replayed };
}

async function recordAll(parts: BulkParts, { mode, items }: Batch, note?: RequestEffect): Promise<BulkOutcome[]> {
  if (mode === "atomic") return recordAtomic(parts, items, note);
  const outcomes = new Array<BulkOutcome>(items.length);
  await recordInGroups(parts, { items, outcomes, places: [...items.keys()] }, note);
  return outcomes;
}

type Work = { items: readonly BulkItem[]; outcomes: BulkOutcome[]; places: readonly number[] };

async function recordInGroups(
  parts: BulkParts,
  { items, outcomes, places }: Work,
  note?: RequestEffect,
): Promise<void> {
  for (let start = 0; start < places.length; start += GROUP) {
    const group = places.slice(start, start + GROUP);
    try {
      const answers = await recordGroup(
        parts,
        group.map((i) => items[i]!),
        start === 0 ? note : undefined,
      );
      for (const [k, i] of group.entries()) outcomes[i] = answers[k]!;
    } catch (error) {
      // What is on disk by now has to be answered as such: the failure is the outcome of those that are not.
      if (start === 0 || !isUnavailable(error)) throw error;
      for (const i of places.slice(start)) outcomes[i] = items[i] instanceof TallyrootError ? items[i] : error;
      return;
    }
  }
}

/**
 * A refused item of an ended batch. `digest` tells whether the item is the same again: it is of the item, or of the refusal where the item
 * could not be read. `sealed` is the message, which may name a customer: only who sends the item again can open it. A refusal
 * that was noted before messages were sealed has none.
 */
type Refusal = { index: number; code: ErrorCode; digest: string; sealed?: string };

const REFUSAL_PLACE = utf8("refusal");

/** Notes that a batch came to its end. One that could not be written to its end is not noted: the rest of it is recorded when it comes again. */
async function noteEnd(
  { store }: BulkParts,
  { mode, items }: Batch,
  outcomes: BulkOutcome[],
  { end, ids }: { end: RequestEffect; ids: BulkIds },
): Promise<void> {
  if (mode === "atomic" || outcomes.some(isUnavailable)) return;
  const refusals = outcomes.flatMap((outcome, index): Refusal[] => {
    if (!(outcome instanceof TallyrootError)) return [];
    const { code, message } = outcome;
    const item = items[index]!;
    const digest = toHex(ids.digest(textOf(item)));
    if (item instanceof TallyrootError) return [{ index, code, digest }];
    return [{ index, code, digest, sealed: toHex(seal(ids.keyOf(textOf(item)), REFUSAL_PLACE, utf8(message))) }];
  });
  await store.record([], true, { request: { ...end, members: JSON.stringify(refusals) } });
}

/** All of an item as one text; of one that could not be read, why. */
function textOf(item: BulkItem): string {
  return item instanceof TallyrootError
    ? `${item.code}\n${item.message}`
    : `${toHex(item.requestId!)}${canonicalRequest(item)}`;
}

/** The refusal of an item again; undefined when it is of another item. */
function refusedAgain(ids: BulkIds, item: BulkItem, { code, digest, sealed }: Refusal): TallyrootError | undefined {
  if (toHex(ids.digest(textOf(item))) !== digest) return undefined;
  if (item instanceof TallyrootError) return new TallyrootError(code, item.message);
  const message = sealed && unseal(ids.keyOf(textOf(item)), REFUSAL_PLACE, fromHex(sealed)).toString("utf8");
  return new TallyrootError(code, message ?? ERRORS[code].meaning);
}

/**
 * What an earlier batch with the same idempotency key did with each item, and the places of those that it did not come to.
 *
 * @param refusals of the batch that came to its end; undefined when it was cut off.
 * @throws TallyrootError IDEMPOTENCY_CONFLICT
 */
async function outcomesBefore(
  { store, contents }: BulkParts,
  { items, idempotencyKey }: KeyedBatch,
  ids: BulkIds,
  refusals: Map<number, Refusal> | undefined,
): Promise<{ outcomes: BulkOutcome[]; rest: number[] }> {
  const outcomes = new Array<BulkOutcome>(items.length);
  const rest: number[] = [];
  const differs: string[] = [];
  const pause = openPause();
  for (const [i, item] of items.entries()) {
    await pause();
    const refusal = refusals?.get(i);
    if (refusal) {
      const again = refusedAgain(ids, item, refusal);
      if (again) outcomes[i] = again;
      else differs.push(`deltas.${i}`);
      continue;
    }
    const ownId = ids.ofItem(idempotencyKey, i);
    const delta = await store.deltaByRequestId(item instanceof TallyrootError ? ownId : item.requestId!);
    if (item instanceof TallyrootError) {
      if (refusals || delta) differs.push(`deltas.${i}`);
      else outcomes[i] = item;
    } else if (!delta) {
      if (refusals) differs.push(`deltas.${i}`);
      else rest.push(i);
    } else {
      const members = differingMembers(item, delta, await contents.contentOf(delta));
      // Under a key of the item's own, another request may have been first: that is the item's conflict, not the batch's.
      const isItems = !refusals && !sameBytes(item.requestId!, ownId);
      if (members.length > 0 && !isItems) differs.push(...members.map((member) => `deltas.${i}.${member}`));
      else outcomes[i] = members.length > 0 ? conflict(members) : { delta, replayed: true };
    }
  }
  if (differs.length > 0) throw conflict(differs);
  return { outcomes, rest };
}

function expectSameRequest(before: RequestEffect, now: RequestEffect): void {
  if (before.route !== now.route) throw conflict(["route"]);
  const [then, asked] = [JSON.parse(before.members), JSON.parse(now.members)] as { items: number; mode: string }[];
  const differs = [
    ...(then!.items === asked!.items ? [] : ["number of deltas"]),
    ...(then!.mode === asked!.mode ? [] : ["mode"]),
  ];
  if (differs.length > 0) throw conflict(differs);
}

function isUnavailable(error: unknown): error is TallyrootError {
  return error instanceof TallyrootError && error.code === "SERVICE_UNAVAILABLE";
}

/** Batches under way, by their request id: one that is sent again meanwhile waits for the first instead of racing with it. */
const underWay = new Map<string, Promise<unknown>>();

async function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
  const before = underWay.get(name);
  const own = (async () => {
    await before;
    return work();
  })();
  // Whoever comes next waits for the end, good or bad; the failure itself is met by this caller.
  const end = Promise.allSettled([own]);
  underWay.set(name, end);
  try {
    return await own;
  } finally {
    if (underWay.get(name) === end) underWay.delete(name);
  }
}
