import { randomBytes } from "node:crypto";
import { openAnchorLog } from "#src/chain/anchor-log.ts";
import { type EstablishedPlace, establishPlace } from "#src/chain/establish.ts";
import { ChainWaitError } from "#src/chain/waits.ts";
import type { Finality } from "#src/witness/finality.ts";
import { PUBLISHER_KEY } from "#test/chain/embedded-fixture.ts";
import type { ForeignNetwork } from "#test/chain/foreign-network.ts";
import { freshFacts } from "#test/ledger/anchoring-ground.ts";
import type { Lie } from "#test/witness/lying-endpoint.ts";

/** A fresh log on a network. */
export const freshPlace = ({ rpcUrl }: ForeignNetwork): Promise<EstablishedPlace> =>
  establishPlace({
    rpcUrl,
    publisherKey: PUBLISHER_KEY,
    contract: undefined,
    facts: freshFacts(),
    freshSalt: () => randomBytes(32),
  });

/** The publisher's side of a log, over endpoints. */
export const logOver = (
  rpcUrl: string | readonly string[],
  place: EstablishedPlace,
  settings: { confirmations?: Finality; maxFee?: bigint } = {},
) => openAnchorLog({ rpcUrl, publisherKey: PUBLISHER_KEY, place, confirmations: 1, ...settings });

export const GWEI = 10n ** 9n;

/** Makes one block with a base fee; the one after it may ask for an eighth more or less. */
export async function baseFee({ client }: ForeignNetwork, wei: bigint): Promise<void> {
  await client.setNextBlockBaseFeePerGas({ baseFeePerGas: wei });
  await client.mine({ blocks: 1 });
}

/** An endpoint that is there, and answers nothing of use. */
export const AWAY: Lie = () => ({ status: 500, body: "" });

/** What something waits for. */
export async function waitOf(work: Promise<unknown>): Promise<ChainWaitError> {
  const outcome = await work.catch((error: unknown) => error);
  if (!(outcome instanceof ChainWaitError)) throw new Error(`it did not wait: ${String(outcome)}`);
  return outcome;
}
