import { setTimeout as sleep } from "node:timers/promises";
import { deltaView } from "../../src/wire/delta.ts";
import { anchorsView } from "../../src/wire/evidence.ts";
import type { BankAccount } from "./bank.ts";
import type { Client } from "./client.ts";
import { DemoFailure } from "./failure.ts";
import { type RecordedRow, readCounts, readLedger, requireBanksOwn } from "./ledgers.ts";
import { eachOf } from "./parallel.ts";

/** Accounts worked on at a time, each on a connection of its own. */
export const LANES = 64;
/** Milliseconds between two looks at what is verified, and how long nothing may come of it. */
const POLL_MS = 200;
const STALLED_MS = 300_000;

const recordedDelta = deltaView.pick({ sequence: true, idempotent: true });

/** Looks at every ledger before anything is sent: a mistake found afterwards could not be taken back. */
export async function surveyLedgers(client: Client, accounts: readonly BankAccount[]): Promise<void> {
  await eachOf(accounts, LANES, async (account) => {
    requireBanksOwn(account, await readLedger(client, account.customerId));
  });
}

/**
 * Records every row of every account: one request per row, the rows of one account in their order.
 *
 * The idempotency key is the bank's own id of the transaction, so that a row is recorded once however often it is sent.
 */
export async function recordRows(
  client: Client,
  accounts: readonly BankAccount[],
  onRow: () => void,
): Promise<{ recorded: number; replayed: number }> {
  const outcome = { recorded: 0, replayed: 0 };
  await eachOf(accounts, LANES, async ({ customerId, rows }) => {
    for (const { transaction, date, amountText, reason } of rows) {
      const body = { customerId, delta: amountText, reason, referenceId: transaction, metadata: { date } };
      const { idempotent } = await client.post("/api/v1/balance/delta", body, `bank:${transaction}`, recordedDelta);
      outcome[idempotent ? "replayed" : "recorded"] += 1;
      onRow();
    }
  });
  return outcome;
}

/**
 * Waits until no ledger has a delta that is not verified.
 *
 * @param onVerified is told how many deltas are, each time there are more.
 * @throws DemoFailure when nothing more is verified for minutes.
 */
export async function awaitVerified(
  client: Client,
  accounts: readonly BankAccount[],
  signal: AbortSignal,
  onVerified: (deltas: number) => void,
): Promise<void> {
  const verified = new Map<string, number>();
  let pending = accounts;
  let [most, since] = [0, Date.now()];
  for (;;) {
    const still: BankAccount[] = [];
    await eachOf(pending, LANES, async (account) => {
      const counts = await readCounts(client, account.customerId);
      verified.set(account.customerId, counts.verified);
      if (counts.pending > 0) still.push(account);
    });
    const total = [...verified.values()].reduce((sum, count) => sum + count, 0);
    if (total > most) {
      [most, since] = [total, Date.now()];
      onVerified(total);
    }
    if (still.length === 0) return;
    if (Date.now() - since > STALLED_MS) {
      const minutes = STALLED_MS / 60_000;
      throw new DemoFailure(
        `nothing was verified for ${minutes} minutes: ask the server's /readyz what anchoring waits for`,
      );
    }
    pending = still;
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** The whole record of every account. @throws DemoFailure where it is not exactly the bank's rows. */
export async function readLedgers(
  client: Client,
  accounts: readonly BankAccount[],
): Promise<ReadonlyMap<string, readonly RecordedRow[]>> {
  const ledgers = new Map<string, readonly RecordedRow[]>();
  await eachOf(accounts, LANES, async (account) => {
    const recorded = await readLedger(client, account.customerId);
    requireBanksOwn(account, recorded);
    if (recorded.length < account.rows.length) {
      throw new DemoFailure(
        `${account.customerId}: ${recorded.length} deltas on record, ${account.rows.length} were sent`,
      );
    }
    ledgers.set(account.customerId, recorded);
  });
  return ledgers;
}

/** How many anchors the log has. */
export async function countAnchors(client: Client): Promise<number> {
  return (await client.get("/api/v1/anchors?limit=1", anchorsView)).pagination.total;
}
