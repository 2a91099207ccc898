import { command, group } from "../command.ts";
import { UsageError } from "../ending.ts";
import { CONNECTION, type Data, openServer } from "../server-call.ts";
import { printJson, type Terminal, table } from "../terminal.ts";

/** API keys of a running server: only an admin key may make, list and end them. */

const PAGE = { limit: { describe: "How many" }, offset: { describe: "After how many" } } as const;
const PUBLIC_ID = {
  publicId: { describe: "The part of the key between pk_…_ and the dot", demandOption: true },
} as const;

const create = command({
  command: "create",
  describe: "Make an API key, which is shown once",
  options: {
    ...CONNECTION,
    scope: { describe: "What it may do", choices: ["admin", "write", "read"], demandOption: true },
    customer: { describe: "With scope read: this one customer's ledger, and nothing else" },
    label: { describe: "What it is for, for people" },
    expires: { describe: "When it ends, as an ISO-8601 time" },
  },
  examples: [["keys create --scope read --customer cust_001 --label auditor", "a key to hand to a counterparty"]],
  async run(values, terminal) {
    const { scope, customer, label, expires } = values;
    const body = { scope, customerId: customer, label, expiresAt: expires };
    show(terminal, values.json, await openServer(values, terminal).post("/keys", body), given);
    return undefined;
  },
});

const list = command({
  command: "list",
  describe: "List the API keys, without their secrets",
  options: { ...CONNECTION, ...PAGE },
  examples: [["keys list --json", "for a program"]],
  async run(values, terminal) {
    const { limit, offset } = values;
    const data = await openServer(values, terminal).get("/keys", { limit, offset });
    const text = ({ keys, pagination }: Data) =>
      `${table([HEADINGS, ...(keys as Data[]).map(rowOf)])}\n${keys.length} of ${pagination.total}`;
    show(terminal, values.json, data, text);
    return undefined;
  },
});

const rotate = command({
  command: "rotate <publicId>",
  describe: "Make a successor, and let the key work on for a while",
  positionals: PUBLIC_ID,
  options: { ...CONNECTION, overlap: { describe: "Seconds that the old key works on (a day when not given)" } },
  examples: [["keys rotate 5f0c… --overlap 0", "end the old one at once"]],
  async run(values, terminal) {
    const { publicId, overlap } = values;
    if (overlap !== undefined && !/^[0-9]{1,9}$/.test(overlap)) throw new UsageError("--overlap takes whole seconds");
    const body = { overlapSeconds: overlap === undefined ? undefined : Number(overlap) };
    const server = openServer(values, terminal);
    show(terminal, values.json, await server.post(`/keys/${encodeURIComponent(publicId)}/rotate`, body), given);
    return undefined;
  },
});

const revoke = command({
  command: "revoke <publicId>",
  describe: "End a key at once",
  positionals: PUBLIC_ID,
  options: CONNECTION,
  examples: [["keys revoke 5f0c…", "refused from the next request on"]],
  async run(values, terminal) {
    const data = await openServer(values, terminal).post(`/keys/${encodeURIComponent(values.publicId)}/revoke`);
    show(terminal, values.json, data, ({ publicId, revokedAt }) => `Revoked ${publicId} at ${revokedAt}.`);
    return undefined;
  },
});

export const keys = group("keys", "API keys: create, list, rotate, revoke", [create, list, rotate, revoke]);

function show(terminal: Terminal, json: boolean, data: Data, text: (data: Data) => string): void {
  if (json) printJson(terminal, data);
  else terminal.out(`${text(data)}\n`);
}

function given({ apiKey, publicId, scope, customerReference }: Data): string {
  const reach = customerReference === null ? "" : `, for the ledger ${customerReference} only`;
  return `${apiKey}\n\nThis is the only time it is shown. Public id ${publicId}, scope ${scope}${reach}.`;
}

const HEADINGS = ["public id", "scope", "ledger", "state", "made", "last used", "label"];

function rowOf(key: Data): string[] {
  const state =
    key.revokedAt !== null ? `revoked ${key.revokedAt}` : key.expiresAt !== null ? `until ${key.expiresAt}` : "valid";
  return [
    key.publicId,
    key.scope,
    key.customerReference ?? "all",
    state,
    key.createdAt,
    key.lastUsedAt ?? "never",
    key.label ?? "(erased)",
  ];
}
