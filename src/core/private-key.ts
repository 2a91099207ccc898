/** The order of secp256k1's group (SEC 2, section 2.4.1). */
const GROUP_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Whether a number is a private key of secp256k1: below the group's order, and not zero. */
export function isPrivateKey(value: bigint): boolean {
  return value > 0n && value < GROUP_ORDER;
}
