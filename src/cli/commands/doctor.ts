import { command } from "../command.ts";
import { EXIT, UsageError } from "../ending.ts";
import { printJson } from "../terminal.ts";

const MARK = { ok: "ok  ", warned: "WARN", failed: "FAIL", skipped: "-   " } as const;

export const doctor = command({
  command: "doctor",
  describe: "Look whether settings, database, server, clock, chain, contract and publisher are as they should be",
  options: {
    url: { describe: "The server; else TALLYROOT_URL, else the one in <data-dir>/server.json" },
    "data-dir": { describe: "The data directory; else TALLYROOT_DATA_DIR, else ./data" },
    rpc: { array: true, describe: "An endpoint of the chain, where the server does not show its own" },
    json: { type: "boolean", describe: "Print the checks as JSON", default: false },
  },
  examples: [
    ["doctor", "before a start and beside a running server"],
    ["doctor --url https://provider.example --rpc https://rpc.example", "somebody else's server"],
  ],
  exits: { 0: "nothing is wrong with what could be looked at", [EXIT.NOT_WELL]: "something is wrong" },
  async run(values, terminal) {
    const { checkChain, checkDatabase, checkFiles, checkServer, checkSettings, networkSettings, serverIn, skipped } =
      await import("../doctor/checks.ts");
    const { isEndpointUrl } = await import("../../witness/endpoint.ts");
    const wrong = [...(values.rpc ?? []), ...(values.url ? [values.url] : [])].find((url) => !isEndpointUrl(url));
    if (wrong !== undefined) throw new UsageError(`${wrong} is not an http or https URL`);
    const { env } = terminal;
    const dir = values["data-dir"] ?? env.TALLYROOT_DATA_DIR ?? "./data";
    const named = values.url ?? (env.TALLYROOT_URL || undefined);
    // A server elsewhere has its settings and its database there.
    const database =
      named === undefined && env.TALLYROOT_DATABASE_URL
        ? await (await import("../doctor/database.ts")).checkPostgres(env.TALLYROOT_DATABASE_URL)
        : undefined;
    const here =
      named === undefined
        ? [await checkSettings(env), checkFiles(dir), ...(database ? [database.check] : await checkDatabase(dir))]
        : [];
    const url = (named ?? serverIn(dir))?.replace(/\/+$/, "");
    const { checks: there, place } =
      url === undefined ? { checks: [skipped("server", "is not running")] } : await checkServer(url);
    // A server here that anchors in a network: what it would start with can be looked at, whether it runs or not.
    const network = named === undefined ? await networkSettings(env) : undefined;
    const own = network && (await import("../doctor/publisher.ts"));
    const remembered = database ? (database.place ?? (place && own?.placeIn(place))) : own?.rememberedPlace(dir);
    const shownRpc = typeof place?.rpcUrl === "string" ? [place.rpcUrl] : (network?.rpcUrls ?? []);
    const anchored = place ?? remembered;
    const chain = anchored
      ? await checkChain(values.rpc ?? shownRpc, anchored)
      : [skipped("chain", "known by the server alone")];
    const publisher = network && own ? await own.checkPublisher(network, remembered) : [];
    const checks = [...here, ...there, ...chain, ...publisher];
    if (values.json) printJson(terminal, { checks });
    else
      terminal.out(
        checks.map(({ name, outcome, detail }) => `${MARK[outcome]} ${name.padEnd(9)} ${detail}\n`).join(""),
      );
    return checks.some(({ outcome }) => outcome === "failed") ? EXIT.NOT_WELL : EXIT.DONE;
  },
});
