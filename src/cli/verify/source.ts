import { createReadStream } from "node:fs";
import { fromHex } from "../../core/bytes.ts";
import { MAX_FILE_BYTES } from "../../core/strict-json.ts";
import { BodyTooLongError, bodyWithin } from "../../witness/bounded-body.ts";
import { printable } from "./report.ts";

/** Milliseconds for fetching a file, redirects included. */
const FETCH_MS = 30_000;
/** Redirects that are followed. */
const MAX_REDIRECTS = 5;
/** A page or API route that is about a fingerprint, below whatever path the server is mounted at. */
const ABOUT = /^(.*?)\/(?:(?:api\/v1\/)?verify|api\/v1\/receipt)\/(0x[0-9a-f]{64})\/?$/;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** The file cannot be had; the message says why. */
export class SourceError extends Error {
  override readonly name = "SourceError";
}

export type Source = {
  bytes: Uint8Array;
  /** What the URL asked for: an answer about something else is then refused. */
  fingerprint?: Uint8Array;
};

/**
 * The bytes of what is to be verified: a file, `-` for the standard input, or an http(s) URL.
 *
 * Of a file and the standard input at most one byte more than the limit is read: the verifier then names it too long.
 *
 * @throws SourceError
 */
export async function readSource(name: string): Promise<Source> {
  return /^https?:\/\//i.test(name) ? fetchSource(name) : { bytes: await readInput(name) };
}

/** The first bytes of a file or of the standard input, up to one more than a file of evidence may have. @throws SourceError */
export async function readInput(name: string, limit = MAX_FILE_BYTES): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of (name === "-" ? process.stdin : createReadStream(name)) as AsyncIterable<Uint8Array>) {
      parts.push(part);
      size += part.length;
      if (size > limit) break;
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new SourceError(`${name} cannot be read: ${error.message}`, { cause: error });
  }
  return Buffer.concat(parts).subarray(0, limit + 1);
}

/** The URL of the file that a URL is about, and the fingerprint that is in it. */
export function evidenceUrl(text: string): { url: URL; fingerprint?: Uint8Array } {
  if (!URL.canParse(text)) throw new SourceError(`${text} is not a URL`);
  const url = new URL(text);
  const [, mount, fingerprint] = ABOUT.exec(url.pathname) ?? [];
  if (fingerprint === undefined) return { url };
  const receipt = new URL(`${mount}/api/v1/receipt/${fingerprint}`, url);
  const deltas = url.searchParams.get("deltas");
  if (deltas !== null) receipt.searchParams.set("deltas", deltas);
  return { url: receipt, fingerprint: fromHex(fingerprint, 32) };
}

async function fetchSource(text: string): Promise<Source> {
  const { url, ...expected } = evidenceUrl(text);
  return { bytes: await fetchBytes(url), ...expected };
}

/** The body behind a URL. Redirects are followed within its scheme: what was asked for safely is not taken unsafely. @throws SourceError */
export async function fetchBytes(start: URL): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(FETCH_MS);
  let url = start;
  try {
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const response = await fetch(url, { redirect: "manual", signal });
      const location = response.headers.get("Location");
      if (!REDIRECTS.has(response.status) || location === null) return await bodyOf(response, url);
      await response.body?.cancel();
      if (!URL.canParse(location, url)) throw new SourceError(`${url.href} redirects to something that is no URL`);
      const next = new URL(location, url);
      if (next.protocol !== url.protocol)
        throw new SourceError(`${url.href} redirects to another scheme: ${next.protocol}//${next.host}`);
      url = next;
    }
  } catch (error) {
    if (error instanceof BodyTooLongError) throw new SourceError(`${url.href} answers with ${error.message}`);
    if (error instanceof SourceError || !(error instanceof Error)) throw error;
    const late = error.name === "TimeoutError" ? `not within ${FETCH_MS / 1000} s` : undefined;
    const cause = error.cause instanceof Error ? error.cause : error;
    throw new SourceError(
      `${url.href} cannot be fetched: ${late ?? ("code" in cause ? String(cause.code) : cause.message)}`,
      { cause: error },
    );
  }
  throw new SourceError(`${start.href} redirects more than ${MAX_REDIRECTS} times`);
}

async function bodyOf(response: Response, url: URL): Promise<Uint8Array> {
  const bytes = await bodyWithin(response, MAX_FILE_BYTES);
  if (response.ok) return bytes;
  throw new SourceError(`${url.href} answers with status ${response.status}${wordsOf(bytes)}`);
}

/** What the API says in an error, where that is what answers. */
function wordsOf(bytes: Uint8Array): string {
  const message = /"message":("(?:[^"\\]|\\.){1,300}")/.exec(
    Buffer.from(bytes.subarray(0, 4096)).toString("utf8"),
  )?.[1];
  return message === undefined ? "" : `: ${printable(message)}`;
}
