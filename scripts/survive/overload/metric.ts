import type { Server } from "../server.ts";

/** What a server's `/metrics` says of itself, under a name without its prefix. */
export async function metricOf({ url }: Pick<Server, "url">, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const [, value] = new RegExp(`^tallyroot_${name} (\\d+)$`, "m").exec(text) ?? [];
  if (value === undefined) throw new Error(`/metrics does not say ${name}`);
  return Number(value);
}
