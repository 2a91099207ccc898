/**
 * A link that signs in once: it carries an API key, which the page that it opens exchanges at once for one of its own, by a rotation
 * without overlap. The key is in the fragment, which browsers send to nobody, and the page takes it out of the address.
 */

/** What the key of such a link may do and is called; it has an end of hours. */
export const SIGN_IN_KEY = { scope: "admin", label: "sign-in link" } as const;

/** @param url where the pages are, without a trailing slash. */
export function signInLink(url: string, apiKey: string): string {
  return `${url}/#sign-in=${apiKey}`;
}
