import { createHash, randomBytes } from "node:crypto";
import { TallyrootError } from "../core/errors.ts";
import type { ApiKeyRecord, Scope, TenantStore } from "./ports/tenants.ts";

/** The tenant whose admin keys are the operator's: made at the first start. */
export const OPERATOR_TENANT = "default";

const FORM = /^pk_(?:test|live)_([A-Za-z0-9]{16})\.([A-Za-z0-9_-]{43})$/;

/** Public id and secret of an API key `pk_{test|live}_{publicId}.{secret}`; undefined for any other text. */
export function parseApiKey(text: string): { publicId: string; secret: string } | undefined {
  const match = FORM.exec(text);
  return match ? { publicId: match[1]!, secret: match[2]! } : undefined;
}

/** What begins a key: whether it belongs to a trial or to the real thing. */
export type KeyMode = "test" | "live";

export type NewApiKey = {
  scope: Scope;
  label: string | null;
  mode: KeyMode;
  /** Unix milliseconds. */
  now: number;
  ledgerAddress?: Uint8Array | null;
  expiresAt?: number | null;
};

/**
 * An API key that is not stored yet. Its secret, 32 random bytes, is in `text` and nowhere else: the record has its SHA-256.
 */
export function freshApiKey({ scope, label, mode, now, ledgerAddress = null, expiresAt = null }: NewApiKey): {
  text: string;
  record: Omit<ApiKeyRecord, "tenantId">;
} {
  const publicId = randomBytes(8).toString("hex");
  const secret = randomBytes(32).toString("base64url");
  const secretHash = createHash("sha256").update(secret).digest();
  return {
    text: `pk_${mode}_${publicId}.${secret}`,
    record: {
      publicId,
      secretHash,
      scope,
      ledgerAddress,
      label,
      createdAt: now,
      expiresAt,
      revokedAt: null,
      lastUsedAt: null,
    },
  };
}

/** What whoever has no key that works is told: not which of the reasons it is. */
export function uselessKey(): TallyrootError {
  return new TallyrootError("INVALID_API_KEY", "the API key is unknown, expired, revoked or mistyped");
}

/** Makes an API key and stores it; the answer is the only place that has its secret. */
export async function makeApiKey(
  store: Pick<TenantStore, "addApiKey">,
  { tenantId, ...key }: NewApiKey & { tenantId: number },
): Promise<string> {
  const { text, record } = freshApiKey(key);
  await store.addApiKey({ ...record, tenantId });
  return text;
}
