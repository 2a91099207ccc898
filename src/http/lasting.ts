import { hash } from "node:crypto";

/** Seconds for which an answer that never changes may be kept: a year, the most that caches look at. */
const KEEP_SECONDS = 31_536_000;

/**
 * The headers of an answer that is the same bytes for good, such as a receipt: a strong ETag (RFC 9110, section 8.8.3), which is
 * the SHA-256 of the bytes, and how long it may be kept. Whoever asks with `If-None-Match` is answered 304.
 *
 * @param reach `public`: any cache may keep it. `private`: only the caller's own, and apart for each key and media type.
 * @param bytes what is sent, or what determines every byte of it.
 */
export function lasting(reach: "public" | "private", bytes: string): Record<string, string> {
  return {
    ETag: `"${hash("sha256", bytes, "hex")}"`,
    "Cache-Control":
      reach === "public" ? `public, max-age=${KEEP_SECONDS}, immutable` : `private, max-age=${KEEP_SECONDS}`,
    ...(reach === "private" && { Vary: "Accept, Authorization, X-Api-Key" }),
  };
}

/** Whether the caller has these bytes already, by its `If-None-Match` (RFC 9110, section 13.1.2; the comparison is the weak one). */
export function isKnown(etag: string | undefined, ifNoneMatch: string | undefined): boolean {
  if (etag === undefined || ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  return ifNoneMatch.split(",").some((known) => known.trim().replace(/^W\//, "") === etag);
}
