/**
 * The key that a link brought: `#sign-in=…` is worth one visit and is exchanged, `#key=…` is somebody's own. A fragment is never sent to
 * a server; it is taken out of the address at once, so that it is in no history, bookmark or screenshot either.
 */
export function takeLinkKey(): { apiKey: string; once: boolean } | null {
  const given = new URLSearchParams(location.hash.slice(1));
  const once = given.get("sign-in");
  const apiKey = once ?? given.get("key");
  if (apiKey === null) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return { apiKey, once: once !== null };
}
