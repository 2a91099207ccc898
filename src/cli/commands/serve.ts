import { keepHeapsSmall } from "../../heaps.ts";
import { nodeRefusal } from "../../storage/sqlite/needed-node.ts";
import { command } from "../command.ts";
import { EXIT } from "../ending.ts";

/** The setting that an option stands for. */
const SETTING_OF = {
  "data-dir": "TALLYROOT_DATA_DIR",
  port: "PORT",
  host: "HOST",
  "chain-port": "TALLYROOT_CHAIN_PORT",
} as const;

export const serve = command({
  command: "serve",
  describe: "Run the server until Ctrl-C",
  options: {
    "data-dir": { describe: "Where its data is; else TALLYROOT_DATA_DIR, else ./data" },
    port: { describe: "The API's port, 0 for a free one; else PORT, else 3000" },
    host: { describe: "The address it listens on; else HOST, else 127.0.0.1" },
    "chain-port": { describe: "The embedded chain's port, 0 for a free one; else TALLYROOT_CHAIN_PORT, else 8545" },
  },
  examples: [
    ["serve", "over ./data, with an embedded chain"],
    ["serve --data-dir elsewhere --port 0 --chain-port 0", "beside another one"],
  ],
  exits: { 0: "ended in order, after Ctrl-C too", 1: "it cannot start, and says why" },
  async run(values, { env, err, leaveSignals }) {
    const refusal = nodeRefusal();
    if (refusal !== undefined) {
      err(`tallyroot: ${refusal}\n`);
      return EXIT.REFUSED;
    }
    const set = (Object.keys(SETTING_OF) as (keyof typeof SETTING_OF)[]).flatMap((option) =>
      values[option] === undefined ? [] : [[SETTING_OF[option], values[option]]],
    );
    const wanted = { ...env, ...Object.fromEntries(set) };
    for (const name of Object.keys(env)) if (!(name in wanted)) delete env[name];
    Object.assign(env, wanted);
    leaveSignals();
    keepHeapsSmall();
    // It reads the environment, starts, and ends the process by itself.
    await import("../../main.ts");
    return undefined;
  },
});
