import { StorageRefusedError } from "../refused.ts";

/** Servers that one URL may name. */
const MOST_HOSTS = 8;
/** Scheme, who connects, hosts, and the rest: a list of hosts with ports is no URL as RFC 3986 has them, and libpq's all the same. */
const FORM = /^(postgres(?:ql)?:\/\/)((?:[^/?#]*@)?)([^/?#]*)(.*)$/s;
/** What a URL may ask of the server that is connected to. A record is written, so a server that only reads is none. */
const WRITING: readonly string[] = ["read-write", "primary"];

/** Where a database is. */
export type Hosts = {
  /** A URL for each server, in the order in which they are tried. */
  urls: readonly string[];
  /** Whether only one will do that writes. */
  primary: boolean;
};

/**
 * The servers that a database's URL names, as libpq reads it: `postgresql://user@a:5432,b:5432/name`, or with `host=a,b` and `port=1,2` after
 * a question mark. Of several, and of one for which it says `target_session_attrs=read-write`, only one that writes will do.
 *
 * Syntax: PostgreSQL's manual, "Connection Strings", "Specifying Multiple Hosts".
 *
 * @throws StorageRefusedError for a URL that is none.
 */
export function hostsOf(url: string): Hosts {
  const urls = urlsOf(url);
  const wanted = new URL(urls[0]!).searchParams.get("target_session_attrs");
  if (urls.length > 1 && wanted !== null && !WRITING.includes(wanted))
    throw new StorageRefusedError(
      `the database's URL has target_session_attrs=${wanted}: leave it out, the server that writes is found without it`,
    );
  return { urls, primary: urls.length > 1 || WRITING.includes(wanted ?? "") };
}

/** A URL for each server that one names, whatever it says of which will do. @throws StorageRefusedError */
export function urlsOf(url: string): string[] {
  const [, scheme, user, hosts, rest] = FORM.exec(url) ?? [];
  if (hosts === undefined) throw notOne();
  const urls = hosts.includes(",")
    ? hosts.split(",").map((host) => expectUrl(host && `${scheme}${user}${host}${rest}`))
    : fromParameters(expectUrl(url));
  if (urls.length > MOST_HOSTS)
    throw new StorageRefusedError(`the database's URL names ${urls.length} servers: at most ${MOST_HOSTS}`);
  return urls;
}

/** A database without what its URL says of who connects, and how. */
export function placeOf(url: string): string {
  const [, scheme, , hosts, rest = ""] = FORM.exec(url) ?? [];
  const named = hosts || (URL.canParse(url) ? (new URL(url).searchParams.get("host") ?? "") : "");
  return `${scheme}${named}${rest.replace(/[?#].*$/s, "")}`;
}

/** @param url with its hosts, if there are several, after the question mark. */
function fromParameters(url: string): string[] {
  const place = new URL(url);
  const hosts = place.searchParams.get("host")?.split(",") ?? [];
  if (hosts.length < 2) return [url];
  const ports = place.searchParams.get("port")?.split(",") ?? [""];
  if (hosts.includes("") || (ports.length !== 1 && ports.length !== hosts.length)) throw notOne();
  return hosts.map((host, i) => {
    place.searchParams.set("host", host);
    place.searchParams.set("port", ports[i] ?? ports[0]!);
    return place.href;
  });
}

function expectUrl(url: string): string {
  if (!URL.canParse(url)) throw notOne();
  return url;
}

function notOne(): StorageRefusedError {
  return new StorageRefusedError(
    "the database's URL must be like postgresql://user:password@host:5432/database, with commas between hosts where it has several",
  );
}
