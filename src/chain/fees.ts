import { formatAmount } from "../core/amount.ts";
import { ChainWaitError } from "./waits.ts";

/** The base fee may rise by a fifth before a transaction is too cheap for its block: what wallets leave room for. */
const BASE_FEE_ROOM = { over: 12n, under: 10n };
/** A replacement pays an eighth more than what it replaces: nodes ask for at least a tenth (go-ethereum's txpool). */
const BUMP_DENOMINATOR = 8n;
/**
 * How many times what the network asks for a replacement may pay. A chain that takes nothing at all for an hour would otherwise be
 * offered a million times the price, and pay it out when it goes on.
 */
const MOST_OVER_ASKED = 4n;

/** What a network asks for, in wei per gas. Without a base fee it is from before EIP-1559, and `tip` is the whole price. */
export type AskedFee = { baseFee: bigint | undefined; tip: bigint };

/** In wei per gas, as EIP-1559 has them. `legacy`: the network takes one price only, and both are that price. */
export type Fees = { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint; legacy?: true };

/** What a transaction would pay per gas in the next block, in wei. */
export const priceOf = ({ baseFee = 0n, tip }: AskedFee): bigint => baseFee + tip;

/**
 * The fees to offer for what the network asks for.
 *
 * @param ceiling the most to pay, in wei per gas; undefined for no limit.
 * @throws ChainWaitError FEE_ABOVE_CEILING
 */
export function feesFor(asked: AskedFee, ceiling: bigint | undefined): Fees {
  const price = priceOf(asked);
  if (ceiling !== undefined && price > ceiling)
    throw new ChainWaitError(
      "FEE_ABOVE_CEILING",
      `the network asks ${gwei(price)} gwei per gas, and TALLYROOT_MAX_FEE_GWEI is ${gwei(ceiling)}: nothing is signed until the fee falls, or the setting is raised`,
    );
  return withinCeiling(offerFor(asked), ceiling);
}

function offerFor({ baseFee, tip }: AskedFee): Fees {
  if (baseFee === undefined) return { maxFeePerGas: tip, maxPriorityFeePerGas: tip, legacy: true };
  const maxFeePerGas = (baseFee * BASE_FEE_ROOM.over) / BASE_FEE_ROOM.under + tip;
  return { maxFeePerGas, maxPriorityFeePerGas: tip };
}

/** The room above the base fee is cut where the ceiling is lower: what is left covers the fee of now. */
function withinCeiling(fees: Fees, ceiling: bigint | undefined): Fees {
  if (ceiling === undefined || fees.maxFeePerGas <= ceiling) return fees;
  return { ...fees, maxFeePerGas: ceiling };
}

/**
 * The fees of a transaction that replaces another: each at least an eighth above, or nodes do not take it.
 *
 * @throws ChainWaitError FEE_ABOVE_CEILING, or TRANSACTION_STUCK where more money would not help.
 */
export function replacementFor(replaced: Fees, asked: AskedFee, ceiling: bigint | undefined): Fees {
  const offer = feesFor(asked, ceiling);
  const least = raised(replaced.maxFeePerGas);
  if (ceiling !== undefined && least > ceiling)
    throw new ChainWaitError(
      "FEE_ABOVE_CEILING",
      `the transaction on its way offers ${gwei(replaced.maxFeePerGas)} gwei per gas, and one that replaces it would have to offer ${gwei(least)}, which is above TALLYROOT_MAX_FEE_GWEI (${gwei(ceiling)}): it stays until it is taken`,
    );
  // Where transactions are free the first wei is not too much.
  const most = MOST_OVER_ASKED * (offerFor(asked).maxFeePerGas + 1n);
  if (least > most)
    throw new ChainWaitError(
      "TRANSACTION_STUCK",
      `the transaction on its way offers ${gwei(replaced.maxFeePerGas)} gwei per gas where the network asks ${gwei(priceOf(asked))}, and no block takes it: look whether the chain makes blocks, and whether its endpoints pass transactions on`,
    );
  const leastTip = raised(replaced.maxPriorityFeePerGas);
  return withinCeiling(
    {
      ...offer,
      maxFeePerGas: least > offer.maxFeePerGas ? least : offer.maxFeePerGas,
      maxPriorityFeePerGas: leastTip > offer.maxPriorityFeePerGas ? leastTip : offer.maxPriorityFeePerGas,
    },
    ceiling,
  );
}

/** At least one wei more: what is offered as nothing has to be replaced by something. */
function raised(replaced: bigint): bigint {
  return replaced + (replaced + BUMP_DENOMINATOR - 1n) / BUMP_DENOMINATOR + (replaced === 0n ? 1n : 0n);
}

/** A gwei is 10^9 wei, and an amount has 18 decimals: exact to the wei. */
const WEI = 10n ** 9n;
export const gwei = (wei: bigint): string => formatAmount(wei * WEI);
