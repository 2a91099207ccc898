import { setTimeout as sleep } from "node:timers/promises";
import { checksumAddress } from "../core/address.ts";
import { formatAmount } from "../core/amount.ts";
import { type Hex, toHex } from "../core/bytes.ts";
import { ChainUnavailableError } from "../core/errors.ts";
import { DeploymentError } from "./deployment-error.ts";
import { openPublisher, type PublisherSettings } from "./publisher.ts";

/** What is added to the gas that a transaction was estimated to use: it may meet a state a little different. */
const GAS_ROOM = { over: 11n, under: 10n };

/** Milliseconds between two looks for a transaction, and after which it has taken too long. */
const POLLING_MS = 250;
const MINING_MS = 180_000;
/** Looks after which a number that is spent was spent by another transaction: of several nodes behind one URL, some are behind. */
const MOST_SPENT_LOOKS = 8;

/** Somebody else uses the same key: another transaction has the place of this one. */
export class TransactionReplacedError extends ChainUnavailableError {
  constructor(hash: Hex) {
    super(`another transaction of the same account has taken the place of ${hash}`);
  }
}

export type Payment = { to?: Hex; data: Hex; value?: bigint };

/**
 * The account that pays for what has to be on a chain before anything can be anchored there.
 *
 * @throws ChainUnavailableError from every member that asks the chain
 */
export async function openPayer(
  rpcUrl: string | readonly string[],
  key: Hex,
  { maxFee }: Pick<PublisherSettings, "maxFee"> = {},
) {
  const publisher = openPublisher(rpcUrl, key, { maxFee });
  const { any } = publisher.endpoints;
  const balance = (of: Hex) => any((questions) => questions.balance(of));
  const transactions = async (of: Hex) => BigInt(await any((questions) => questions.nonce(of, "latest")));
  const chainId = Number(await publisher.reader.chainId());
  const { reader, fees, send, waitFor } = publisher;
  const address = checksumAddress(publisher.address);
  return {
    chainId,
    reader,
    fees,
    send,
    waitFor,
    balance,
    transactions,
    /** With its checksum. */
    address,

    /**
     * Sends a transaction and waits until it is in a block.
     *
     * @param what it is, for whoever has to find the ether.
     * @throws DeploymentError when the account cannot pay for it, before anything is sent; TransactionReplacedError;
     * ChainUnavailableError
     */
    async pay(payment: Payment, what: string) {
      const value = payment.value ?? 0n;
      const asked = await fees();
      // Nodes estimate nothing for an account that cannot even pay what it sends along. There are networks on which gas costs nothing.
      await expectFunds(value > 0n || asked.maxFeePerGas === 0n ? value : 1n, what);
      const estimate = await publisher.gasOf(payment);
      const gas = (estimate * GAS_ROOM.over) / GAS_ROOM.under;
      await expectFunds(value + gas * asked.maxFeePerGas, what);
      const nonce = await publisher.nonce("pending");
      const { raw, hash } = await publisher.sign({ ...payment, chainId, nonce, gas, fees: asked });
      await send(raw);
      return { hash, ...(await taken(hash, nonce)) };
    },
  };

  async function expectFunds(needed: bigint, what: string): Promise<void> {
    const has = await balance(address);
    if (has >= needed) return;
    // Ether has 18 decimals, like every amount here.
    const costs = needed === 1n ? "costs some" : `may take ${formatAmount(needed)}`;
    throw new DeploymentError(
      `${address} has ${formatAmount(has)} ether on chain ${chainId}, and ${what} ${costs}: send it more`,
    );
  }

  /** Waits until a block has a transaction, and it has done what it should. */
  async function taken(hash: Uint8Array, nonce: number) {
    const end = Date.now() + MINING_MS;
    let spentLooks = 0;
    for (;;) {
      // Asked before the receipt: whoever finds none afterwards knows that the place is another's.
      if ((await transactions(address)) > BigInt(nonce)) spentLooks += 1;
      const receipt = await publisher.receipt(hash);
      if (receipt?.succeeded) return receipt;
      if (receipt) throw new ChainUnavailableError(`transaction ${toHex(hash)} reverted`);
      if (spentLooks === MOST_SPENT_LOOKS) throw new TransactionReplacedError(toHex(hash));
      if (Date.now() > end)
        throw new ChainUnavailableError(`transaction ${toHex(hash)} was sent, and is in no block yet`);
      await sleep(POLLING_MS);
    }
  }
}

export type Payer = Awaited<ReturnType<typeof openPayer>>;
