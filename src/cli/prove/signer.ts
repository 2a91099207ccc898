import { keySigner, type Signer, SignerError } from "../../chain/court.ts";
import { UsageError } from "../verify/arguments.ts";
import { readInput } from "../verify/source.ts";

/** Bytes of a key's file: 64 digits, and room for spaces. */
const MAX_KEY_BYTES = 1024;

/** Where a key may come from. Never from an argument: other users of the machine see the arguments of every process. */
export type KeyPlaces = {
  "key-file"?: string | undefined;
  account?: string | undefined;
  environment: string | undefined;
};

/**
 * Who signs, from the first of: an account of the endpoint, a key's file, the environment. Undefined when there is none of them. No error
 * repeats a key.
 *
 * @throws UsageError, SourceError
 */
export async function signerOf({ "key-file": keyFile, account, environment }: KeyPlaces): Promise<Signer | undefined> {
  if (keyFile !== undefined && account !== undefined) throw new UsageError("give --key-file or --account, not both");
  if (account !== undefined) {
    if (!/^[0-9]{1,3}$/.test(account)) throw new UsageError("--account takes the number of an account, from 0");
    return { account: Number(account) };
  }
  if (keyFile !== undefined)
    return readKey(`the key in ${keyFile}`, Buffer.from(await readInput(keyFile, MAX_KEY_BYTES)).toString("utf8"));
  return environment ? readKey("TALLYROOT_PROVER_KEY", environment) : undefined;
}

function readKey(where: string, text: string): Signer {
  try {
    return keySigner(text.trim());
  } catch (error) {
    if (!(error instanceof SignerError)) throw error;
    throw new UsageError(`${where} is not usable: ${error.message}`);
  }
}
