import type { Place } from "#src/core/arbitration/statement.ts";
import { fromHex, toHex } from "#src/core/bytes.ts";
import { type Published, publishedAs, type Stated } from "#test/core/arbitration/published-log.ts";
import { freshLog, type Ground, type Log, PUBLISHER } from "#test/ledger/anchoring-ground.ts";

/** Publishes statements, true or not, as the anchors of a fresh log of the real contract. */
export async function publishOnChain(
  ground: Ground,
  anchors: readonly (readonly Stated[])[],
): Promise<{ log: Log; place: Place; published: Published[] }> {
  const log = await freshLog(ground);
  const { chainId, contract, log: id } = log.place;
  const published: Published[] = [];
  for (const [i, stated] of anchors.entries()) {
    const anchor = publishedAs(BigInt(i + 1), stated);
    const args = [toHex(id), anchor.index, toHex(anchor.root), anchor.size] as const;
    const hash = await log.contract.write.append(args, { account: PUBLISHER, chain: null });
    const { blockHash, blockNumber } = await ground.client.waitForTransactionReceipt({ hash });
    const { timestamp } = await ground.client.getBlock({ blockHash });
    const inBlock = {
      transactionHash: fromHex(hash),
      blockNumber,
      blockHash: fromHex(blockHash),
      blockTime: timestamp,
    };
    published.push({ ...anchor, inBlock });
  }
  return { log, place: { chainId: BigInt(chainId), contract, log: id }, published };
}
