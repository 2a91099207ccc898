import {
  type Ask,
  type Batch,
  isCorrectable,
  isSame,
  type Outcome,
  record,
  rowsOf,
  type Tenant,
  target,
} from "./plain-ledger.ts";

/** What batches have to do, by the same plain means as the rest of the model. */

/** Records all or none: the code of the first bad one, or where they are. */
function recordAtomic(tenant: Tenant, asks: readonly (Ask | string)[], now: number): Outcome[] | string {
  const trial = structuredClone(tenant);
  const firstWith = new Map<string, Ask>();
  for (const ask of asks) {
    if (typeof ask === "string") return ask;
    if (!isCorrectable(tenant, ask)) return "VALIDATION_ERROR";
    const first = ask.key === undefined ? ask : (firstWith.get(ask.key) ?? ask);
    if (ask.key !== undefined) firstWith.set(ask.key, first);
    if (
      first.amount !== ask.amount ||
      first.customer !== ask.customer ||
      first.reason !== ask.reason ||
      target(first) !== target(ask)
    )
      return "IDEMPOTENCY_CONFLICT";
  }
  // What another request was before is told before what the record has against it.
  if (asks.some((ask) => typeof ask !== "string" && isOthers(tenant, ask))) return "IDEMPOTENCY_CONFLICT";
  const outcomes = asks.map((ask) => record(trial, ask, now));
  const bad = outcomes.find((outcome) => outcome.kind === "refused");
  if (bad?.kind === "refused") return bad.code;
  Object.assign(tenant, trial);
  return outcomes;
}

/** Whether its key is that of another delta. */
function isOthers(tenant: Tenant, ask: Ask): boolean {
  const use = ask.key === undefined ? undefined : tenant.keys.get(ask.key);
  return (
    use !== undefined && "delta" in use && !isSame(ask, rowsOf(tenant, use.delta.customer)[use.delta.sequence - 1]!)
  );
}

/** Records a batch. @returns what came of each, or the code of why nothing did. */
export function recordBatch(
  tenant: Tenant,
  { mode, asks, key }: { mode: Batch["mode"]; asks: (Ask | string)[]; key: string | undefined },
  now: number,
): Outcome[] | string {
  const use = key === undefined ? undefined : tenant.keys.get(key);
  if (use && "asked" in use) return "IDEMPOTENCY_CONFLICT";
  if (use && "delta" in use) return usedByDelta(tenant, mode, asks);
  if (use) {
    const { batch } = use;
    if (batch.mode !== mode || batch.asks.length !== asks.length) return "IDEMPOTENCY_CONFLICT";
    if (!asks.every((ask, i) => isRepeated(tenant, ask, batch, i))) return "IDEMPOTENCY_CONFLICT";
    const before = batch.outcomes;
    if (!batch.ended) goOn(tenant, batch, now);
    batch.ended = true;
    return batch.outcomes.map((outcome, i) =>
      outcome.kind === "recorded" && before[i]!.kind !== "refused" ? { ...outcome, kind: "replayed" } : outcome,
    );
  }
  const own = asks.map((ask, i) =>
    typeof ask === "string" || key === undefined || ask.key !== undefined ? ask : { ...ask, key: `${key} item ${i}` },
  );
  // What an item corrects must have been there before the batch.
  const judged = own.map((ask) => (typeof ask === "string" || isCorrectable(tenant, ask) ? ask : "VALIDATION_ERROR"));
  const outcomes = mode === "atomic" ? recordAtomic(tenant, own, now) : judged.map((ask) => record(tenant, ask, now));
  if (typeof outcomes === "string") return outcomes;
  if (key !== undefined) tenant.keys.set(key, { batch: { mode, asks: own, outcomes, ended: true } });
  return outcomes;
}

/** What an atomic batch's own mistakes are told before that its key is taken. */
function usedByDelta(tenant: Tenant, mode: Batch["mode"], asks: readonly (Ask | string)[]): string {
  const bad = mode === "atomic" ? recordAtomic(structuredClone(tenant), asks, 0) : "IDEMPOTENCY_CONFLICT";
  return bad === "VALIDATION_ERROR" || bad === "AMOUNT_NOT_EXACT" ? bad : "IDEMPOTENCY_CONFLICT";
}

function isRepeated(tenant: Tenant, ask: Ask | string, batch: Batch, i: number): boolean {
  const [before, outcome] = [batch.asks[i]!, batch.outcomes[i]!];
  if (typeof ask === "string" || typeof before === "string") return ask === before;
  if (outcome.kind !== "refused") return isSame(ask, rowsOf(tenant, outcome.customer)[outcome.sequence - 1]!);
  return ask.amount === before.amount && ask.reason === before.reason && ask.customer === before.customer;
}

/** A batch that a crash kept from its end: what is left of it is tried again, and then it is noted as ended. */
function goOn(tenant: Tenant, batch: Batch, now: number): void {
  const judged = batch.asks.map((ask) =>
    typeof ask === "string" || isCorrectable(tenant, ask) ? ask : "VALIDATION_ERROR",
  );
  batch.outcomes = batch.outcomes.map((outcome, i): Outcome => {
    const ask = batch.asks[i]!;
    if (outcome.kind !== "refused" || typeof ask === "string") return outcome;
    const use = ask.key === undefined ? undefined : tenant.keys.get(ask.key);
    if (use && "delta" in use)
      return isOthers(tenant, ask)
        ? { kind: "refused", code: "IDEMPOTENCY_CONFLICT" }
        : { kind: "replayed", ...use.delta };
    return record(tenant, judged[i]!, now);
  });
}
