import { checkpointAll, checkpointLedger, checkpointSelection, type Made } from "../../../../src/ledger/checkpoint.ts";
import { eraseContent } from "../../../../src/ledger/erase.ts";
import { type Asked, earlierEffect } from "../../../../src/ledger/idempotent.ts";
import type { StoredCheckpoint } from "../../../../src/ledger/ports/checkpoints.ts";
import type { Random } from "../../random.ts";
import { balanceAfter, erase, fits, type Row, rowsOf, type Statement, state, windowOf } from "../plain-ledger.ts";
import {
  count,
  customerOf,
  drawAccount,
  drawSide,
  expectSame,
  expectThat,
  ledgerOf,
  orCode,
  type Side,
  type Simulation,
  sideOf,
} from "../simulation.ts";

const DAY_MS = 86_400_000;
const ROUTE = "POST /balance/checkpoint";

/** A stretch of time around what is on record: a month, some days, or a few milliseconds at an edge. */
export function drawWindow(
  sim: Simulation,
  side: Side,
  customer: string,
  random: Random,
): { from: number; to: number } {
  const times = rowsOf(side.model, customer).map(({ at }) => at);
  const around = times.length > 0 ? random.oneOf(times) : sim.clock.now;
  const kind = random.next();
  if (kind < 0.35) {
    const date = new Date(around);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    return { from: Date.UTC(year, month), to: Date.UTC(year, month + 1) };
  }
  if (kind < 0.6) return { from: around, to: (times.length > 0 ? Math.max(...times) : around) + random.between(0, 2) };
  if (kind < 0.8) return { from: around - random.between(0, 3), to: around + random.between(0, 3) };
  return { from: around - random.between(0, 400) * DAY_MS, to: around + random.between(0, 400) * DAY_MS };
}

/** What a server does with a request for a statement. */
type Request = { index: number; asked: string; key: string | undefined; window: { from: number; to: number } } & (
  | { kind: "one"; customer: string }
  | { kind: "all" }
  | { kind: "chosen"; customer: string; sequences: number[] }
);

export async function checkpointOne(sim: Simulation, random: Random): Promise<string> {
  const side = drawSide(sim, random);
  const customer = drawAccount(side, random);
  if (customer === undefined) return "nobody to make a statement for";
  return ask(sim, side, random, { kind: "one", customer, window: drawWindow(sim, side, customer, random) });
}

export async function checkpointEveryone(sim: Simulation, random: Random): Promise<string> {
  const side = drawSide(sim, random);
  const customer = drawAccount(side, random) ?? "a";
  return ask(sim, side, random, { kind: "all", window: drawWindow(sim, side, customer, random) });
}

export async function checkpointChosen(sim: Simulation, random: Random): Promise<string> {
  const side = drawSide(sim, random);
  const customer = drawAccount(side, random);
  if (customer === undefined) return "nobody to make a statement for";
  const all = rowsOf(side.model, customer).map((_, i) => i + 1);
  const kept = all.filter(() => random.chance(0.4));
  const sequences = kept.length > 0 ? kept : [random.oneOf(all)];
  return ask(sim, side, random, { kind: "chosen", customer, sequences, window: { from: 0, to: 0 } });
}

type Drawn =
  | { kind: "one"; customer: string; window: Request["window"] }
  | { kind: "all"; window: Request["window"] }
  | { kind: "chosen"; customer: string; sequences: number[]; window: Request["window"] };

function ask(sim: Simulation, side: Side, random: Random, drawn: Drawn): Promise<string> {
  const asked = JSON.stringify(drawn);
  const used = [...side.model.keys.keys()].filter((key) => key.startsWith("s"));
  let key = random.chance(0.5) ? `s${side.model.keys.size}-${random.between(0, 1_000)}` : undefined;
  if (used.length > 0 && random.chance(0.2)) key = random.oneOf(used);
  return make(sim, { ...drawn, index: side.index, asked, key });
}

async function make(sim: Simulation, request: Request): Promise<string> {
  sim.resend = () => make(sim, request);
  const side = sideOf(sim, request.index);
  const text = `${side.tenant.name} ${request.asked} ${request.key ?? "-"}`;
  const answer = await orCode(made(sim, side, request));
  const { asked, key } = request;
  const use = key === undefined ? undefined : side.model.keys.get(key);
  if (use) {
    const again = "asked" in use && use.asked === asked;
    const statement = typeof answer === "object" ? answer.statementId : answer;
    return `${text}: ${expectSame("a statement asked for again", statement, again ? use.effect : "IDEMPOTENCY_CONFLICT")}`;
  }
  if (request.kind !== "chosen" && request.window.from > sim.clock.now)
    return `${text}: ${expectSame("a window that has not begun", answer, "VALIDATION_ERROR")}`;
  const expected = statementsOf(side, request);
  if (request.kind === "chosen" && overflows(rowsOf(side.model, request.customer), request.sequences))
    return `${text}: ${expectSame("a sum beyond the limits", answer, "BALANCE_OVERFLOW")}`;
  if (expected.length === 0) return `${text}: ${expectSame("statements of nobody", answer ?? "none", "none")}`;
  expectThat(typeof answer === "object", `a statement was refused with ${String(answer)}`);
  const { statementId } = answer as Made;
  const ids: string[] = [];
  for (const [i, stored] of (await storedOf(sim, side, request, statementId)).entries())
    ids.push(compareStatement(side, stored, expected[i]));
  expectSame("how many statements there are", ids.length, expected.length);
  if (request.kind === "all") {
    const before = side.model.groups.get(statementId);
    if (before) expectSame("the statements of a name", ids, before);
    side.model.groups.set(statementId, ids);
  }
  if (key !== undefined) side.model.keys.set(key, { asked, effect: statementId });
  count(sim, "statements", ids.length);
  return `${text}: ${statementId}`;
}

