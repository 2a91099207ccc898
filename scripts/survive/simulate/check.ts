import { toHex } from "../../../src/core/bytes.ts";
import { openBulkIds } from "../../../src/ledger/request-id.ts";
import { standingOfCheckpoint } from "../../../src/ledger/status.ts";
import type { Random } from "../random.ts";
import { anchor, expectOnChain } from "./commands/anchoring.ts";
import { receiptAt } from "./commands/evidence.ts";
import { LARGEST, requestIdOfRow } from "./commands/recording.ts";
import { confirmedCount, rowsOf, statedThrough, type Use } from "./plain-ledger.ts";
import {
  accounts,
  expectSame,
  expectThat,
  ledgerOf,
  MismatchError,
  type Side,
  type Simulation,
  sideOf,
} from "./simulation.ts";

/** Rounds until everything is anchored, once nothing is in the way any more. */
const MOST_ROUNDS = 8;
/** Where each head takes in few deltas, there are more of them. */
const MOST_SMALL_ROUNDS = 80;
const ALL = { offset: 0, limit: 10_000 };

/** Holds everything on record against the model. @throws MismatchError */
export async function expectRecord(sim: Simulation): Promise<void> {
  const { store, contents } = sim.record;
  for (const { side, customer, account } of accounts(sim)) {
    const ledger = await ledgerOf(sim, side, customer);
    const stored = [];
    for (const delta of await store.deltas(ledger, 1, ALL.limit)) {
      const reason = (await contents.contentOf(delta))?.reason ?? null;
      stored.push([delta.sequence, delta.amount, delta.balance, delta.recordedAt, toHex(delta.fingerprint), reason]);
    }
    expectSame(
      `the deltas of ${side.tenant.name} ${customer}`,
      stored,
      account.rows.map((row, i) => [
        i + 1,
        row.amount,
        row.balance,
        row.at,
        row.receiptId,
        row.erased ? null : row.reason,
      ]),
    );
    for (const [i, row] of account.rows.entries()) {
      if (row.key === undefined) continue;
      const found = await store.deltaByRequestId(requestIdOfRow(side, row.key));
      expectSame(`the delta under ${row.key}`, found?.sequence, i + 1);
    }
  }
  for (const index of sim.model.tenants.keys()) await expectTenant(sim, sideOf(sim, index));
}

async function expectTenant(sim: Simulation, side: Side): Promise<void> {
  const { store } = sim.record;
  const { tenant, model } = side;
  expectSame(`the ledgers of ${tenant.name}`, await store.ledgerCount(tenant.id), model.accounts.size);
  for (const [month, deltas] of model.months)
    expectSame(`what ${tenant.name} recorded in ${month}`, await store.recordedIn(tenant.id, month), deltas);
  const { checkpoints } = await store.checkpoints(tenant.id, {}, ALL);
  const names = checkpoints.map(({ statementId }) => statementId).sort();
  expectSame(`the statements of ${tenant.name}`, names, [...model.statements.keys()].sort());
  for (const statement of model.statements.values()) {
    const { kind, customer, first, count } = statement;
    const later = rowsOf(model, customer)[first + count - 1];
    const hidden = kind === "window" && later !== undefined && later.at < statedThrough(statement);
    expectThat(!hidden, `${statement.id} of ${customer} hides delta ${first + count}`);
  }
  for (const group of model.groups.keys())
    expectThat((await store.batch(tenant.id, group)) !== undefined, `${group} is gone`);
  for (const [key, use] of model.keys) await expectUse(sim, side, key, use);
}

async function expectUse(sim: Simulation, { tenant }: Side, key: string, use: Use): Promise<void> {
  if ("delta" in use) return;
  const ids = openBulkIds(tenant.requestKey);
  const note = await sim.record.store.effectOf(ids.ofKey(key));
  expectSame(`what ${key} was used for`, note?.effect, "batch" in use ? "deltas" : use.effect);
  if (!("batch" in use) || use.batch.mode === "atomic") return;
  const ended = (await sim.record.store.effectOf(ids.ofEnd(key))) !== undefined;
  // The end of a batch is noted after the batch: a process may end in between, and the batch goes on when it comes again.
  if (sim.dying && !ended) use.batch.ended = false;
  expectSame(`whether ${key} has come to its end`, ended, use.batch.ended);
}

/** Whether everything is anchored for good. */
async function isAnchored(sim: Simulation): Promise<boolean> {
  for (const { side, customer, account } of accounts(sim))
    if (confirmedCount(sim.model, side.model, customer) < account.rows.length) return false;
  for (const index of sim.model.tenants.keys()) {
    const { checkpoints } = await sim.record.store.checkpoints(sideOf(sim, index).tenant.id, {}, ALL);
    for (const one of checkpoints)
      if ((await standingOfCheckpoint(sim.record.store, one)).status !== "VERIFIED") return false;
  }
  return true;
}

/** The end of a run: nothing is in the way any more, so everything gets where it belongs, and nothing is there twice. */
export async function expectEnd(sim: Simulation, random: Random, audited: boolean): Promise<void> {
  await sim.chain.clearUp();
  const most = sim.mostPerHead === undefined ? MOST_ROUNDS : MOST_SMALL_ROUNDS;
  let rounds = 0;
  let last = "";
  do {
    if (rounds === most)
      throw new MismatchError(`not everything is anchored after ${most} rounds with nothing in their way: ${last}`);
    rounds += 1;
    last = await anchor(sim, random, async () => "nothing");
  } while (sim.reorganised || !(await isAnchored(sim)));
  await expectOnChain(sim);
  await expectRecord(sim);
  expectSame("statements that are not in one anchor", await sim.record.strayStatements(), []);
  for (const { side, customer, account } of accounts(sim))
    await receiptAt(sim, side, customer, random.between(1, account.rows.length + 1));
  if (audited) expectSame("what an audit finds", (await sim.record.audited()).filter(isOfTheProduct), []);
}

/** Amounts that no request can have are recorded here all the same, so that balances reach their limits: an audit says so. */
const isOfTheProduct = (finding: string): boolean => !(finding.includes("AMOUNT_WRONG") && finding.includes(LARGEST));
