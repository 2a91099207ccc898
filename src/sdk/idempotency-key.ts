export type RandomSource = Pick<Crypto, "getRandomValues">;

/** Idempotency keys that nobody else makes: 128 random bits. */
export function newKeyFrom(random: RandomSource): string {
  const bytes = random.getRandomValues(new Uint8Array(16));
  return `sdk-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** @throws TypeError where the runtime has no Web Crypto. */
export function randomSource<T extends RandomSource>(given: T | undefined): T | Crypto {
  const random = given ?? globalThis.crypto;
  if (typeof random?.getRandomValues === "function") return random;
  throw new TypeError("this runtime has no Web Crypto: on Node 18 pass { crypto: webcrypto } of node:crypto");
}
