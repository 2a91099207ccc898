import * as Keystore from "ox/Keystore";
import { privateKeyToAddress } from "viem/accounts";
import type { Hex } from "../../core/bytes.ts";
import { PublisherKeyError } from "./key-error.ts";
import { privateKeyIn } from "./private-key.ts";

/** The most that a keystore may ask for: geth's scrypt takes 256 MiB, and nobody's ten times its rounds. */
const MAX_SCRYPT_BYTES = 512 * 1024 * 1024;
const MAX_SCRYPT_WORK = 2 ** 26;
const MAX_PBKDF2_ROUNDS = 10_000_000;
/** Bytes of the derived key that the format uses: half for the cipher, half for the check. */
const DERIVED_BYTES = 32;

type Members = { readonly [name: string]: unknown };

/**
 * The private key in an encrypted keystore: Web3 Secret Storage, version 3, with scrypt or PBKDF2, as geth, foundry and wallets write it.
 *
 * @param where it stands, for the errors.
 * @throws PublisherKeyError for a wrong password, and for what is no such keystore.
 */
export function keyInKeystore(text: string, password: string, where: string): Hex {
  const { keystore, address } = readKeystore(text, where);
  const key = privateKeyIn(decrypted(keystore, password, where), `what ${where} contains`);
  if (address !== undefined && address !== privateKeyToAddress(key).toLowerCase().slice(2))
    throw new PublisherKeyError(`${where} names an address that is not its key's`);
  return key;
}

function decrypted(keystore: Keystore.Keystore, password: string, where: string): string {
  const key = Keystore.toKey(keystore, { password });
  try {
    return Keystore.decrypt(keystore, key);
  } catch (error) {
    if (!(error instanceof Error && error.message === "corrupt keystore")) throw error;
    throw new PublisherKeyError(`the password does not open ${where}, or the file is damaged`);
  }
}

/** The keystore with everything in it that the derivation and the cipher rely on looked at. */
function readKeystore(text: string, where: string): { keystore: Keystore.Keystore; address: string | undefined } {
  const refuse = (what: string) => new PublisherKeyError(`${where} is no keystore that can be opened: ${what}`);
  const members = (value: unknown, name: string): Members => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse(`${name} is no object`);
    return value as Members;
  };
  const hex = (value: unknown, name: string, bytes?: number): string => {
    const digits = typeof value === "string" ? value.replace(/^0x/, "").toLowerCase() : "";
    if (!/^(?:[0-9a-f]{2})+$/.test(digits) || (bytes !== undefined && digits.length !== 2 * bytes))
      throw refuse(`${name} is not ${bytes === undefined ? "hex" : `${bytes} bytes in hex`}`);
    return digits;
  };
  const count = (value: unknown, name: string, most: number): number => {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1 || value > most)
      throw refuse(`${name} is not a number from 1 to ${most}`);
    return value;
  };
  const parsed = members(jsonOf(text, refuse), "the file");
  if (parsed.version !== 3) throw refuse("its version is not 3");
  const crypto = members(parsed.crypto ?? parsed.Crypto, "crypto");
  if (crypto.cipher !== "aes-128-ctr") throw refuse("its cipher is not aes-128-ctr");
  const params = members(crypto.kdfparams, "kdfparams");
  if (params.dklen !== DERIVED_BYTES) throw refuse(`dklen is not ${DERIVED_BYTES}`);
  const salt = hex(params.salt, "salt");
  const checked = () => {
    if (crypto.kdf === "scrypt") {
      const n = count(params.n, "n", MAX_SCRYPT_WORK);
      const r = count(params.r, "r", MAX_SCRYPT_WORK);
      const p = count(params.p, "p", MAX_SCRYPT_WORK);
      if (n < 2 || !Number.isInteger(Math.log2(n))) throw refuse("n is no power of two");
      if (128 * n * r > MAX_SCRYPT_BYTES || n * r * p > MAX_SCRYPT_WORK) throw refuse("its scrypt asks for too much");
      return { kdf: "scrypt" as const, kdfparams: { dklen: DERIVED_BYTES, n, p, r, salt } };
    }
    if (crypto.kdf !== "pbkdf2") throw refuse("its kdf is neither scrypt nor pbkdf2");
    if (params.prf !== "hmac-sha256") throw refuse("its prf is not hmac-sha256");
    const c = count(params.c, "c", MAX_PBKDF2_ROUNDS);
    return { kdf: "pbkdf2" as const, kdfparams: { c, dklen: DERIVED_BYTES, prf: "hmac-sha256" as const, salt } };
  };
  return {
    keystore: {
      version: 3,
      id: "",
      crypto: {
        cipher: "aes-128-ctr",
        cipherparams: { iv: hex(members(crypto.cipherparams, "cipherparams").iv, "iv", 16) },
        ciphertext: hex(crypto.ciphertext, "ciphertext", 32),
        mac: hex(crypto.mac, "mac", 32),
        ...checked(),
      } as Keystore.Keystore["crypto"],
    },
    // Wallets that keep their addresses to themselves leave it out, or empty.
    address: parsed.address ? hex(parsed.address, "address", 20) : undefined,
  };
}

function jsonOf(text: string, refuse: (what: string) => Error): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Its message repeats what it met, and that may be a key in the wrong file.
    if (error instanceof SyntaxError) throw refuse("it is not JSON");
    throw error;
  }
}
