import { setTimeout as sleep } from "node:timers/promises";
import type { PoolClient } from "pg";
import { openPool } from "./connections.ts";
import type { Transaction } from "./database.ts";

const CHANNEL = "tallyroot_erased";
/** Milliseconds between two looks whether the connection still is one, and between two tries to make one. */
const LOOK_EVERY_MS = 5_000;
const TRY_EVERY_MS = 500;

/** Tells every node, once a transaction is there, that a ledger's keys are destroyed. */
export function tellOfErasure(tx: Transaction, ledgerId: number): void {
  tx.query("SELECT pg_notify($1, $2)", [CHANNEL, String(ledgerId)]);
}

/**
 * Hears of ledgers whose keys any node has destroyed, so that this one forgets them as well.
 *
 * @param forget told of a ledger; of all of them, by undefined, where something may have been missed.
 */
export function listenForErasures(
  url: string,
  forget: (ledgerId: number | undefined) => void,
): { close(): Promise<void> } {
  const pool = openPool(url, "server", 1);
  // Whoever uses the one connection notices.
  pool.on("error", () => undefined);
  const closing = new AbortController();

  async function listen(client: PoolClient): Promise<void> {
    client.on("notification", ({ payload }) => forget(Number(payload)));
    await client.query(`LISTEN ${CHANNEL}`);
    // What was told before is missed.
    forget(undefined);
    while (!closing.signal.aborted) {
      await pool.look(client);
      await pause(LOOK_EVERY_MS, closing.signal);
    }
  }

  async function listenOn(): Promise<void> {
    while (!closing.signal.aborted) {
      const client = await pool.connect().catch(() => undefined);
      if (client) {
        client.on("error", () => undefined);
        // A connection that broke is made anew, and until then everything may be missed.
        await listen(client).catch(() => forget(undefined));
        client.release(true);
      }
      await pause(TRY_EVERY_MS, closing.signal);
    }
  }

  const listening = listenOn();
  return {
    async close() {
      closing.abort();
      await listening;
      await pool.end();
    },
  };
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
