import { existsSync } from "node:fs";
import { join } from "node:path";
import { startEmbeddedChain } from "../../chain/embedded/start.ts";
import { readPublisherKey } from "../../chain/keys/publisher-key.ts";
import { forgetSecrets, readKeySource } from "../../config.ts";
import type { Hex } from "../../core/bytes.ts";

/** Starting the chain tells nothing that a command would pass on; what goes wrong is thrown. */
const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** What is asked about the anchors of a record: endpoints that are named, else the embedded chain of a data directory. */
export type ChainWishes = { dir: string; named: readonly string[] };

function startsChain({ dir, named }: ChainWishes): boolean {
  return named.length === 0 && existsSync(join(dir, "chain.journal"));
}

/**
 * Endpoints of the chain that a data directory's anchors are on: those that are named; else its embedded chain, which runs until `work` is
 * done; else none.
 *
 * @param publisherKey undefined where it is not at hand, without which an embedded chain does not start.
 * @throws ChainStartError when the embedded chain is there and cannot be started.
 */
export async function withEndpoints<T>(
  wishes: ChainWishes,
  publisherKey: Hex | undefined,
  work: (endpoints: readonly string[]) => Promise<T>,
): Promise<T> {
  if (publisherKey === undefined || !startsChain(wishes)) return work(wishes.named);
  const { dir } = wishes;
  const chain = await startEmbeddedChain({ dir, port: 0, host: "127.0.0.1", publisherKey, log: QUIET });
  try {
    return await work([chain.rpcUrl]);
  } finally {
    await chain.stop();
  }
}

/**
 * The publisher's key, for the embedded chain that is to be started: from where a server's settings say that it is, else the data
 * directory's own. Undefined where no chain is to be started, or there is no key.
 *
 * @throws SettingError, PublisherKeyError
 */
export async function publisherKeyFor(
  wishes: ChainWishes,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Hex | undefined> {
  if (!startsChain(wishes)) return undefined;
  const file = join(wishes.dir, "publisher-key");
  const own = existsSync(file) ? ({ kind: "file", file } as const) : undefined;
  const source = readKeySource({ ...environment }) ?? own;
  return source && readPublisherKey(source, forgetSecrets({ ...environment }));
}
