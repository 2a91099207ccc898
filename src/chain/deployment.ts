import { setTimeout as sleep } from "node:timers/promises";
import { checksumAddress } from "../core/address.ts";
import { toHex } from "../core/bytes.ts";
import { ChainUnavailableError } from "../core/errors.ts";
import { keccak } from "../core/keccak.ts";
import { compiledCodeHash, compiledCreationCode } from "./compiled-code.ts";
import { ensureDeployer } from "./deployer.ts";
import { DeploymentError } from "./deployment-error.ts";
import { DEPLOYER, deploymentCall, deterministicAddress } from "./deterministic-address.ts";
import { type Payer, TransactionReplacedError } from "./payer.ts";

/** Looks for the code after its deployment, and milliseconds between them. */
const LOOKS = 20;
const LOOK_MS = 500;

/** Times that a deployment begins anew because the same account was used elsewhere: the proxy's ether, the proxy, the contract. */
const MOST_ATTEMPTS = 4;

/** The contract on a chain, with the code as it is compiled here. */
export type Deployment = {
  contract: Uint8Array;
  codeHash: Uint8Array;
  /** What has made it; undefined where it was there already. */
  made: { transaction: Uint8Array; blockNumber: bigint } | undefined;
};

/**
 * Makes sure that the contract is at its deterministic address. Whoever does it gets no right over it, and doing it again sends nothing.
 *
 * @throws DeploymentError where that cannot be; ChainUnavailableError
 */
export async function deployDeterministically(payer: Payer): Promise<Deployment> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await deployOnce(payer);
    } catch (error) {
      // Two people with one key are in each other's way once: then one of them sees what the other has done.
      if (!(error instanceof TransactionReplacedError) || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

async function deployOnce(payer: Payer): Promise<Deployment> {
  const contract = deterministicAddress();
  if (await isAt(payer, contract)) return { contract, codeHash: compiledCodeHash(), made: undefined };
  await ensureDeployer(payer);
  try {
    const { hash, blockNumber } = await payer.pay({ to: DEPLOYER, data: deploymentCall() }, "the contract");
    await expectAt(payer, contract);
    return { contract, codeHash: compiledCodeHash(), made: { transaction: hash, blockNumber } };
  } catch (error) {
    // Where somebody else was quicker, the proxy makes nothing a second time: then all is as it should be.
    if (error instanceof ChainUnavailableError && (await isAt(payer, contract)))
      return { contract, codeHash: compiledCodeHash(), made: undefined };
    throw error;
  }
}

/**
 * Deploys the contract at an address that follows from the account and its number of transactions: one more each time.
 *
 * @throws DeploymentError when the account cannot pay; ChainUnavailableError
 */
export async function deployPlainly(payer: Payer): Promise<Deployment> {
  const { contract, hash, blockNumber } = await payer.pay({ data: compiledCreationCode() }, "the contract");
  if (!contract) throw new ChainUnavailableError(`transaction ${toHex(hash)} names no contract that it has made`);
  await expectAt(payer, contract);
  return { contract, codeHash: compiledCodeHash(), made: { transaction: hash, blockNumber } };
}

/** Whether the contract is there. @throws DeploymentError for other code. */
export async function isAt(payer: Payer, contract: Uint8Array): Promise<boolean> {
  const address = checksumAddress(contract);
  const code = await payer.reader.code(address);
  if (code.length === 0) return false;
  const codeHash = toHex(keccak(code));
  if (codeHash === toHex(compiledCodeHash())) return true;
  throw new DeploymentError(
    `other code is at ${address} on chain ${payer.chainId}: its hash is ${codeHash}, not that of the contract as it is compiled here`,
  );
}

/** Behind one URL there may be several nodes, and the next answer may be of one that has not seen the block yet. */
async function expectAt(payer: Payer, contract: Uint8Array): Promise<void> {
  for (let look = 1; !(await isAt(payer, contract)); look++) {
    if (look === LOOKS)
      throw new ChainUnavailableError(
        `the endpoint shows no code at ${checksumAddress(contract)} after its deployment: run this again`,
      );
    await sleep(LOOK_MS);
  }
}
