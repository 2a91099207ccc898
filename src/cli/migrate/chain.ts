import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startEmbeddedChain } from "../../chain/embedded/start.ts";
import type { Hex } from "../../core/bytes.ts";

/** Starting the chain tells nothing that a command would pass on; what goes wrong is thrown. */
const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Endpoints of the chain that a data directory's anchors are on: those that are named; else its embedded chain, which runs until `work` is
 * done; else none.
 *
 * @param publisherKey undefined where it is not at hand, without which an embedded chain does not start.
 * @throws ChainStartError when the embedded chain is there and cannot be started.
 */
export async function withEndpoints<T>(
  { dir, named, publisherKey }: { dir: string; named: readonly string[]; publisherKey: Hex | undefined },
  work: (endpoints: readonly string[]) => Promise<T>,
): Promise<T> {
  if (named.length > 0 || publisherKey === undefined || !existsSync(join(dir, "chain.journal"))) return work(named);
  const chain = await startEmbeddedChain({ dir, port: 0, host: "127.0.0.1", publisherKey, log: QUIET });
  try {
    return await work([chain.rpcUrl]);
  } finally {
    await chain.stop();
  }
}

/** The publisher's key of a data directory, or of the settings; undefined where neither has it. */
export function publisherKeyOf(
  dir: string,
  environment: Readonly<Record<string, string | undefined>>,
): Hex | undefined {
  const file = join(dir, "publisher-key");
  const text = environment.TALLYROOT_PUBLISHER_KEY || (existsSync(file) ? readFileSync(file, "utf8").trim() : "");
  return /^0x[0-9a-fA-F]{64}$/.test(text) ? (text.toLowerCase() as Hex) : undefined;
}
