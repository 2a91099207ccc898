import { command } from "../command.ts";
import { EXIT } from "../ending.ts";
import { PERIOD, periodMembers } from "../scope-options.ts";
import { CONNECTION, type Data, openServer } from "../server-call.ts";
import { printJson, shown, table } from "../terminal.ts";
import { awaitVerified, NOT_YET, patienceOf, WAIT, WAIT_EXITS } from "../wait.ts";

export const checkpoint = command({
  command: "checkpoint [customerId]",
  describe: "Make the statement of a period, for one customer or for all that were active",
  positionals: { customerId: { describe: "Whose ledger; every active one without it" } },
  options: {
    ...CONNECTION,
    ...PERIOD,
    list: { type: "boolean", describe: "Show those that were made, and make none", default: false },
    ...WAIT,
  },
  examples: [
    ["checkpoint cust_001 --period 2026-10", "its proofRoot goes on the invoice"],
    ["checkpoint --period 2026-10 --wait", "everybody's, until they are on the chain"],
    ["checkpoint cust_001 --list", "those made so far"],
  ],
  exits: WAIT_EXITS,
  async run(values, terminal) {
    const patience = patienceOf(values.timeout);
    const server = openServer(values, terminal);
    const scope = { customerId: values.customerId, ...periodMembers(values) };
    if (values.list) {
      const data = await server.get("/balance/checkpoints", scope);
      if (values.json) printJson(terminal, data);
      else terminal.out(`${rows(data.checkpoints)}\n`);
      return EXIT.DONE;
    }
    const made = await server.post("/balance/checkpoint", scope);
    const look = () => server.get(`/balance/checkpoints/${encodeURIComponent(made.checkpointId)}`);
    const now = values.wait ? await awaitVerified(look, patience) : made;
    if (values.json) printJson(terminal, now);
    else terminal.out(text(now));
    return values.wait && now.status !== "VERIFIED" ? NOT_YET : EXIT.DONE;
  },
});

function text(data: Data): string {
  const { checkpointId, status, from, to, customersCount } = data;
  const head = `${status} ${checkpointId}: ${from} to ${to}`;
  if (customersCount !== undefined) return `${head}, ${customersCount} customers\n${rows(data.checkpoints)}\n`;
  return [
    head,
    `  ${data.deltasCount} deltas, net change ${data.netChangeExact}, ending balance ${data.endingBalance}`,
    `  proofRoot  ${data.proofRoot}`,
    `  verify     ${data.verifyUrl}`,
    "",
  ].join("\n");
}

function rows(checkpoints: readonly Data[]): string {
  return table([
    ["customer", "from", "to", "deltas", "net change", "status", "proofRoot"],
    ...checkpoints.map((one) => [
      shown(one.customerId ?? one.ledgerIdentifier),
      one.from,
      one.to,
      String(one.deltasCount),
      one.netChangeExact,
      one.status,
      one.proofRoot,
    ]),
  ]);
}
