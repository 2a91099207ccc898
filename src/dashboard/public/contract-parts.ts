import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { fromHex, toHex } from "../../core/bytes.ts";
import { keccak } from "../../core/keccak.ts";
import type { ContractFile, StandardInput } from "./contract/contract-file.ts";

const NAME = "virtual:anchor-log";
const ROOT = new URL("../../../", import.meta.url);
const ARTIFACT = "artifacts/contracts/AnchorLog.sol/AnchorLog.json";
/** The contract's own sources, the first being the one to read first. */
const OWN = ["contracts/AnchorLog.sol", "contracts/IAnchorLog.sol", "contracts/LeafFormat.sol"];
/** What they import, under the names they import it by. */
const FOREIGN = [
  "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol",
  "@openzeppelin/contracts/utils/cryptography/Hashes.sol",
];

type Artifact = { abi: unknown[]; deployedBytecode: string; buildInfoId: string };
type BuildInfo = { solcLongVersion: string; input: { settings: Record<string, unknown> } };

const text = (path: string) => readFileSync(new URL(path, ROOT), "utf8");

/** What the page shows of the contract, from the sources and what they were compiled to. */
export function contractFile(): ContractFile {
  const { abi, buildInfoId } = JSON.parse(text(ARTIFACT)) as Artifact;
  const { solcLongVersion, input } = JSON.parse(text(`artifacts/build-info/${buildInfoId}.json`)) as BuildInfo;
  const { optimizer, evmVersion, metadata } = input.settings;
  const sources = [...OWN.map((path) => [path, path]), ...FOREIGN.map((path) => [path, `node_modules/${path}`])];
  const standardInput: StandardInput = {
    language: "Solidity",
    sources: Object.fromEntries(sources.map(([name, path]) => [name!, { content: text(path!) }])),
    settings: {
      optimizer,
      evmVersion,
      metadata,
      outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
    },
  };
  return { compiler: solcLongVersion, own: OWN, abi, standardInput };
}

/**
 * Gives the page the hash of the contract's code, and the address of a file with its sources and ABI: the hash is needed for every
 * verification, the file by whoever wants to read the contract.
 */
export function contractParts(): Plugin {
  const file = JSON.stringify(contractFile());
  const name = `assets/contract-${createHash("sha256").update(file).digest("hex").slice(0, 8)}.json`;
  return {
    name: "contract-parts",
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load(id) {
      if (id !== `\0${NAME}`) return undefined;
      const { deployedBytecode } = JSON.parse(text(ARTIFACT)) as Artifact;
      const codeHash = toHex(keccak(fromHex(deployedBytecode)));
      return `export const codeHash = ${JSON.stringify(codeHash)}; export const contractFileUrl = ${JSON.stringify(`/${name}`)};`;
    },
    generateBundle() {
      this.emitFile({ type: "asset", fileName: name, source: file });
    },
  };
}
