import { readFileSync } from "node:fs";
import { compiledCodeHash } from "./chain/compiled-code.ts";
import { type Hex, toHex } from "./core/bytes.ts";

// biome-ignore lint/performance/noBarrelFile: an entry of the package; its importers have no other way to it
export { anchorLogAbi } from "./chain/anchor-log-abi.ts";

/**
 * The contract AnchorLog, for programs that deploy it, read it or pin it. There is no list of addresses: each embedded chain has its own,
 * and on any other network whoever anchors says where; `GET /api/v1/chain` of a server does.
 */

const ARTIFACT = new URL("../artifacts/contracts/AnchorLog.sol/AnchorLog.json", import.meta.url);
const { bytecode } = JSON.parse(readFileSync(ARTIFACT, "utf8")) as { bytecode: Hex };

/** What a transaction that deploys it carries. It takes no arguments, and the contract has no owner. */
export const anchorLogBytecode: Hex = bytecode;

/** keccak-256 of its code on chain, as the sources of this version compile: the `codeHash` of a policy. */
export const anchorLogCodeHash: Hex = toHex(compiledCodeHash());

/** The chain id of the embedded chain. */
export const EMBEDDED_CHAIN_ID = 31337;
