/** What a ledger has to do, said once more: plain lists and loops, with nothing of the product's in it. Amounts in units of 10^-18. */

const LARGEST = 2n ** 255n - 1n;
export const fits = (balance: bigint): boolean => balance <= LARGEST && balance >= -LARGEST - 1n;

/** A delta as a client asks for it. `adjusts`: the customer and sequence of what it corrects. */
export type Ask = {
  customer: string;
  amount: bigint;
  reason: string;
  adjusts?: { customer: string; sequence: number };
  key?: string;
};

export type Row = Ask & { balance: bigint; at: number; erased: boolean; receiptId: string };
/** How far one anchor has taken a ledger in. */
export type Reached = { anchor: number; count: number };
/** `stated`: up to when statements speak for what is on record. */
export type Account = { rows: Row[]; reached: Reached[]; stated: number };

export type Statement = {
  id: string;
  customer: string;
  kind: "window" | "selection";
  from: number;
  to: number;
  first: number;
  count: number;
  opening: bigint;
  closing: bigint;
  chosen: number[];
  made: number;
};

export type Batch = { mode: "atomic" | "independent"; asks: (Ask | string)[]; outcomes: Outcome[]; ended: boolean };
/** What an idempotency key was used for. `asked`: a request's members as one text. */
export type Use =
  | { delta: { customer: string; sequence: number } }
  | { batch: Batch }
  | { asked: string; effect: string };

export type Tenant = {
  accounts: Map<string, Account>;
  keys: Map<string, Use>;
  statements: Map<string, Statement>;
  /** How many deltas were recorded in each month `YYYY-MM`, by the clock of then. */
  months: Map<string, number>;
  /** The statements that were asked for together, by the name of all. */
  groups: Map<string, string[]>;
};

export type Model = { tenants: Tenant[]; anchors: { index: number; root: string; confirmed: boolean }[] };

/** Where a delta is, or the code of why it is not. */
export type Outcome =
  | { kind: "recorded" | "replayed"; customer: string; sequence: number }
  | { kind: "refused"; code: string };

export function emptyModel(tenants: number): Model {
  const tenant = () => ({
    accounts: new Map(),
    keys: new Map(),
    statements: new Map(),
    months: new Map(),
    groups: new Map(),
  });
  return { tenants: Array.from({ length: tenants }, tenant), anchors: [] };
}

const refused = (code: string): Outcome => ({ kind: "refused", code });

/** Units of a decimal text, or the code of why it has none. */
export function unitsOf(text: string): bigint | string {
  const match = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?$/.exec(text);
  if (!match) return "VALIDATION_ERROR";
  const decimals = match[3] ?? "";
  if (decimals.length > 18) return "AMOUNT_NOT_EXACT";
  const units = BigInt(match[2] + decimals.padEnd(18, "0"));
  return match[1] ? -units : units;
}

export const rowsOf = (tenant: Tenant, customer: string): Row[] => tenant.accounts.get(customer)?.rows ?? [];

export const target = ({ adjusts }: Ask): string => (adjusts ? `${adjusts.customer} ${adjusts.sequence}` : "");

/** Whether a later request is the one that a row came of; of what was erased only the amount is left to tell. */
export function isSame(ask: Ask, row: Row): boolean {
  if (row.erased) return ask.amount === row.amount;
  return (
    ask.customer === row.customer &&
    ask.amount === row.amount &&
    ask.reason === row.reason &&
    target(ask) === target(row)
  );
}

/** Whether what it corrects, if anything, is there to be corrected. */
export const isCorrectable = (tenant: Tenant, { customer, adjusts }: Ask): boolean =>
  !adjusts || (adjusts.customer === customer && adjusts.sequence <= rowsOf(tenant, customer).length);

function append(tenant: Tenant, ask: Ask, now: number): Outcome {
  const rows = rowsOf(tenant, ask.customer);
  const last = rows.at(-1);
  const balance = (last?.balance ?? 0n) + ask.amount;
  if (!fits(balance)) return refused("BALANCE_OVERFLOW");
  const at = Math.max(now, last?.at ?? 0, tenant.accounts.get(ask.customer)?.stated ?? 0);
  rows.push({ ...ask, balance, at, erased: false, receiptId: "" });
  if (rows.length === 1) tenant.accounts.set(ask.customer, { rows, reached: [], stated: 0 });
  const place = { customer: ask.customer, sequence: rows.length };
  const month = new Date(now).toISOString().slice(0, 7);
  tenant.months.set(month, (tenant.months.get(month) ?? 0) + 1);
  if (ask.key !== undefined) tenant.keys.set(ask.key, { delta: place });
  return { kind: "recorded", ...place };
}

/** Records one delta. @param ask what is asked, or the code of why it cannot be read. */
export function record(tenant: Tenant, ask: Ask | string, now: number): Outcome {
  if (typeof ask === "string") return refused(ask);
  if (!isCorrectable(tenant, ask)) return refused("VALIDATION_ERROR");
  const use = ask.key === undefined ? undefined : tenant.keys.get(ask.key);
  if (!use) return append(tenant, ask, now);
  if (!("delta" in use)) return refused("IDEMPOTENCY_CONFLICT");
  const row = rowsOf(tenant, use.delta.customer)[use.delta.sequence - 1]!;
  return isSame(ask, row) ? { kind: "replayed", ...use.delta } : refused("IDEMPOTENCY_CONFLICT");
}

/** Erases what is there of a customer. @returns how many deltas it took. */
export function erase(tenant: Tenant, customer: string): number {
  const live = rowsOf(tenant, customer).filter((row) => !row.erased);
  for (const row of live) row.erased = true;
  return live.length;
}

/** Takes a new statement in: of a window that is still open it speaks up to when it was made. */
export function state(tenant: Tenant, statement: Statement): void {
  tenant.statements.set(statement.id, statement);
  const account = tenant.accounts.get(statement.customer);
  if (account && statement.kind === "window") account.stated = Math.max(account.stated, statedThrough(statement));
}

export const statedThrough = ({ to, made }: Statement): number => Math.min(to, made);

/** How many rows were recorded before a time: they never go back. */
export const countBefore = (rows: readonly Row[], time: number): number => rows.filter(({ at }) => at < time).length;

export const balanceAfter = (rows: readonly Row[], count: number): bigint =>
  rows.slice(0, count).reduce((sum, { amount }) => sum + amount, 0n);

/** How far a ledger is anchored for good. */
export function confirmedCount({ anchors }: Model, tenant: Tenant, customer: string): number {
  const final = new Set(anchors.filter(({ confirmed }) => confirmed).map(({ index }) => index));
  const reached = tenant.accounts.get(customer)?.reached ?? [];
  return Math.max(0, ...reached.filter(({ anchor }) => final.has(anchor)).map(({ count }) => count));
}

/** A delta is as far as the first anchor that reached it. */
export function statusOf({ anchors }: Model, account: Account, sequence: number): string {
  const first = account.reached.find(({ count }) => count >= sequence);
  if (!first) return "QUEUED";
  return anchors.find(({ index }) => index === first.anchor)?.confirmed ? "VERIFIED" : "PROCESSING";
}

/** The statement over a window, without its name. */
export function windowOf(
  rows: readonly Row[],
  from: number,
  to: number,
): Pick<Statement, "first" | "count" | "opening" | "closing"> {
  const [before, through] = [countBefore(rows, from), countBefore(rows, to)];
  return {
    first: before + 1,
    count: through - before,
    opening: balanceAfter(rows, before),
    closing: balanceAfter(rows, through),
  };
}
