import { createHardhatRuntimeEnvironment } from "hardhat/hre";

/** A Hardhat network as a program of its own, served over HTTP; it prints its URL. Blocks are made when somebody asks for one. */

const environment = await createHardhatRuntimeEnvironment(
  {
    // Folders that are never made: what was compiled in the tree is none of this network's business.
    paths: { artifacts: "no-build-output", cache: "no-build-output" },
    networks: {
      drill: {
        type: "edr-simulated",
        chainType: "l1",
        chainId: 31_337,
        mining: { auto: false, interval: 0 },
        // Several blocks within a second, whose times do not run ahead of the clock.
        allowBlocksWithSameTimestamp: true,
      },
    },
  },
  {},
  import.meta.dirname,
);
const server = await environment.network.createServer("drill", "127.0.0.1", 0);
const { port } = await server.listen();
process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
