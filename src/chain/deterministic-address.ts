import { concatBytes, fromHex, type Hex, toHex, utf8 } from "../core/bytes.ts";
import { keccak } from "../core/keccak.ts";
import { compiledCreationCode } from "./compiled-code.ts";

/**
 * Where the contract is on every EVM network: an address that follows from its code.
 *
 * A contract that the deterministic deployment proxy makes by CREATE2 (EIP-1014) has an address of proxy, salt and creation code alone.
 * Whoever deploys it cannot choose another one, and nobody can put other code there: a verifier needs nobody's word for the address.
 */

/** The deterministic deployment proxy (github.com/Arachnid/deterministic-deployment-proxy), at this address wherever it is. */
export const DEPLOYER: Hex = "0x4e59b44847b379578588920cA78FbF26c0B4956C";

/** The salt of the deployment: keccak-256 of `tallyroot.anchorlog.v1`. Another version of the contract has other code, hence another address. */
export const DEPLOYMENT_SALT: Hex = toHex(keccak(utf8("tallyroot.anchorlog.v1")));

const CREATE2_PREFIX = Uint8Array.of(0xff);
/** The address is the rest of a 32-byte hash after its first 12 bytes. */
const ADDRESS_OFFSET = 12;

/** The address of the contract as it is compiled here, 20 bytes. @throws Error ENOENT where it has not been compiled. */
export function deterministicAddress(): Uint8Array {
  const terms = [fromHex(DEPLOYER.toLowerCase(), 20), fromHex(DEPLOYMENT_SALT, 32), keccak(creationCode())];
  return keccak(concatBytes(CREATE2_PREFIX, ...terms)).slice(ADDRESS_OFFSET);
}

/** What the proxy is called with: the salt, and the code that it is to run. */
export function deploymentCall(): Hex {
  return toHex(concatBytes(fromHex(DEPLOYMENT_SALT, 32), creationCode()));
}

const creationCode = (): Uint8Array => fromHex(compiledCreationCode());
