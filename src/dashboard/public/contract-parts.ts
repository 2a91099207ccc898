import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { fromHex, toHex } from "../../core/bytes.ts";
import { keccak } from "../../core/keccak.ts";
import type { ContractFile, StandardInput } from "./contract/contract-file.ts";

const ARTIFACT = new URL("../../../artifacts/contracts/AnchorLog.sol/AnchorLog.json", import.meta.url);
const BUILDS = new URL("../../../artifacts/build-info/", import.meta.url);
const OWN_FOLDER = new URL("../../../contracts/", import.meta.url);
const FOREIGN_FOLDER = new URL("../../../node_modules/@openzeppelin/contracts/", import.meta.url);
/** The contract's own sources, the first being the one to read first. */
const OWN = ["AnchorLog.sol", "IAnchorLog.sol", "LeafFormat.sol"];
/** What they import. */
const FOREIGN = ["utils/cryptography/MerkleProof.sol", "utils/cryptography/Hashes.sol"];

type Artifact = { abi: unknown[]; deployedBytecode: string; buildInfoId: string };
type BuildInfo = { solcLongVersion: string; input: { settings: Record<string, unknown> } };

const json = <T>(file: URL): T => JSON.parse(readFileSync(file, "utf8")) as T;
const sourceAt = (folder: URL, path: string) => ({ content: readFileSync(new URL(path, folder), "utf8") });

/** What the page shows of the contract, from the sources and what they were compiled to. */
export function contractFile(): ContractFile {
  const { abi, buildInfoId } = json<Artifact>(ARTIFACT);
  const { solcLongVersion, input } = json<BuildInfo>(new URL(`${buildInfoId}.json`, BUILDS));
  const { optimizer, evmVersion, metadata } = input.settings;
  const own = OWN.map((path) => [`contracts/${path}`, sourceAt(OWN_FOLDER, path)] as const);
  // Under the names that they are imported by.
  const foreign = FOREIGN.map((path) => [`@openzeppelin/contracts/${path}`, sourceAt(FOREIGN_FOLDER, path)] as const);
  const standardInput: StandardInput = {
    language: "Solidity",
    sources: Object.fromEntries([...own, ...foreign]),
    settings: {
      optimizer,
      evmVersion,
      metadata,
      outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
    },
  };
  return { compiler: solcLongVersion, own: own.map(([name]) => name), abi, standardInput };
}

/**
 * Gives the page the hash of the contract's code, and the address of a file with its sources and ABI: the hash is needed for every
 * verification, the file by whoever wants to read the contract. See contract/built-with.ts.
 */
export function contractParts(): Plugin {
  const file = JSON.stringify(contractFile());
  const name = `assets/contract-${createHash("sha256").update(file).digest("hex").slice(0, 8)}.json`;
  const { deployedBytecode } = json<Artifact>(ARTIFACT);
  return {
    name: "contract-parts",
    config: () => ({
      define: {
        ANCHOR_LOG_CODE_HASH: JSON.stringify(toHex(keccak(fromHex(deployedBytecode)))),
        ANCHOR_LOG_FILE: JSON.stringify(`/${name}`),
      },
    }),
    generateBundle() {
      this.emitFile({ type: "asset", fileName: name, source: file });
    },
  };
}
