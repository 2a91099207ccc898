import { ChainUnavailableError, TallyrootError } from "../core/errors.ts";
import type { Finality } from "../witness/finality.ts";
import { openEndpointSet } from "./endpoint-set.ts";

/**
 * Makes sure at the start that the endpoints are of one chain, and that it can say what final means. Those that do not answer now may
 * come later: whoever is of another chain then is never believed.
 *
 * @throws TallyrootError naming the endpoints of another chain than the first, or the tag that is not known; ChainUnavailableError when
 * nobody answers.
 */
export async function expectNetwork(rpcUrls: readonly string[], finality: Finality): Promise<void> {
  const endpoints = openEndpointSet(rpcUrls);
  const { said, silent } = await endpoints.each(({ chainId }) => chainId());
  const [first] = said;
  if (!first) throw new ChainUnavailableError(silent.join("; "));
  const others = said.filter(({ value }) => value !== first.value);
  if (others.length > 0) {
    const lines = [first, ...others].map(({ by, value }) => `${by} is of chain ${value}`);
    throw new TallyrootError("SERVICE_UNAVAILABLE", `TALLYROOT_RPC_URL names two chains: ${lines.join(", ")}`);
  }
  if (typeof finality === "number") return;
  try {
    await endpoints.any(({ heightAt }) => heightAt(finality));
  } catch (error) {
    if (!(error instanceof ChainUnavailableError)) throw error;
    throw new TallyrootError(
      "SERVICE_UNAVAILABLE",
      `${error.message}. Set TALLYROOT_CONFIRMATIONS to a number of blocks where the network has no such tag`,
      {},
      { cause: error },
    );
  }
}
