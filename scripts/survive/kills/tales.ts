import type { Server } from "../server.ts";

/** What servers over one directory have told of their chain, from one start to the next. */
export type Tales = { readonly places: Set<string>; readonly anchors: Map<number, string> };

export const openTales = (): Tales => ({ places: new Set(), anchors: new Map() });

/** Anchors that are looked at at each start. */
const NEWEST = 1_000;

type Anchor = { index: number; status: string; confirmations: number };

/** Looks at chain, contract, log and confirmed anchors. @returns what contradicts what was told before. */
export async function compareTales({ url }: Pick<Server, "url">, tales: Tales): Promise<string[]> {
  const { chainId, contract, log } = await read<Record<string, string>>(url, "/chain");
  tales.places.add(JSON.stringify({ chainId, contract, log }));
  const failures = tales.places.size > 1 ? [`the place of the anchors changed: ${[...tales.places].join(", ")}`] : [];
  const { anchors } = await read<{ anchors: Anchor[] }>(url, `/anchors?limit=${NEWEST}`);
  for (const anchor of anchors) {
    if (anchor.status !== "CONFIRMED") continue;
    // How deep it is grows with the chain.
    const { confirmations: _, ...lasting } = anchor;
    const told = JSON.stringify(lasting);
    const before = tales.anchors.get(anchor.index);
    if (before !== undefined && before !== told)
      failures.push(`anchor ${anchor.index} was ${before}, and later ${told}`);
    tales.anchors.set(anchor.index, told);
  }
  const listed = new Set(anchors.map(({ index }) => index));
  const oldest = anchors.length < NEWEST ? 1 : Math.min(...listed);
  for (const index of tales.anchors.keys())
    if (index >= oldest && !listed.has(index)) failures.push(`anchor ${index} was told, and is gone`);
  return failures;
}

async function read<T>(url: string, path: string): Promise<T> {
  const response = await fetch(`${url}/api/v1${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { data: T }).data;
}
