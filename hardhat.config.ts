import { createRequire } from "node:module";
import { defineConfig } from "hardhat/config";

// The compiler is the solc package: the build needs nothing from the network.
const solcPath = createRequire(import.meta.url).resolve("solc/soljson.js");

export default defineConfig({
  paths: { tests: { solidity: "./test/contract/fuzz" } },
  // Each claim is tried this often at hand; a longer run asks for more.
  test: { solidity: { fuzz: { runs: Number(process.env.FUZZ_RUNS ?? 256) } } },
  solidity: {
    version: "0.8.37",
    path: solcPath,
    settings: {
      optimizer: { enabled: true, runs: 1_000_000 },
      evmVersion: "cancun",
      // Verifiers pin the hash of the deployed code: it must depend on the code, not on comments or file paths.
      metadata: { bytecodeHash: "none" },
    },
  },
});
