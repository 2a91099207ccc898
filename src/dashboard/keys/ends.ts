import type { KeyView } from "../../sdk/operating-answers.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long a new key works; null for no end. */
export const LIFETIMES = [
  { name: "1 hour", ms: HOUR_MS },
  { name: "1 day", ms: DAY_MS },
  { name: "7 days", ms: 7 * DAY_MS },
  { name: "30 days", ms: 30 * DAY_MS },
  { name: "90 days", ms: 90 * DAY_MS },
  { name: "1 year", ms: 365 * DAY_MS },
  { name: "It does not expire", ms: null },
] as const;

/** How long an old key works beside the one that takes its place, in seconds. The server allows thirty days at most. */
export const OVERLAPS = [
  { name: "It ends now", seconds: 0 },
  { name: "1 hour", seconds: 3_600 },
  { name: "1 day", seconds: 86_400 },
  { name: "7 days", seconds: 7 * 86_400 },
  { name: "30 days", seconds: 30 * 86_400 },
] as const;

export type KeyState = "active" | "ending" | "expired" | "revoked";

/** A key that ends within this many milliseconds is worth a look. */
const SOON_MS = 7 * DAY_MS;

/** Whether a key works. @param now Unix milliseconds */
export function stateOf({ revokedAt, expiresAt }: Pick<KeyView, "revokedAt" | "expiresAt">, now: number): KeyState {
  if (revokedAt !== null) return "revoked";
  if (expiresAt === null) return "active";
  const left = Date.parse(expiresAt) - now;
  if (left <= 0) return "expired";
  return left <= SOON_MS ? "ending" : "active";
}
