import { command } from "../command.ts";
import { CONNECTION, type Data, openServer } from "../server-call.ts";
import { printJson, shown, table } from "../terminal.ts";

export const customers = command({
  command: "customers [customerId]",
  describe: "List the customers, or show one",
  positionals: { customerId: { describe: "The one to show" } },
  options: {
    ...CONNECTION,
    search: { describe: "A part of the id, or a ledger's address" },
    limit: { describe: "How many, 1 to 100", default: "25" },
    page: { describe: "Which page, from 1" },
  },
  examples: [
    ["customers --search acct_", "whose id has this in it"],
    ["customers cust_001", "balance and latest deltas"],
  ],
  async run(values, terminal) {
    const server = openServer(values, terminal);
    const { customerId, search, limit, page } = values;
    const data =
      customerId === undefined
        ? await server.get("/balance/customers", { search, limit, page })
        : await server.get(`/balance/customers/${encodeURIComponent(customerId)}`, {
            deltaLimit: limit,
            deltaPage: page,
          });
    if (values.json) printJson(terminal, data);
    else terminal.out(customerId === undefined ? list(data) : detail(data));
    return undefined;
  },
});

function list({ customers, pagination }: Data): string {
  const rows = (customers as Data[]).map((one) => [
    shown(one.customerId ?? "(erased)"),
    one.computedBalanceExact,
    String(one.totalDeltas),
    one.lastDeltaAt,
    one.ledgerIdentifier,
  ]);
  return `${table([["customer", "balance", "deltas", "last", "ledger"], ...rows])}\n${rows.length} of ${pagination.total}\n`;
}

function detail(one: Data): string {
  const items = one.recentActivity.items as Data[];
  const rows = items.map(({ sequence, time, deltaExact, status, reason }) => [
    String(sequence),
    time,
    deltaExact,
    status,
    shown(reason ?? "(erased)"),
  ]);
  return [
    `${shown(one.customerId ?? "(erased)")}: ${one.computedBalanceExact} after ${one.totalDeltas} deltas`,
    `ledger ${one.ledgerIdentifier}`,
    "",
    table([["seq", "recorded", "delta", "status", "reason"], ...rows]),
    `${rows.length} of ${one.recentActivity.pagination.total}`,
    "",
  ].join("\n");
}
