import { parseArgs } from "node:util";
import { CONNECTION, CONNECTION_USAGE, callServer, runCommand, table, UsageError } from "./admin-call.ts";

/** Makes and lists the tenants of a running server; only an admin key of the tenant `default` may. */

const USAGE = `usage: npm run tenants -- create <name>
       npm run tenants -- list [--limit N] [--offset N]
${CONNECTION_USAGE}`;

process.exitCode = await runCommand("tenants", USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { ...CONNECTION, limit: { type: "string" }, offset: { type: "string" } },
  });
  const [command, name, ...more] = positionals;
  const paged = values.limit !== undefined || values.offset !== undefined;
  if (command === "create" && name !== undefined && more.length === 0 && !paged) {
    const tenant = await callServer(values, { method: "POST", path: "/tenants", body: { name } });
    print(
      tenant,
      `${tenant.apiKey}\n\nThe admin key of tenant ${tenant.name}: this is the only time it is shown. Namespace ${tenant.namespace}.`,
    );
  } else if (command === "list" && name === undefined) {
    const page = new URLSearchParams({
      ...(values.limit !== undefined && { limit: values.limit }),
      ...(values.offset !== undefined && { offset: values.offset }),
    });
    const answer = await callServer(values, { method: "GET", path: `/tenants?${page}` });
    const rows = (answer.tenants as Record<string, string>[]).map((tenant) => [
      tenant.name!,
      tenant.namespace!,
      tenant.createdAt!,
    ]);
    print(answer, `${table([["name", "namespace", "made"], ...rows])}\n${rows.length} of ${answer.pagination.total}`);
  } else throw new UsageError(command === undefined ? "say what to do" : "that is not one of its commands");

  function print(data: object, text: string): void {
    process.stdout.write(`${values.json ? JSON.stringify(data, null, 2) : text}\n`);
  }
});