/** Whether adding up, in order, gets beyond what a balance can be. */
function overflows(rows: readonly Row[], sequences: readonly number[]): boolean {
  const chosen = sequences.map((sequence) => rows[sequence - 1]!);
  return !chosen.every((_, i) => fits(balanceAfter(chosen, i + 1)));
}

async function made(sim: Simulation, side: Side, request: Request): Promise<Made | undefined> {
  const { store } = sim.record;
  const { tenant } = side;
  const asked: Asked = { tenant, idempotencyKey: request.key, route: ROUTE, members: { asked: request.asked } };
  const earlier = await earlierEffect(store, asked);
  if (earlier !== undefined) return { statementId: earlier, replayed: true };
  const asking = { now: sim.clock.now, asked };
  if (request.kind === "all") return checkpointAll(store, tenant, request.window, asking);
  const ledger = await ledgerOf(sim, side, request.customer);
  if (request.kind === "one") return checkpointLedger(store, ledger, request.window, asking);
  const deltas = [];
  for (const sequence of request.sequences) deltas.push((await store.delta(ledger, sequence))!);
  return checkpointSelection(store, deltas, asking);
}

async function storedOf(
  sim: Simulation,
  { tenant }: Side,
  { kind }: Request,
  statementId: string,
): Promise<StoredCheckpoint[]> {
  const { store } = sim.record;
  if (kind !== "all") {
    const found = await store.checkpoint(tenant.id, statementId);
    return found ? [found] : [];
  }
  const batch = await store.batch(tenant.id, statementId);
  return batch ? store.batchCheckpoints(batch, { offset: 0, limit: 100 }) : [];
}

/** The statements that a request comes to, as the model has them, in the order in which the ledgers were opened. */
function statementsOf({ model }: Side, request: Request): Omit<Statement, "id" | "made">[] {
  const { from, to } = request.window;
  const over = (customer: string) => ({
    customer,
    kind: "window" as const,
    from,
    to,
    ...windowOf(rowsOf(model, customer), from, to),
    chosen: [],
  });
  if (request.kind === "one") return [over(request.customer)];
  if (request.kind === "all") return [...model.accounts.keys()].map(over).filter((statement) => statement.count > 0);
  const { customer, sequences } = request;
  const rows = rowsOf(model, customer);
  const chosen = sequences.map((sequence) => rows[sequence - 1]!);
  return [
    {
      customer,
      kind: "selection",
      from: chosen[0]!.at,
      to: chosen.at(-1)!.at + 1,
      first: sequences[0]!,
      count: chosen.length,
      opening: 0n,
      closing: balanceAfter(chosen, chosen.length),
      chosen: sequences,
    },
  ];
}

/** @returns its id. */
function compareStatement(
  side: Side,
  stored: StoredCheckpoint,
  expected: Omit<Statement, "id" | "made"> | undefined,
): string {
  expectThat(expected !== undefined, `there is a statement too many, ${stored.statementId}`);
  const id = stored.statementId;
  const { chosen, ...fields } = expected!;
  const {
    ledger,
    kind,
    from,
    to,
    firstSequence: first,
    count: deltas,
    openingBalance: opening,
    closingBalance: closing,
  } = stored;
  expectSame(
    "a statement",
    { customer: customerOf(side, ledger), kind, from, to, first, count: deltas, opening, closing },
    fields,
  );
  const before = side.model.statements.get(id);
  const made = stored.createdAt;
  if (before) expectSame("a statement under the same name", { ...fields, chosen, made, id }, before);
  else state(side.model, { ...fields, chosen, made, id });
  return id;
}

/** A customer asks for its content to be erased. */
export async function eraseCustomer(sim: Simulation, random: Random): Promise<string> {
  const side = drawSide(sim, random);
  const customer = drawAccount(side, random);
  if (customer === undefined) return "nobody to erase";
  return eraseOf(sim, side.index, customer);
}

async function eraseOf(sim: Simulation, index: number, customer: string): Promise<string> {
  sim.resend = () => eraseOf(sim, index, customer);
  const side = sideOf(sim, index);
  const { store, contents, anchoringContents } = sim.record;
  const forgetElsewhere = (ledgerId: number) => anchoringContents.forget(ledgerId);
  const parts = { store, contents, forgetElsewhere, clock: () => sim.clock.now };
  const { erasedDeltas } = await eraseContent(parts, side.tenant, customer);
  count(sim, "erasures");
  return `${side.tenant.name} ${customer}: ${expectSame("deltas erased", erasedDeltas, erase(side.model, customer))}`;
}
