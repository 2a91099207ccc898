import { readFileSync } from "node:fs";
import { fromHex, type Hex } from "../core/bytes.ts";
import { invariant } from "../core/errors.ts";
import { keccak } from "../core/keccak.ts";

const ARTIFACT = new URL("../../artifacts/contracts/AnchorLog.sol/AnchorLog.json", import.meta.url);

/**
 * keccak-256 of the runtime code that this project's own sources compile to: what no server and no receipt can choose.
 *
 * @throws Error ENOENT where the contract has not been compiled.
 */
export function compiledCodeHash(): Uint8Array {
  const { deployedBytecode, immutableReferences, deployedLinkReferences } = JSON.parse(readFileSync(ARTIFACT, "utf8"));
  // Such places are filled in at deployment: the code on chain would then differ from the compiler's.
  invariant(
    Object.keys({ ...immutableReferences, ...deployedLinkReferences }).length === 0,
    "the contract has no immutables and links no libraries, so its code hash is known beforehand",
  );
  return keccak(fromHex(deployedBytecode));
}

/**
 * What a transaction that deploys the contract carries. It takes no arguments.
 *
 * @throws Error ENOENT where the contract has not been compiled.
 */
export function compiledCreationCode(): Hex {
  return (JSON.parse(readFileSync(ARTIFACT, "utf8")) as { bytecode: Hex }).bytecode;
}
