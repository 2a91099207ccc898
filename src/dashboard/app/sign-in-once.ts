import { openClient } from "./client.ts";

/** What keys are called that this page made for itself. */
export const SESSION_LABEL = "dashboard";
/** Milliseconds for which a sign-in by link holds: thirty days. */
const SESSION_MS = 30 * 24 * 3600 * 1000;

/**
 * Exchanges the key of a sign-in link for one of this browser's own. The link's key ends with it, so a link that was read along
 * afterwards is worth nothing.
 *
 * @throws TallyrootApiError INVALID_API_KEY when the link was used before, or its hour is over.
 */
export async function signInOnce(linkKey: string): Promise<string> {
  const pac = openClient(linkKey);
  const { key } = await pac.keys.current();
  const { apiKey } = await pac.keys.rotate(key.publicId, {
    overlapSeconds: 0,
    expiresAt: new Date(Date.now() + SESSION_MS),
    label: SESSION_LABEL,
  });
  if (apiKey === null) throw new Error("the server answered an exchange that it had answered before");
  return apiKey;
}
