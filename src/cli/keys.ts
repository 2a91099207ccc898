import { parseArgs } from "node:util";
import {
  CONNECTION,
  CONNECTION_USAGE,
  type Connection,
  callServer,
  type Data,
  runCommand,
  table,
  UsageError,
} from "./admin-call.ts";

/** Makes, lists, rotates and revokes API keys of a running server. */

const USAGE = `usage: npm run keys -- create --scope admin|write|read [--customer ID] [--label TEXT] [--expires TIME]
       npm run keys -- list [--limit N] [--offset N]
       npm run keys -- rotate <publicId> [--overlap SECONDS]
       npm run keys -- revoke <publicId>
  --customer ID    with scope read: a key for this one customer, to hand to a counterparty
${CONNECTION_USAGE}`;

const OPTIONS = {
  ...CONNECTION,
  scope: { type: "string" },
  customer: { type: "string" },
  label: { type: "string" },
  expires: { type: "string" },
  overlap: { type: "string" },
  limit: { type: "string" },
  offset: { type: "string" },
} as const;

type Values = Connection & { json: boolean } & Partial<
    Record<"scope" | "customer" | "label" | "expires" | "overlap" | "limit" | "offset", string>
  >;

type Command = {
  takes: readonly (keyof Values)[];
  named: boolean;
  run(values: Values, publicId: string): Promise<Data>;
  show(data: Data): string;
};

const COMMANDS: Readonly<Record<string, Command>> = {
  create: {
    takes: ["scope", "customer", "label", "expires"],
    named: false,
    run(values) {
      const { scope, customer, label, expires } = values;
      if (scope === undefined) throw new UsageError("create needs --scope");
      return callServer(values, {
        method: "POST",
        path: "/keys",
        body: { scope, customerId: customer, label, expiresAt: expires },
      });
    },
    show: showGiven,
  },
  list: {
    takes: ["limit", "offset"],
    named: false,
    run: (values) => callServer(values, { method: "GET", path: `/keys?${query(values)}` }),
    show: ({ keys, pagination }) =>
      `${table([HEADINGS, ...(keys as Data[]).map(rowOf)])}\n${keys.length} of ${pagination.total}`,
  },
  rotate: {
    takes: ["overlap"],
    named: true,
    run: (values, publicId) =>
      callServer(values, {
        method: "POST",
        path: `/keys/${encodeURIComponent(publicId)}/rotate`,
        body: { overlapSeconds: wholeNumber("--overlap", values.overlap) },
      }),
    show: showGiven,
  },
  revoke: {
    takes: [],
    named: true,
    run: (values, publicId) =>
      callServer(values, { method: "POST", path: `/keys/${encodeURIComponent(publicId)}/revoke` }),
    show: ({ publicId, revokedAt }) => `Revoked ${publicId} at ${revokedAt}.`,
  },
};

function showGiven({ apiKey, publicId, scope, customerReference }: Data): string {
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

function query({ limit, offset }: Values): URLSearchParams {
  return new URLSearchParams({ ...(limit !== undefined && { limit }), ...(offset !== undefined && { offset }) });
}

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,9}$/.test(text)) throw new UsageError(`${option} must be a whole number`);
  return Number(text);
}

process.exitCode = await runCommand("keys", USAGE, async () => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: OPTIONS });
  const [name = "", publicId = "", ...more] = positionals;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name]! : undefined;
  if (!command) throw new UsageError(name === "" ? "say what to do" : `there is no command ${name}`);
  if (command.named !== (publicId !== "") || more.length > 0)
    throw new UsageError(`${name} takes ${command.named ? "one public id" : "no name"}`);
  const foreign = Object.keys(values).find(
    (option) => !(option in CONNECTION) && !command.takes.includes(option as keyof Values),
  );
  if (foreign !== undefined) throw new UsageError(`${name} does not take --${foreign}`);
  const data = await command.run(values, publicId);
  process.stdout.write(`${values.json ? JSON.stringify(data, null, 2) : command.show(data)}\n`);
});
