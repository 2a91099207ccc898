import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import { ChainUnavailableError } from "../core/errors.ts";
import { keccak } from "../core/keccak.ts";
import { DeploymentError } from "./deployment-error.ts";
import { DEPLOYER } from "./deterministic-address.ts";
import type { Payer } from "./payer.ts";

/** The way out for whoever meets a network on which the proxy cannot be had. */
const PLAINLY = "deploy with --plain, and set TALLYROOT_CONTRACT to the address that it prints";

/**
 * The transaction that makes the proxy on any network. Nobody has the key of its signer: the signature was made up, and the signer follows
 * from it, so that the proxy is at the same address everywhere. It is of no chain (older than EIP-155), which some networks refuse.
 */
export const KEYLESS: Hex =
  "0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf31ba02222222222222222222222222222222222222222222222222222222222222222a02222222222222222222222222222222222222222222222222222222222222222";
export const KEYLESS_SIGNER: Hex = "0x3fAB184622Dc19b6109349B94811493BF2a45362";
/** In wei per gas, and in gas: what is written in it. The gas that it does not use stays with its signer, for ever. */
const KEYLESS_GAS_PRICE = 100_000_000_000n;
const KEYLESS_GAS = 100_000n;
export const KEYLESS_COST = KEYLESS_GAS_PRICE * KEYLESS_GAS;

/** keccak-256 of the proxy's code. */
export const DEPLOYER_CODE_HASH = "0x2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989";

/** How nodes say that they take only transactions of their own chain. */
const WANTS_PROTECTED = /replay|protected|EIP-?155/i;
/** How nodes say that they have the transaction, or had it. */
const HAD_ALREADY = /already known|already imported|known transaction|nonce/i;

/**
 * Makes sure that the deterministic deployment proxy is on the network, with the code that it must have.
 *
 * @returns whether it was put there now.
 * @throws DeploymentError where other code is at its address, or the network does not let it come; ChainUnavailableError
 */
export async function ensureDeployer(payer: Payer): Promise<boolean> {
  if (await deployerIsThere(payer)) return false;
  const on = `on chain ${payer.chainId}`;
  // Its one transaction has the number 0.
  if ((await payer.transactions(KEYLESS_SIGNER)) > 0n)
    throw new DeploymentError(
      `the transaction that makes the deployment proxy was sent ${on} and has made nothing: ${PLAINLY}`,
    );
  const fees = await payer.fees();
  if (fees.maxFeePerGas - fees.maxPriorityFeePerGas > KEYLESS_GAS_PRICE)
    throw new DeploymentError(
      `the transaction that makes the deployment proxy pays 100 gwei per gas, and fees ${on} are above it: wait until they have fallen, or ${PLAINLY}`,
    );
  // Asked before its signer gets any ether: what a network refuses for good should cost nothing.
  const first = await offered(payer);
  if (first !== "taken") {
    if (WANTS_PROTECTED.test(first.message)) throw refused(on, first);
    const missing = KEYLESS_COST - (await payer.balance(KEYLESS_SIGNER));
    if (missing > 0n) await payer.pay({ to: KEYLESS_SIGNER, data: "0x", value: missing }, "the deployment proxy");
    const second = await offered(payer);
    if (second !== "taken") throw refused(on, second);
  }
  await payer.waitFor(keccak(fromHex(KEYLESS)));
  if (!(await deployerIsThere(payer)))
    throw new DeploymentError(
      `the transaction that makes the deployment proxy has made nothing ${on}, which counts gas otherwise: ${PLAINLY}`,
    );
  return true;
}

/** @throws DeploymentError for other code */
async function deployerIsThere(payer: Payer): Promise<boolean> {
  const code = await payer.reader.code(DEPLOYER);
  if (code.length === 0) return false;
  if (toHex(keccak(code)) !== DEPLOYER_CODE_HASH)
    throw new DeploymentError(`other code is at the deployment proxy's address on chain ${payer.chainId}: ${PLAINLY}`);
  return true;
}

/** Sends the transaction. Somebody else may have done so meanwhile, with the same effect. */
async function offered(payer: Payer): Promise<"taken" | ChainUnavailableError> {
  try {
    await payer.send(fromHex(KEYLESS));
    return "taken";
  } catch (error) {
    if (!(error instanceof ChainUnavailableError)) throw error;
    return HAD_ALREADY.test(error.message) || (await deployerIsThere(payer)) ? "taken" : error;
  }
}

function refused(on: string, cause: ChainUnavailableError): DeploymentError {
  const message = `the network does not take the transaction that makes the deployment proxy ${on} (${cause.message}): ${PLAINLY}`;
  return new DeploymentError(message, { cause });
}
