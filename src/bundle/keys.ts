import { createECDH } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { concatBytes, fromHex, type Hex, toHex } from "../core/bytes.ts";
import { keccak } from "../core/keccak.ts";
import { isPrivateKey } from "../core/private-key.ts";
import { writeDurably } from "./durable.ts";
import { BundleRefusedError } from "./refused.ts";

/** The keys of a data directory: who has them can read and publish, so they leave it only when asked to. */

export const KEYS_FILE = "keys.json";
const FORMAT = "tallyroot-keys/1";

export type Keys = { master: Hex; publisher: Hex };

/**
 * The key in one of a data directory's files.
 *
 * @throws BundleRefusedError KEYS_MISSING, KEY_INVALID
 */
export function keyIn(dataDir: string, name: "master-key" | "publisher-key"): Hex {
  const path = join(dataDir, name);
  if (!existsSync(path))
    throw new BundleRefusedError(
      "KEYS_MISSING",
      `${path} is not there: the server has this key from its environment, hand it over from where that comes from`,
    );
  return readKey(path);
}

/**
 * A key out of a file: 32 bytes as 0x hex.
 *
 * @throws BundleRefusedError KEY_INVALID
 */
export function readKey(path: string): Hex {
  return keyOf(readFileSync(path, "utf8").trim().toLowerCase(), path);
}

function keyOf(text: unknown, where: string): Hex {
  if (typeof text !== "string" || !/^0x[0-9a-f]{64}$/.test(text))
    throw new BundleRefusedError("KEY_INVALID", `${where}: 32 bytes as 0x hex are expected`);
  return text as Hex;
}

export function writeKeys(bundle: string, { master, publisher }: Keys): void {
  const content = { format: FORMAT, masterKey: master, publisherKey: publisher };
  writeDurably(join(bundle, KEYS_FILE), `${JSON.stringify(content, null, 2)}\n`);
}

/**
 * The keys that came with a bundle; undefined where none did.
 *
 * @throws BundleRefusedError KEY_INVALID
 */
export function bundledKeys(bundle: string): Keys | undefined {
  const path = join(bundle, KEYS_FILE);
  if (!existsSync(path)) return undefined;
  let content: Record<string, unknown> | null;
  try {
    content = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown> | null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new BundleRefusedError("KEY_INVALID", `${path} is not JSON`);
  }
  if (content?.format !== FORMAT)
    throw new BundleRefusedError("KEY_INVALID", `${path} does not have the format ${FORMAT}`);
  return { master: keyOf(content.masterKey, path), publisher: keyOf(content.publisherKey, path) };
}

/**
 * The id of the log that this key opens with this salt, as the contract's `logId` makes it.
 *
 * @throws BundleRefusedError KEY_INVALID for what is no private key.
 */
export function logOf(
  publisher: Hex,
  { chainId, contract, salt }: { chainId: bigint; contract: string; salt: string },
): Hex {
  if (!isPrivateKey(BigInt(publisher)))
    throw new BundleRefusedError("KEY_INVALID", "the publisher key is no private key of secp256k1");
  const pair = createECDH("secp256k1");
  pair.setPrivateKey(publisher.slice(2), "hex");
  // An account's address: the last 20 bytes of the hash of the public key, without the byte that says it is not compressed.
  const opener = keccak(new Uint8Array(pair.getPublicKey().subarray(1))).subarray(12);
  const word = (bytes: Uint8Array) => concatBytes(new Uint8Array(32 - bytes.length), bytes);
  const chain = fromHex(`0x${chainId.toString(16).padStart(64, "0")}`);
  return toHex(keccak(concatBytes(chain, word(fromHex(contract.toLowerCase(), 20)), word(opener), fromHex(salt, 32))));
}
