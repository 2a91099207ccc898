import { createHash, randomBytes } from "node:crypto";
import type { Scope, TenantStore } from "./ports.ts";

const FORM = /^pk_(?:test|live)_([A-Za-z0-9]{16})\.([A-Za-z0-9_-]{43})$/;

/** Public id and secret of an API key `pk_{test|live}_{publicId}.{secret}`; undefined for any other text. */
export function parseApiKey(text: string): { publicId: string; secret: string } | undefined {
  const match = FORM.exec(text);
  return match ? { publicId: match[1]!, secret: match[2]! } : undefined;
}

export type NewApiKey = {
  tenantId: number;
  scope: Scope;
  label: string;
  mode: "test" | "live";
  /** Unix milliseconds. */
  now: number;
  ledgerAddress?: Uint8Array | null;
  expiresAt?: number | null;
};

/**
 * Makes an API key. Its secret, 32 random bytes, is in the answer and nowhere else: the store has its SHA-256.
 */
export async function makeApiKey(
  store: TenantStore,
  { tenantId, scope, label, mode, now, ledgerAddress = null, expiresAt = null }: NewApiKey,
): Promise<string> {
  const publicId = randomBytes(8).toString("hex");
  const secret = randomBytes(32).toString("base64url");
  await store.addApiKey({ publicId, tenantId, secretHash: createHash("sha256").update(secret).digest(), scope, ledgerAddress, label, createdAt: now, expiresAt, revokedAt: null, lastUsedAt: null });
  return `pk_${mode}_${publicId}.${secret}`;
}
