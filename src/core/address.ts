import { concatBytes, toHex, utf8 } from "./bytes.ts";
import { keccak } from "./keccak.ts";

const CREATE2_PREFIX = Uint8Array.of(0xff);
/** Stands where CREATE2 has the hash of the init code: one word per kind and version of ledger. */
const LEDGER_KIND = utf8("tallyroot.ledger.v1");
/** The address is the rest of a 32-byte hash after its first 12 bytes. */
const ADDRESS_OFFSET = 12;

/**
 * The namespace of a tenant: the last 20 bytes of keccak(secret).
 *
 * @param secret 32 random bytes. Who does not know the namespace cannot guess which ledger belongs to which customer id.
 */
export function namespaceOf(secret: Uint8Array): Uint8Array {
  if (secret.length !== 32) throw new RangeError("a tenant's secret has 32 bytes");
  return keccak(secret).slice(ADDRESS_OFFSET);
}

/**
 * The ledger address of a customer id, by the CREATE2 formula (EIP-1014), so that any EVM tool computes it.
 *
 * @param namespace 20 bytes: stands where CREATE2 has the deployer.
 * @see FORMAT.md, section "Ledger address"
 */
export function ledgerAddress(namespace: Uint8Array, customerId: string): Uint8Array {
  if (namespace.length !== 20) throw new RangeError("a namespace has 20 bytes");
  return keccak(concatBytes(CREATE2_PREFIX, namespace, keccak(utf8(customerId)), keccak(LEDGER_KIND))).slice(
    ADDRESS_OFFSET,
  );
}

/**
 * Mixed-case text of a 20-byte address (EIP-55): the case of its letters is a checksum.
 *
 * @example
 * checksumAddress(fromHex("0x0a79106b3cef1bc521d35ca06db34768075a3319")) // "0x0A79106B3CEf1Bc521D35Ca06DB34768075a3319"
 */
export function checksumAddress(address: Uint8Array): `0x${string}` {
  const text = toHex(address).slice(2);
  const hash = keccak(utf8(text));
  let mixed = "";
  for (let i = 0; i < text.length; i++) {
    // Each letter's bit is the highest of its digit of the hash: the left digit of a byte comes first.
    const bit = i % 2 === 0 ? 0x80 : 0x08;
    mixed += hash[i >> 1]! & bit ? text[i]!.toUpperCase() : text[i]!;
  }
  return `0x${mixed}`;
}
