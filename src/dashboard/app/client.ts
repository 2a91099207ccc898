import { Tallyroot } from "../../sdk/tallyroot.ts";

/** Milliseconds that a person waits for one answer. */
const TIMEOUT_MS = 15_000;

/** The client of the server that this page came from. The page itself tries again and says so, so the client does it once only. */
export function openClient(apiKey?: string): Tallyroot {
  return new Tallyroot({ baseUrl: location.origin, apiKey, timeoutMs: TIMEOUT_MS, maxRetries: 1, totalMs: TIMEOUT_MS });
}
