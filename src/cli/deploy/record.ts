import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "../ending.ts";

/** A deployment as it is written down. Numbers of the chain are numbers, bytes are 0x hex. */
export type DeploymentRecord = {
  chainId: number;
  contract: string;
  codeHash: string;
  /** Null where it was there already, and it is not known who has put it there. */
  transactionHash: string | null;
  blockNumber: number | null;
  sender: string | null;
  /** The deterministic deployment proxy and the salt; null for a plain deployment. */
  deployer: string | null;
  salt: string | null;
  compiler: { version: string; settings: unknown };
};

/**
 * The record in a file; undefined where there is none.
 *
 * @throws UsageError for what is no record of this chain.
 */
export function readRecord(file: string, chainId: number): DeploymentRecord | undefined {
  if (!existsSync(file)) return undefined;
  const record = recordIn(readFileSync(file, "utf8"));
  if (record === undefined)
    throw new UsageError(`${file} is there and is no record of a deployment: choose another --out`);
  if (record.chainId !== chainId)
    throw new UsageError(`${file} is of chain ${record.chainId}, not of chain ${chainId}: choose another --out`);
  return record;
}

function recordIn(text: string): DeploymentRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<DeploymentRecord> | null;
    const known = Number.isSafeInteger(record?.chainId) && /^0x[0-9a-fA-F]{40}$/.test(String(record?.contract));
    return known ? (record as DeploymentRecord) : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

/** Makes the folder of a file: what cannot be written should be known before anything is sent. */
export function prepareFolder(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
}

/** Writes a record, whole or not at all. */
export function writeRecord(file: string, record: DeploymentRecord): void {
  const draft = `${file}.draft`;
  writeFileSync(draft, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(draft, file);
}
