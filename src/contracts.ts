import { compiledCodeHash, compiledCreationCode } from "./chain/compiled-code.ts";
import { DEPLOYER, DEPLOYMENT_SALT, deterministicAddress } from "./chain/deterministic-address.ts";
import { checksumAddress } from "./core/address.ts";
import { type Hex, toHex } from "./core/bytes.ts";

// biome-ignore lint/performance/noBarrelFile: an entry of the package; its importers have no other way to it
export { anchorLogAbi } from "./chain/anchor-log-abi.ts";

/**
 * The contract AnchorLog, for programs that deploy it, read it or pin it. It is at one address on every network on which somebody has
 * deployed it, unless whoever anchors says otherwise; `GET /api/v1/chain` of a server does.
 */

/** What a transaction that deploys it carries. It takes no arguments, and the contract has no owner. */
export const anchorLogBytecode: Hex = compiledCreationCode();

/** keccak-256 of its code on chain, as the sources of this version compile: the `codeHash` of a policy. */
export const anchorLogCodeHash: Hex = toHex(compiledCodeHash());

/** Its address on every network, by EIP-1014: it follows from the deployer, the salt and the bytecode above, and is nobody's word. */
export const anchorLogAddress: Hex = checksumAddress(deterministicAddress());

/** The deterministic deployment proxy that makes it. It is called with the salt and the bytecode, one after the other. */
export const anchorLogDeployer: Hex = DEPLOYER;

/** keccak-256 of `tallyroot.anchorlog.v1`. */
export const anchorLogSalt: Hex = DEPLOYMENT_SALT;

/** The chain id of the embedded chain. */
export const EMBEDDED_CHAIN_ID = 31337;
