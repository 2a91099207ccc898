import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { TallyrootError } from "../core/errors.ts";

/** One request to a route of the table, and its answer as far as it is known. */
export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** Without the query, as it was sent. */
  readonly path: string;
  /** Headers of whatever is answered, by their usual spelling. */
  readonly headers: Record<string, string>;
};

const REQUEST_ID = /^[A-Za-z0-9_.:-]{1,128}$/;

/** The caller's own id of a request where it sent one that belongs in a log; otherwise a fresh one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const sent = headers["x-request-id"];
  // A header that is sent twice is one text with a comma, which no id has.
  return typeof sent === "string" && REQUEST_ID.test(sent) ? sent : randomUUID();
}

/** The refusal of a request of HTTP/1.1 that does not name its host, or names several (RFC 9112, section 3.2); undefined for every other. */
export function hostRefusal({ rawHeaders, httpVersionMinor }: IncomingMessage): TallyrootError | undefined {
  if (httpVersionMinor === 0) return undefined;
  const hosts = rawHeaders.filter(
    (name, i) => i % 2 === 0 && name.length === 4 && name.toLowerCase() === "host",
  ).length;
  if (hosts === 1) return undefined;
  return new TallyrootError("VALIDATION_ERROR", "Host: a request of HTTP/1.1 has to name its host, once");
}

/** The token of `Authorization: Bearer` (RFC 6750). */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return headers.authorization === undefined ? undefined : /^Bearer +(\S+)$/i.exec(headers.authorization)?.[1];
}

/** Whether the caller named a media type in Accept. */
export function accepts({ headers }: IncomingMessage, mediaType: string): boolean {
  return headers.accept?.includes(mediaType) ?? false;
}

const TARGET = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]*)?([^?#]*)(?:\?([^#]*))?/i;

/** Path and query of a request's target, which proxies may write with a scheme and a host before it (RFC 9112, section 3.2). */
export function targetOf(url: string): { path: string; query: string } {
  if (url.startsWith("/") && !url.includes("#")) {
    const mark = url.indexOf("?");
    return mark === -1 ? { path: url, query: "" } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
  }
  const [, path = "", query = ""] = TARGET.exec(url) ?? [];
  return { path, query };
}

/**
 * The address that a request came from. Each proxy in front of this server adds the address that it saw to X-Forwarded-For; what stands
 * before those of the trusted ones is anybody's word.
 *
 * @param trustedProxies how many there are.
 */
export function addressOf({ socket, headers }: IncomingMessage, trustedProxies: number): string | undefined {
  const forwarded = trustedProxies === 0 ? "" : String(headers["x-forwarded-for"] ?? "");
  const named = forwarded
    .split(",")
    .map((address) => address.trim())
    .filter((address) => address !== "");
  return [socket.remoteAddress, ...named.reverse()][Math.min(trustedProxies, named.length)];
}
