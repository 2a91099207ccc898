import type { Ledger } from "../../../../src/ledger/ports/ledgers.ts";
import type { Random } from "../../random.ts";
import { type Row, rowsOf } from "../plain-ledger.ts";
import { drawAccount, drawSide, ledgerOf, type Side, type Simulation } from "../simulation.ts";

/** A customer with something on record. */
export type Drawn = { side: Side; customer: string; ledger: Ledger; rows: Row[] };

/** Undefined while there is none. */
export async function drawCustomer(sim: Simulation, random: Random): Promise<Drawn | undefined> {
  const side = drawSide(sim, random);
  const customer = drawAccount(side, random);
  if (customer === undefined) return undefined;
  return { side, customer, ledger: await ledgerOf(sim, side, customer), rows: rowsOf(side.model, customer) };
}
