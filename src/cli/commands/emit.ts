import { command } from "../command.ts";
import { EXIT, UsageError } from "../ending.ts";
import { CONNECTION, type Data, openServer } from "../server-call.ts";
import { printJson, shown } from "../terminal.ts";
import { awaitVerified, NOT_YET, patienceOf, WAIT, WAIT_EXITS } from "../wait.ts";

export const emit = command({
  command: "emit <customerId> <delta> <reason>",
  describe: "Record a signed delta",
  positionals: {
    customerId: { describe: "Whose ledger; it exists from the first delta on", demandOption: true },
    delta: { describe: "A decimal amount, as it is recorded: 500 or -42.50", demandOption: true },
    reason: { describe: "1 to 500 characters", demandOption: true },
  },
  options: {
    ...CONNECTION,
    "reference-id": { describe: "Your own name for it" },
    metadata: { describe: "A JSON object" },
    adjusts: { describe: "The recordId of the delta that this one corrects" },
    "idempotency-key": { describe: "The same key again records nothing again" },
    ...WAIT,
  },
  examples: [
    ["emit cust_001 500 initial_deposit", "the first delta of a ledger"],
    ["emit cust_001 -42.50 usage --reference-id inv-7 --wait", "until its root is on the chain"],
  ],
  exits: { ...WAIT_EXITS, [EXIT.NOT_WELL]: "recorded, and FAILED" },
  async run(values, terminal) {
    const patience = patienceOf(values.timeout);
    const { customerId, delta, reason, adjusts } = values;
    const body = {
      customerId,
      delta,
      reason,
      referenceId: values["reference-id"],
      metadata: values.metadata === undefined ? undefined : objectOf(values.metadata),
      adjusts: adjusts === undefined ? undefined : { recordId: adjusts },
    };
    const server = openServer(values, terminal);
    const made = await server.post("/balance/delta", body, values["idempotency-key"]);
    const look = () => server.get(`/balance/delta/${encodeURIComponent(made.recordId)}`);
    const now = values.wait ? await awaitVerified(look, patience) : made;
    if (values.json) printJson(terminal, now);
    else terminal.out(lines(now, made.idempotent === true));
    if (now.status === "FAILED") return EXIT.NOT_WELL;
    return values.wait && now.status !== "VERIFIED" ? NOT_YET : EXIT.DONE;
  },
});

function objectOf(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new UsageError("--metadata takes a JSON object");
}

function lines(delta: Data, replayed: boolean): string {
  const { recordId, receiptId, customerId, deltaExact, balanceExact, sequence, status } = delta;
  return [
    `${status} ${deltaExact} for ${shown(String(customerId))}: balance ${balanceExact} after delta ${sequence}${replayed ? " (recorded before under this key)" : ""}`,
    `  recordId   ${recordId}`,
    `  receiptId  ${receiptId}`,
    ...(delta.verificationReference
      ? [`  in         ${delta.verificationReference} (block ${delta.blockNumber}, ${delta.blockTimestamp})`]
      : []),
    "",
  ].join("\n");
}
