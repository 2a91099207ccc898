import { command } from "../command.ts";
import { PERIOD, periodMembers } from "../scope-options.ts";
import { CONNECTION, type Data, openServer } from "../server-call.ts";
import { printJson, shown, table } from "../terminal.ts";

export const derive = command({
  command: "derive <customerId>",
  describe: "Derive a balance from the record",
  positionals: { customerId: { describe: "Whose ledger", demandOption: true } },
  options: {
    ...CONNECTION,
    ...PERIOD,
    granularity: { describe: "Also the change per", choices: ["day", "week", "month"] },
    at: { describe: "As it stood at this time or after this sequence" },
    finality: { describe: "Count what is recorded, or only what is anchored", choices: ["recorded", "verified"] },
    "starting-balance": { describe: "What the balance is counted from" },
    limit: { describe: "Deltas shown, 1 to 1000", default: "20" },
    offset: { describe: "After how many" },
  },
  examples: [
    ["derive cust_001", "the whole history"],
    ["derive cust_001 --period 2026-11 --granularity day", "one month, by days"],
  ],
  async run(values, terminal) {
    const { granularity, at, finality, limit, offset } = values;
    const data = await openServer(values, terminal).get(`/balance/derive/${encodeURIComponent(values.customerId)}`, {
      ...periodMembers(values),
      granularity,
      at,
      finality,
      startingBalance: values["starting-balance"],
      limit,
      offset,
    });
    if (values.json) printJson(terminal, data);
    else terminal.out(text(data));
    return undefined;
  },
});

function text(data: Data): string {
  const { customerId, ledgerIdentifier, computedBalanceExact, deltasCount, verifiedCount, deltas, breakdown } = data;
  const rows = (deltas as Data[]).map((delta) => [
    String(delta.sequence),
    delta.recordedAt,
    delta.deltaExact,
    delta.balanceExact,
    delta.status,
    shown(delta.reason ?? "(erased)"),
  ]);
  const parts = (breakdown as Data[] | undefined)?.map(({ from, netChangeExact, deltasCount }) => [
    from,
    netChangeExact,
    String(deltasCount),
  ]);
  return [
    `${shown(customerId)}: ${computedBalanceExact} after ${deltasCount} deltas, ${verifiedCount} of them verified`,
    `ledger ${ledgerIdentifier}`,
    ...(parts ? ["", table([["from", "change", "deltas"], ...parts])] : []),
    ...(rows.length === 0 ? [] : ["", table([["seq", "recorded", "delta", "balance", "status", "reason"], ...rows])]),
    ...(rows.length < deltasCount ? [`${rows.length} of ${deltasCount} shown (--limit, --offset)`] : []),
    "",
  ].join("\n");
}
