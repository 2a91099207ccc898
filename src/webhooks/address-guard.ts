import type { LookupAddress, LookupOptions } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";

/**
 * Keeps deliveries out of the operator's own network (server-side request forgery): whoever may set an endpoint must not reach what only
 * this machine can, such as a database or a cloud's metadata.
 *
 * The address is checked where the connection takes it from, after the name was resolved. A name that is resolved to something else a
 * moment later (DNS rebinding) has no moment to do so in.
 */

/** Resolves a name to its addresses: `dns.lookup`. */
export type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** An address that deliveries do not go to. */
export class AddressRefusedError extends Error {
  override readonly name = "AddressRefusedError";
  readonly code = "ADDRESS_REFUSED";
}

/** The global unicast addresses of IPv6 (RFC 4291, section 2.4): all that is assigned lies within. */
const GLOBAL_IPV6 = ipaddr.parseCIDR("2000::/3");

/** Whether an address is one of the public internet, and of no special range (IANA's registries of special-purpose addresses). */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  // An IPv4 address in IPv6 clothes (::ffff:0:0/96) is judged as what it is.
  const address = ipaddr.process(text);
  return address.range() === "unicast" && (address.kind() === "ipv4" || address.match(GLOBAL_IPV6));
}

/**
 * Why deliveries would not go to a URL, as far as can be told before its name is resolved; undefined where nothing speaks against it.
 *
 * @param allowPrivate whether the operator allows plain http and addresses of its own network.
 */
export function whyRefused(url: URL, allowPrivate: boolean): string | undefined {
  if (url.username !== "" || url.password !== "")
    return "must not hold a user name or password: verify the signature instead";
  if (allowPrivate) return undefined;
  if (url.protocol !== "https:") return "must be https";
  const host = hostOf(url);
  if (isIP(host) !== 0 && !isPublicAddress(host)) return "must not be an address of a private network";
  if (/(^|\.)localhost\.?$/.test(host)) return "must not be an address of a private network";
  return undefined;
}

export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

/** The `lookup` of a connection that reaches public addresses only. A name with one private address among several is refused. */
export function publicLookup(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, "");
      const [first] = addresses;
      if (!first || !addresses.every(({ address }) => isPublicAddress(address))) {
        return callback(new AddressRefusedError("this name leads into a private network"), "");
      }
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
