import { fromHex } from "../../../../src/core/bytes.ts";
import type { ScopeRequest } from "../../../../src/core/scope.ts";
import { compare } from "../../../../src/ledger/compare.ts";
import { compareHeads } from "../../../../src/ledger/compare-heads.ts";
import { resolveScope } from "../../../../src/ledger/scope.ts";
import type { Random } from "../../random.ts";
import { balanceAfter, fits } from "../plain-ledger.ts";
import { rootAfter } from "../root.ts";
import { count, expectSame, orCode, type Simulation } from "../simulation.ts";
import { type Drawn, drawCustomer } from "./drawn.ts";

/** A party sends its entries, with one mistake in them or none. */
export async function compareViews(sim: Simulation, random: Random): Promise<string> {
  const drawn = await drawCustomer(sim, random);
  if (!drawn) return "nobody to compare with";
  const { side, customer, ledger, rows } = drawn;
  const { store } = sim.record;
  const whole: ScopeRequest = {
    startingBalance: undefined,
    startingPoint: undefined,
    window: undefined,
    at: undefined,
    granularity: undefined,
    finality: "recorded",
  };
  const scope = await resolveScope(store, ledger, whole, sim.clock.now);
  const entries = rows.map(({ amount }, i) => ({ sequence: i + 1, delta: amount }));
  const at = random.between(0, rows.length);
  const { amount } = rows[at]!;
  const mistake = random.oneOf(["none", "missing", "amount", "balance"] as const);
  if (mistake === "balance") return compareBalance(sim, drawn, scope, random.between(0, rows.length + 1));
  if (mistake === "missing") entries.splice(at, 1);
  if (mistake === "amount") entries[at]!.delta += 5n;
  const discrepancy = { none: 0n, missing: -amount, amount: 5n }[mistake];
  const claimed = rows.at(-1)!.balance + discrepancy;
  const compared = await orCode(compare(sim.record, scope, [{ party: "theirs", balance: undefined, entries }]));
  count(sim, "comparisons");
  const text = `${side.tenant.name} ${customer} ${mistake} at ${at + 1}`;
  if (typeof compared === "string")
    return `${text}: ${expectSame("a comparison", [compared, fits(claimed)], ["BALANCE_OVERFLOW", false])}`;
  return `${text}: ${expectSame(
    "a comparison",
    {
      discrepancy: compared.outcomes[0]!.discrepancy,
      disputes: compared.disputed.map((one) => [one.kind, one.sequence, one.amount]),
      divergence: compared.divergence?.sequence ?? null,
      confirmed: compared.confirmedCount,
    },
    {
      discrepancy,
      disputes:
        mistake === "none" ? [] : [[mistake === "missing" ? "MISSING" : "DIFFERENT_AMOUNT", at + 1, discrepancy]],
      divergence: mistake === "none" ? null : at + 1,
      confirmed: rows.length - (mistake === "none" ? 0 : 1),
    },
  )}`;
}

/** A party sends nothing but the balance that it stands at: the record says when it stood there last. */
async function compareBalance(
  sim: Simulation,
  { rows }: Drawn,
  scope: Awaited<ReturnType<typeof resolveScope>>,
  sequence: number,
): Promise<string> {
  const balance = balanceAfter(rows, sequence);
  const compared = await compare(sim.record, scope, [{ party: "theirs", balance, entries: undefined }]);
  const balances = [0n, ...rows.map((row) => row.balance)];
  const stoodAt = balances.lastIndexOf(balance);
  const missing = rows.length - stoodAt;
  count(sim, "comparisons");
  return expectSame(
    "where a balance was found",
    [
      compared.outcomes[0]!.stoodAt,
      compared.outcomes[0]!.discrepancy,
      compared.disputed.length,
      compared.confirmedCount,
    ],
    [stoodAt, balance - rows.at(-1)!.balance, missing, stoodAt],
  );
}

export async function headsCompared(sim: Simulation, random: Random): Promise<string> {
  const drawn = await drawCustomer(sim, random);
  if (!drawn) return "nobody to compare with";
  const { ledger, rows } = drawn;
  const heads = Array.from({ length: random.between(1, 4) }, () => {
    const sequence = random.between(1, rows.length + 2);
    const [rightBalance, rightRoot] = [random.chance(0.7), random.chance(0.7)];
    const known = sequence <= rows.length;
    const root = known ? rootAfter(rows, sequence) : "00".repeat(32);
    return {
      sequence,
      balance: balanceAfter(rows, sequence) + (rightBalance ? 0n : 1n),
      root: fromHex(rightRoot ? `0x${root.replace("0x", "")}` : `0x${"11".repeat(32)}`),
      expected: known && rightBalance && rightRoot,
    };
  });
  const compared = await compareHeads(sim.record.store, ledger, rows.length, heads);
  return expectSame(
    "which heads agree",
    compared.map(({ agrees }) => agrees),
    heads.map(({ expected }) => expected),
  );
}
