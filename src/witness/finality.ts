import type { Reader } from "./reader.ts";

/**
 * When a block is final enough: after a number of blocks, 1 being the block itself, or once the chain itself calls it `finalized` or
 * `safe` (the block tags of the execution API).
 */
export type Finality = number | "finalized" | "safe";

/**
 * The height up to which an endpoint calls blocks final; undefined while it has no such block.
 *
 * @param latest its latest block, where that was asked already.
 * @throws ChainUnavailableError
 */
export async function finalHeight(
  reader: Pick<Reader, "blockNumber" | "heightAt">,
  finality: Finality,
  latest?: bigint,
): Promise<bigint | undefined> {
  if (typeof finality !== "number") return reader.heightAt(finality);
  return (latest ?? (await reader.blockNumber())) - BigInt(finality) + 1n;
}
