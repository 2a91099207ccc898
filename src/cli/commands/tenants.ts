import { command, group } from "../command.ts";
import { CONNECTION, type Data, openServer } from "../server-call.ts";
import { printJson, table } from "../terminal.ts";

/** Tenants of a running server: only an admin key of the tenant `default` may make and list them. */

const create = command({
  command: "create <name>",
  describe: "Make a tenant, and show its admin key once",
  positionals: { name: { describe: "1 to 64 of a-z 0-9 -", demandOption: true } },
  options: CONNECTION,
  examples: [["tenants create acme", "a namespace of its own, which shares nothing with others"]],
  async run(values, terminal) {
    const tenant = await openServer(values, terminal).post("/tenants", { name: values.name });
    if (values.json) printJson(terminal, tenant);
    else
      terminal.out(
        `${tenant.apiKey}\n\nThe admin key of tenant ${tenant.name}: this is the only time it is shown. Namespace ${tenant.namespace}.\n`,
      );
    return undefined;
  },
});

const list = command({
  command: "list",
  describe: "List the tenants",
  options: { ...CONNECTION, limit: { describe: "How many" }, offset: { describe: "After how many" } },
  examples: [["tenants list", "names and namespaces"]],
  async run(values, terminal) {
    const { limit, offset } = values;
    const answer = await openServer(values, terminal).get("/tenants", { limit, offset });
    const rows = (answer.tenants as Data[]).map(({ name, namespace, createdAt }) => [name, namespace, createdAt]);
    if (values.json) printJson(terminal, answer);
    else
      terminal.out(
        `${table([["name", "namespace", "made"], ...rows])}\n${rows.length} of ${answer.pagination.total}\n`,
      );
    return undefined;
  },
});

export const tenants = group("tenants", "Tenants: create, list", [create, list]);
