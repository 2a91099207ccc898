import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

/**
 * Writes what block explorers need to verify the contract's source: the compiler's standard JSON input and its metadata.
 *
 *     node scripts/verification-input.ts
 *
 * Run it after a change of the contract or its compiler; a test compiles what is there and compares it with the code.
 */

const ARTIFACTS = new URL("../artifacts/", import.meta.url);
const TARGET = new URL("../contracts/deployments/", import.meta.url);
const OUTPUT = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "metadata"];

type Artifact = { buildInfoId: string; inputSourceName: string; contractName: string };
type Input = { language: string; sources: Record<string, { content: string }>; settings: Record<string, unknown> };
type BuildInfo = { input: Input };
type Solc = { compile(input: string): string };
type Output = { contracts: Record<string, Record<string, { metadata: string }>> };

const json = <T>(file: URL): T => JSON.parse(readFileSync(file, "utf8")) as T;

/** What Hardhat gave the compiler, but for sources that the contract does not come from; and what the compiler says of the contract. */
export function verificationFiles(): { standardInput: string; metadata: string } {
  const { buildInfoId, inputSourceName, contractName } = json<Artifact>(
    new URL("contracts/AnchorLog.sol/AnchorLog.json", ARTIFACTS),
  );
  const { input } = json<BuildInfo>(new URL(`build-info/${buildInfoId}.json`, ARTIFACTS));
  const settings = { ...input.settings, outputSelection: { "*": { "*": OUTPUT } } };
  const solc = createRequire(import.meta.url)("solc") as Solc;
  const { contracts } = JSON.parse(solc.compile(JSON.stringify({ ...input, settings }))) as Output;
  const { metadata } = contracts[inputSourceName]![contractName]!;
  // The compiler names the sources that the contract is made of.
  const names = Object.keys((JSON.parse(metadata) as { sources: object }).sources);
  const sources = Object.fromEntries(names.map((name) => [name, input.sources[name]!]));
  return {
    standardInput: `${JSON.stringify({ language: input.language, sources, settings }, null, 2)}\n`,
    // Byte for byte: it may be hashed.
    metadata,
  };
}

if (import.meta.main) {
  const { standardInput, metadata } = verificationFiles();
  writeFileSync(new URL("AnchorLog.standard-input.json", TARGET), standardInput);
  writeFileSync(new URL("AnchorLog.metadata.json", TARGET), metadata);
}
