import type { AnchorLogWatch } from "../chain/anchor-log.ts";
import { priceOf } from "../chain/fees.ts";
import { ChainUnavailableError } from "../core/errors.ts";
import type { AnchorStore } from "../ledger/ports/anchoring.ts";
import type { ChainHealth } from "./chain-health.ts";
import type { JobRecord } from "./job-record.ts";

/** Milliseconds between two looks at what is known already, and between two times that the chain is asked. */
const LOOK_MS = 1_000;
const ASK_MS = 15_000;
/** Gas of an append where none was estimated yet: what it takes on Ethereum. */
const USUAL_GAS = 53_000n;

/** Watches the chain and the publisher's account beside the rounds of anchoring, and tells what has changed. */
export function startWatchingChain(
  { publisher, lastGas, dispute }: AnchorLogWatch,
  store: Pick<AnchorStore, "firstOpen" | "transactions">,
  { troubleOf, tell }: Pick<JobRecord, "troubleOf"> & { tell: (health: ChainHealth) => void },
): { stop(): void } {
  let balance: bigint | null = null;
  let fee: bigint | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  let told = "";

  async function ask(): Promise<void> {
    askedAt = Date.now();
    await publisher.endpoints.look();
    try {
      [balance, fee] = [await publisher.balance(), priceOf(await publisher.askedFee())];
    } catch (error) {
      // Why is in the reports of the endpoints; what was known before is no longer said.
      if (!(error instanceof ChainUnavailableError)) throw error;
      [balance, fee] = [null, null];
    }
  }

  async function oldestSent(): Promise<number | null> {
    try {
      const open = await store.firstOpen();
      if (!open || stopped) return null;
      return (await store.transactions(open.index))[0]?.createdAt ?? null;
    } catch (error) {
      // The rounds of anchoring tell of that.
      if (troubleOf(error) === undefined) throw error;
      return null;
    }
  }

  async function look(): Promise<void> {
    if (Date.now() - askedAt >= ASK_MS) await ask();
    if (stopped) return;
    const sentAt = await oldestSent();
    if (stopped) return;
    const health: ChainHealth = {
      endpoints: publisher.endpoints.reports(),
      dispute: dispute() ?? null,
      balance,
      fee,
      ceiling: publisher.maxFee ?? null,
      gas: lastGas() ?? USUAL_GAS,
      sentAt,
    };
    const text = JSON.stringify(health, (_, value) => (typeof value === "bigint" ? String(value) : value));
    if (text === told) return;
    told = text;
    tell(health);
  }

  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const goOn = async () => {
    await look();
    if (!stopped) timer = setTimeout(() => void goOn(), LOOK_MS);
  };
  void goOn();
  return {
    // What it is waiting for just now it then forgets: it must not touch the store any more.
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
