import { createRequire } from "node:module";
import { defineConfig } from "hardhat/config";

// The compiler is the solc package: the build needs nothing from the network.
const solcPath = createRequire(import.meta.url).resolve("solc/soljson.js");

export default defineConfig({
  paths: { tests: { solidity: "./test/contract/fuzz" } },
  solidity: {
    version: "0.8.37",
    path: solcPath,
    settings: { optimizer: { enabled: true, runs: 1_000_000 }, evmVersion: "cancun" },
  },
});
