import { parseArgs } from "node:util";
import { checksumAddress, ledgerAddress } from "../../core/address.ts";
import { fromHex, sameBytes } from "../../core/bytes.ts";
import { decodePolicy, MAX_CONFIRMATIONS, MAX_ENDPOINTS, type Policy, PolicyError } from "../../core/policy.ts";
import { JsonTextError, parseStrictJson } from "../../core/strict-json.ts";
import { isEndpointUrl } from "../../witness/endpoint.ts";
import type { OPTIONS } from "./options.ts";
import { printable } from "./report.ts";
import { readInput } from "./source.ts";

/** The command line is wrong, or a file that it names is not what it must be; the message says how. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

/** Options and words of a command line. @throws UsageError */
export function parsed<T extends NonNullable<Parameters<typeof parseArgs>[0]>>(config: T) {
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS")))
      throw error;
    throw new UsageError(error.message);
  }
}

/** The policy in a file. @throws UsageError, SourceError */
export async function readPolicy(name: string): Promise<Policy> {
  try {
    return decodePolicy(parseStrictJson(await readInput(name)));
  } catch (error) {
    if (!(error instanceof JsonTextError || error instanceof PolicyError)) throw error;
    throw new UsageError(`${name} is not a policy: ${printable(error.message)}`, { cause: error });
  }
}

/** URLs that can be asked. @throws UsageError */
export function endpointsOf(urls: readonly string[]): readonly string[] {
  const wrong = urls.find((url) => !isEndpointUrl(url));
  if (wrong !== undefined) throw new UsageError(`${printable(wrong)} is not an http or https URL`);
  if (urls.length > MAX_ENDPOINTS) throw new UsageError(`at most ${MAX_ENDPOINTS} endpoints are asked`);
  return urls;
}

/** @throws UsageError */
export function hashOf(option: string, text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  if (!/^0x[0-9a-f]{64}$/.test(text)) throw new UsageError(`${option} takes 32 bytes as lower-case 0x hex`);
  return fromHex(text);
}

/** @throws UsageError */
export function confirmationsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!/^[1-9][0-9]{0,6}$/.test(text) || count > MAX_CONFIRMATIONS)
    throw new UsageError(`--confirmations takes a number from 1 to ${MAX_CONFIRMATIONS}`);
  return count;
}

/** An address in lower case or with the mixed case of EIP-55, whose checksum must be right. @throws UsageError */
function addressOf(option: string, text: string): Uint8Array {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) throw new UsageError(`${option} takes an address`);
  const address = fromHex(text.toLowerCase());
  if (text !== text.toLowerCase() && text !== checksumAddress(address))
    throw new UsageError(`${option}: the checksum of this address is wrong: a digit or a letter's case was changed`);
  return address;
}

/** The ledger that the evidence must be of, by its address or by the customer whose it is. @throws UsageError */
export function expectedLedger({ ledger, customer }: Values, policy: Policy | undefined): Uint8Array | undefined {
  const named = ledger === undefined ? undefined : addressOf("--ledger", ledger);
  if (customer === undefined) return named;
  if (!policy?.namespace)
    throw new UsageError("--customer needs a policy with a namespace: it gives the ledger's address");
  if (!/^[A-Za-z0-9_.:-]{1,128}$/.test(customer))
    throw new UsageError("--customer takes 1 to 128 of A-Z a-z 0-9 _ . : -");
  const derived = ledgerAddress(policy.namespace, customer);
  if (named && !sameBytes(named, derived))
    throw new UsageError(`--ledger is not the ledger of ${customer}, which is ${checksumAddress(derived)}`);
  return derived;
}
