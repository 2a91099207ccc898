import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Deployment, deployDeterministically, deployPlainly, isAt } from "../../chain/deployment.ts";
import { DeploymentError } from "../../chain/deployment-error.ts";
import { DEPLOYER, DEPLOYMENT_SALT, deterministicAddress } from "../../chain/deterministic-address.ts";
import { readPublisherKey } from "../../chain/keys/publisher-key.ts";
import { openPayer, type Payer } from "../../chain/payer.ts";
import { checksumAddress } from "../../core/address.ts";
import { fromHex, toHex } from "../../core/bytes.ts";
import { UsageError } from "../ending.ts";
import type { PayingKey } from "./key-source.ts";
import { type DeploymentRecord, prepareFolder, readRecord, writeRecord } from "./record.ts";
import { compilerOf } from "./verification.ts";

/** What a clone has, and an installed package has not. */
const OF_A_CLONE = new URL("../../../hardhat.config.ts", import.meta.url);
const RECORDS = new URL("../../../contracts/deployments/", import.meta.url);
/** A chain of this id is somebody's own, on a machine: one deployment there is like the other, and nobody else looks for it. */
const DEVELOPMENT_CHAIN = 31337;

export type Order = {
  /** Endpoints of one chain. */
  rpcUrls: readonly string[];
  /** The most to pay, in wei per gas; undefined for no limit. */
  maxFee: bigint | undefined;
  key: PayingKey;
  /** The chain that it must be; undefined for whichever the endpoint is of. */
  chainId: number | undefined;
  plain: boolean;
  /** Where the record goes; undefined for its place in a clone. */
  out: string | undefined;
};

export type Deployed = DeploymentRecord & {
  /** Whether it was put there now, or was there already and nothing was sent. */
  outcome: "deployed" | "there";
  /** The file with the record; null where there is none. */
  record: string | null;
};

/**
 * Makes sure that the contract is on a chain, and writes down where. Done again it sends nothing, and leaves the record as it is.
 *
 * @throws DeploymentError, PublisherKeyError, UsageError, ChainUnavailableError
 */
export async function deployAnchorLog(order: Order): Promise<Deployed> {
  const { rpcUrls, maxFee } = order;
  const key = await readPublisherKey(order.key.source, order.key.environment);
  const payer = await openPayer(rpcUrls, key, { maxFee });
  const { chainId } = payer;
  if (order.chainId !== undefined && order.chainId !== chainId)
    throw new DeploymentError(`the endpoint is of chain ${chainId}, not of chain ${order.chainId}: nothing was sent`);
  const file = order.out ?? placeInClone(chainId);
  const before = file === undefined ? undefined : readRecord(file, chainId);
  if (file !== undefined) prepareFolder(file);
  const deployment = order.plain ? await plainly(payer, before) : await whereItBelongs(payer, before, file);
  const { contract, made } = deployment;
  const record: DeploymentRecord = {
    chainId,
    contract: checksumAddress(contract),
    codeHash: toHex(deployment.codeHash),
    transactionHash: made ? toHex(made.transaction) : (before?.transactionHash ?? null),
    blockNumber: made ? Number(made.blockNumber) : (before?.blockNumber ?? null),
    sender: made ? payer.address : (before?.sender ?? null),
    deployer: order.plain ? null : DEPLOYER,
    salt: order.plain ? null : DEPLOYMENT_SALT,
    compiler: compiler(),
  };
  if (file !== undefined && (made || !before)) writeRecord(file, record);
  return { ...record, outcome: made ? "deployed" : "there", record: file ?? null };
}

function compiler(): DeploymentRecord["compiler"] {
  const { version, settings } = compilerOf();
  return { version, settings };
}

/** @throws UsageError where the record is of another contract, before anything is sent */
async function whereItBelongs(
  payer: Payer,
  before: DeploymentRecord | undefined,
  file: string | undefined,
): Promise<Deployment> {
  const address = checksumAddress(deterministicAddress());
  if (before && before.contract !== address)
    throw new UsageError(
      `${file} is the record of ${before.contract}, and this would be ${address}: choose another --out`,
    );
  return deployDeterministically(payer);
}

/** A plain deployment has another address each time: only its record tells that it was done. */
async function plainly(payer: Payer, before: DeploymentRecord | undefined): Promise<Deployment> {
  if (before === undefined) return deployPlainly(payer);
  const contract = fromHex(before.contract.toLowerCase(), 20);
  if (await isAt(payer, contract)) return { contract, codeHash: fromHex(before.codeHash, 32), made: undefined };
  throw new DeploymentError(
    `the record says that the contract is at ${before.contract}, and nothing is there: is this the same chain ${payer.chainId}?`,
  );
}

/** Where a clone keeps its records; undefined in an installed package, and for chains on somebody's machine. */
function placeInClone(chainId: number): string | undefined {
  if (!existsSync(OF_A_CLONE) || chainId === DEVELOPMENT_CHAIN) return undefined;
  return join(fileURLToPath(RECORDS), `${chainId}.json`);
}
