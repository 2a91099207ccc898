import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { nodeRefusal } from "../../storage/sqlite/needed-node.ts";
import { command } from "../command.ts";
import { EXIT } from "../ending.ts";

const DEMO = new URL("../../../scripts/demo.ts", import.meta.url);

export const demo = command({
  command: "demo",
  describe: "Replay a real bank's transactions and find where its balances part from them",
  options: {
    all: { type: "boolean", describe: "List every account that does not agree", default: false },
    json: { type: "boolean", describe: "Print one JSON summary", default: false },
  },
  examples: [["demo", "over ./data, with the server that runs there or one of its own"]],
  exits: { 1: "something was not as it must be" },
  async run({ all, json }, { env, err, leaveSignals }) {
    const refusal = nodeRefusal();
    if (refusal !== undefined) {
      err(`tallyroot demo: ${refusal}\n`);
      return EXIT.REFUSED;
    }
    const words = [...(all ? ["--all"] : []), ...(json ? ["--json"] : [])];
    const child = spawn(process.execPath, [fileURLToPath(DEMO), ...words], {
      stdio: "inherit",
      env: env,
    });
    leaveSignals();
    // A terminal sends Ctrl-C to both processes; this one waits until the other has ended its server.
    process.on("SIGINT", () => {});
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
    const [code] = (await once(child, "close")) as [number | null];
    return code ?? EXIT.REFUSED;
  },
});
