import type { IncomingMessage } from "node:http";
import { TallyrootError } from "../core/errors.ts";
import type { Answer, Service } from "./route.ts";

/**
 * How old an answer may be, by what a request says (RFC 9111, section 5.2.1.2): `Cache-Control: max-stale=5`.
 *
 * @returns milliseconds; Infinity where any age will do; undefined where only what is so now will do.
 */
export function maxStaleOf({ headers }: Pick<IncomingMessage, "headers">): number | undefined {
  const sent = headers["cache-control"];
  if (sent === undefined) return undefined;
  const directives = new Map(
    sent.split(",").map((directive): [string, string | undefined] => {
      const [name = "", value] = directive.trim().split("=");
      return [name.toLowerCase(), value];
    }),
  );
  if (!directives.has("max-stale") || directives.has("no-cache") || directives.has("no-store")) return undefined;
  const value = directives.get("max-stale");
  if (value === undefined) return Number.POSITIVE_INFINITY;
  return /^[0-9]{1,9}$/.test(value) ? Number(value) * 1_000 : undefined;
}

/**
 * Answers from a replica of the record, where the caller may have an answer of some age and a replica is known to be no older. Everything
 * else comes from the record itself, whatever a replica refuses or has not heard of too; who asks, and the keys of contents, always do.
 */
export async function answerAsOf(
  service: Service,
  milliseconds: number,
  handle: (service: Service) => Promise<Answer>,
): Promise<Answer> {
  const found = await service.replicas?.asOf(milliseconds);
  if (!found) return handle(service);
  try {
    const given = await handle({ ...service, store: { ...service.store, ...found.reads } });
    return { ...given, headers: { ...given.headers, Age: String(Math.ceil(found.age / 1_000)) } };
  } catch (error) {
    if (!(error instanceof TallyrootError)) throw error;
    return handle(service);
  }
}
