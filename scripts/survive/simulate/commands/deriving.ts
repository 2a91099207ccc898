import { toHex } from "../../../../src/core/bytes.ts";
import { recordIdOf } from "../../../../src/core/record-id.ts";
import type { ScopeRequest } from "../../../../src/core/scope.ts";
import { breakDown, derive } from "../../../../src/ledger/derive.ts";
import { resolveScope } from "../../../../src/ledger/scope.ts";
import type { Random } from "../../random.ts";
import { balanceAfter, confirmedCount, countBefore, fits } from "../plain-ledger.ts";
import { count, expectSame, expectThat, orCode, type Simulation } from "../simulation.ts";
import { type Drawn, drawCustomer } from "./drawn.ts";
import { drawWindow } from "./statements.ts";

const DAY_MS = 86_400_000;
/** The widest window that may be named, and the widest that is broken down here, in days. */
const WIDEST_DAYS = 120 * 31;
const BROKEN_DOWN_DAYS = 900;

/** A scope as the model has it: balances before and after its deltas, and what is started from. */
type Expected = { first: number; last: number; opening: bigint; closing: bigint; starting: bigint };

/** Draws a scope, and says what it comes to; a code where it is refused. */
function drawScope(
  sim: Simulation,
  { side, customer, ledger, rows }: Drawn,
  random: Random,
): [ScopeRequest, Expected | string] {
  const startingBalance = random.chance(0.3) ? BigInt(random.between(-1_000, 1_000)) * 10n ** 15n : undefined;
  const finality = random.chance(0.2) ? "verified" : "recorded";
  const request: ScopeRequest = {
    startingBalance,
    startingPoint: undefined,
    window: undefined,
    at: undefined,
    granularity: undefined,
    finality,
  };
  let [first, last] = [1, rows.length];
  let start: { sequence: number; balance: bigint } | undefined;
  const kind = random.next();
  const reached = side.model.accounts.get(customer)!.reached;
  const statements = [...side.model.statements.values()].filter(
    (one) => one.customer === customer && one.kind === "window",
  );
  const sequence = random.between(1, rows.length + 1);
  if (kind < 0.45) {
    const { from, to } = drawWindow(sim, side, customer, random);
    request.window = { kind: "custom", from, to };
    if (to - from > WIDEST_DAYS * DAY_MS) return [request, "SCOPE_TOO_WIDE"];
    [first, last] = [countBefore(rows, from) + 1, countBefore(rows, to)];
  } else if (kind < 0.55) {
    const time = rows[sequence - 1]!.at + random.between(-1, 2);
    request.at = { time };
    last = countBefore(rows, time);
  } else if (kind < 0.65) {
    request.at = { sequence: random.between(1, rows.length + 2) };
    last = request.at.sequence;
    if (last > rows.length) return [request, "VALIDATION_ERROR"];
  } else if (kind < 0.75) {
    request.startingPoint = { type: "recordId", id: recordIdOf(ledger.address, sequence) };
    start = { sequence, balance: balanceAfter(rows, sequence) };
  } else if (kind < 0.85 && reached.length > 0) {
    const head = random.oneOf(reached);
    request.startingPoint = { type: "anchorId", id: String(head.anchor) };
    start = { sequence: head.count, balance: balanceAfter(rows, head.count) };
  } else if (kind < 0.95 && statements.length > 0) {
    const statement = random.oneOf(statements);
    request.startingPoint = { type: "proofRoot", id: statement.id };
    start = { sequence: statement.first + statement.count - 1, balance: statement.closing };
  }
  if (start) first = start.sequence + 1;
  if (finality === "verified") last = Math.min(last, confirmedCount(sim.model, side.model, customer));
  const opening = start?.balance ?? balanceAfter(rows, first - 1);
  const closing = last >= first ? balanceAfter(rows, last) : opening;
  return [
    request,
    { first, last: Math.max(last, first - 1), opening, closing, starting: startingBalance ?? start?.balance ?? 0n },
  ];
}

/** A statement is named by its proof root, which only the store knows. */
async function withProofRoot(sim: Simulation, { side }: Drawn, request: ScopeRequest): Promise<ScopeRequest> {
  if (request.startingPoint?.type !== "proofRoot") return request;
  const found = await sim.record.store.checkpoint(side.tenant.id, request.startingPoint.id);
  return { ...request, startingPoint: { type: "proofRoot", id: toHex(found!.fingerprint) } };
}

export async function deriveScope(sim: Simulation, random: Random): Promise<string> {
  const drawn = await drawCustomer(sim, random);
  if (!drawn) return "nobody to derive";
  const { side, customer, ledger, rows } = drawn;
  const { store } = sim.record;
  const [request, expected] = drawScope(sim, drawn, random);
  const text = `${side.tenant.name} ${customer} ${JSON.stringify(request, (_, value) => (typeof value === "bigint" ? `${value}` : value))}`;
  const scope = await orCode(resolveScope(store, ledger, await withProofRoot(sim, drawn, request), sim.clock.now));
  if (typeof expected === "string" || typeof scope === "string")
    return `${text}: ${expectSame("a scope", scope, expected)}`;
  const { first, last, opening, closing, starting } = expected;
  const page = { offset: random.between(0, 4), limit: random.between(1, 6) };
  const derived = await orCode(derive(store, scope, page));
  const verifiedLast = Math.max(first - 1, Math.min(last, confirmedCount(sim.model, side.model, customer)));
  const verified = verifiedLast < first ? opening : balanceAfter(rows, verifiedLast);
  count(sim, "derivations");
  if (![starting + closing - opening, starting + verified - opening].every(fits))
    return `${text}: ${expectSame("a derivation", derived, "BALANCE_OVERFLOW")}`;
  expectThat(typeof derived === "object", `a derivation was refused with ${String(derived)}`);
  if (typeof derived === "string") return derived;
  if (request.window?.kind === "custom") await compareBreakdown(sim, drawn, scope, expected, request.window);
  const shown = rows.slice(first - 1, last).slice(page.offset, page.offset + page.limit);
  return `${text}: ${expectSame(
    "a derivation",
    {
      computed: derived.computedBalance,
      verified: derived.verifiedBalance,
      counts: [derived.deltasCount, derived.verifiedCount, derived.pendingCount],
      latest: derived.latest?.sequence ?? null,
      page: derived.deltas.map(({ amount, balance, fingerprint }) => [amount, balance, toHex(fingerprint)]),
    },
    {
      computed: starting + closing - opening,
      verified: starting + verified - opening,
      counts: [last - first + 1, verifiedLast - first + 1, last - verifiedLast],
      latest: last >= first ? last : null,
      page: shown.map(({ amount, balance, receiptId }) => [amount, balance, receiptId]),
    },
  )}`;
}

async function compareBreakdown(
  sim: Simulation,
  { rows }: Drawn,
  scope: Exclude<Awaited<ReturnType<typeof resolveScope>>, string>,
  { first, last }: Expected,
  { from, to }: { from: number; to: number },
): Promise<void> {
  if (to - from > BROKEN_DOWN_DAYS * DAY_MS) return;
  const inScope = rows.slice(first - 1, last);
  for (const bucket of await breakDown(sim.record.store, scope, "month")) {
    const own = inScope.filter(({ at }) => at >= bucket.from && at < bucket.to);
    expectSame(
      "a month of a breakdown",
      [bucket.deltasCount, bucket.netChange],
      [own.length, balanceAfter(own, own.length)],
    );
  }
}
