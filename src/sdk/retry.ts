/** When a request is sent again, and after how long. */

/** Milliseconds that the first pause is at most; each further one may be twice as long. */
const FIRST_PAUSE_MS = 200;
/** Milliseconds that no pause is longer than, unless the server asks for it. */
const LONGEST_PAUSE_MS = 10_000;
/** A server's wish beyond this is not a number of seconds that anybody means: one day. */
const LONGEST_WISH_SECONDS = 86_400;

/** Answers after which the same request may succeed: too early, too many, or a server that cannot now (RFC 9110 §15, RFC 8470 §5.2). */
export function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/**
 * The pause before the next attempt: full jitter, so that many clients which failed at one moment do not come back at one moment.
 *
 * @param attempt attempts made so far, from 1.
 * @param share a random share from 0 to 1.
 * @param wished seconds that the server asked for; the pause is never shorter.
 * @returns milliseconds.
 */
export function pauseBefore(attempt: number, share: number, wished: number | null): number {
  const most = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
  return (wished ?? 0) * 1000 + share * most;
}

/**
 * The seconds that `Retry-After` asks for, which may be a number or a date (RFC 9110 §10.2.3); null for anything else.
 *
 * @param now Unix milliseconds.
 */
export function retryAfterOf(header: string | null, now: number): number | null {
  const text = header?.trim() ?? "";
  if (/^[0-9]{1,9}$/.test(text)) return Math.min(Number(text), LONGEST_WISH_SECONDS);
  // A date begins with its weekday; Date.parse alone would take much else.
  const time = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : Math.min(Math.max(0, Math.ceil((time - now) / 1000)), LONGEST_WISH_SECONDS);
}

/** Waits. @throws the signal's reason when it is aborted meanwhile. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
