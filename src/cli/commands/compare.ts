import { command } from "../command.ts";
import { EXIT } from "../ending.ts";
import { PERIOD, periodMembers } from "../scope-options.ts";
import { CONNECTION, type Data, openServer } from "../server-call.ts";
import { printJson, shown, table } from "../terminal.ts";

/** Customers that differ which the report for people names. */
const SHOWN = 20;
/** Disputes per customer in the JSON report; they are counted beyond it. */
const DISPUTES = 100;

export const compare = command({
  command: "compare <yours> [theirs]",
  describe: "Compare your file, or yours and theirs, with the record, and find where they part",
  positionals: {
    yours: { describe: "CSV or NDJSON: a row per delta, of one customer or of many", demandOption: true },
    theirs: { describe: "The other party's, with the same columns" },
  },
  options: {
    ...CONNECTION,
    ...PERIOD,
    customer: { describe: "Whose ledger all rows are about, or whose rows count" },
    map: {
      array: true,
      describe: "member=column: customerId, sequence, receiptId, recordId, referenceId, delta, balance",
    },
    "starting-balance": { describe: "What the balances are counted from" },
  },
  examples: [
    ["compare mine.csv --customer cust_001", "columns sequence, delta, balance"],
    ["compare mine.csv theirs.csv --customer cust_001", "three views of one ledger"],
    [
      "compare bank.csv --map customerId=account --map delta=amount --map balance=balance",
      "rows without a name count as delta 1, 2, 3 … of their customer",
    ],
  ],
  exits: { [EXIT.NOT_WELL]: "they differ" },
  async run(values, terminal) {
    const [{ ENTRY_MEMBERS, viewIn }, { mappingOf }] = await Promise.all([
      import("../compare/views.ts"),
      import("../import/mapping.ts"),
    ]);
    const mapping = mappingOf({ map: values.map }, ENTRY_MEMBERS);
    const yours = await viewIn(values.yours, mapping, values.customer);
    const theirs = values.theirs === undefined ? undefined : await viewIn(values.theirs, mapping, values.customer);
    const server = openServer(values, terminal);
    const found: Data[] = [];
    for (const customerId of new Set([...yours.keys(), ...(theirs?.keys() ?? [])])) {
      const body = {
        customerId,
        yours: yours.get(customerId) ?? [],
        theirs: theirs && (theirs.get(customerId) ?? []),
        startingBalance: values["starting-balance"],
        ...periodMembers(values),
        confirmedLimit: 0,
        disputedLimit: DISPUTES,
      };
      found.push(await compared(server, customerId, body));
    }
    const differing = found.filter(({ divergence, error }) => divergence !== null || error !== undefined);
    if (values.json)
      printJson(terminal, { agreed: found.length - differing.length, differing: differing.length, customers: found });
    else terminal.out(text(found, differing));
    return differing.length > 0 ? EXIT.NOT_WELL : EXIT.DONE;
  },
});

/** The server's comparison; a customer that it has never heard of differs too. */
async function compared(server: ReturnType<typeof openServer>, customerId: string, body: object): Promise<Data> {
  try {
    return await server.post("/balance/compare", body);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "CUSTOMER_NOT_FOUND")) throw error;
    return { customerId, divergence: null, error: { code: error.code, message: error.message } };
  }
}

function text(found: readonly Data[], differing: readonly Data[]): string {
  const rows = differing
    .slice(0, SHOWN)
    .map(({ customerId, divergence, error }) => [
      shown(customerId),
      ...(error
        ? ["-", error.code, "-", "-", "-"]
        : [
            String(divergence.sequence),
            divergence.kind,
            divergence.party,
            divergence.amountExact,
            divergence.recordedAt ?? "-",
          ]),
    ]);
  const count = (number: number) => `${number.toLocaleString("en")} ${number === 1 ? "customer" : "customers"}`;
  return [
    `${count(found.length - differing.length)} agreed, ${differing.length.toLocaleString("en")} differ`,
    ...(rows.length === 0
      ? []
      : [
          "",
          "Where each of them begins to:",
          table([["customer", "delta", "kind", "party", "amount", "recorded"], ...rows]),
        ]),
    ...(differing.length > SHOWN ? [`… and ${differing.length - SHOWN} more (--json has all)`] : []),
    "",
  ].join("\n");
}
