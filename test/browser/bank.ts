import { Tallyroot } from "#src/sdk/tallyroot.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { readBank } from "../../scripts/demo/bank.ts";

const BANK = new URL("../../scripts/demo/bank-transactions.csv", import.meta.url);

/** The one ledger that is much longer than the others. */
export const LONG = "meter_long";

export type BankServer = {
  server: Server;
  apiKey: string;
  pac: Tallyroot;
  /** The accounts' ids, in the order of the file. */
  customers: string[];
  stop(): Promise<void>;
};

/**
 * A server with the bank's accounts on record, and one long ledger.
 *
 * @param accounts how many of the 591 accounts; @param long deltas of the long ledger.
 */
export async function startBank(
  { accounts = 591, long = 0 }: { accounts?: number; long?: number } = {},
  settings: Record<string, string> = {},
): Promise<BankServer> {
  const dir = temporaryDirectory();
  const server = await startServer(dir, settings);
  const apiKey = apiKeyOf(dir);
  const pac = new Tallyroot({ apiKey, baseUrl: server.url });
  const bank = readBank(BANK).slice(0, accounts);
  await pac.balance.emitBatch(
    bank.flatMap(({ customerId, rows }) =>
      rows.map(({ transaction, amountText, reason, date }) => ({
        customerId,
        delta: amountText,
        reason,
        referenceId: `${customerId}_${transaction}`,
        metadata: { bookedOn: date },
      })),
    ),
  );
  const recorder = pac.recorder({
    atProcessEnd: false,
    onRefused: ({ error }) => {
      throw error;
    },
  });
  for (let i = 0; i < long; i++)
    await recorder.record({
      customerId: LONG,
      delta: i % 3 === 0 ? "-0.25" : "1.000000000000000001",
      reason: "tokens",
    });
  await recorder.close();
  return {
    server,
    apiKey,
    pac,
    customers: bank.map(({ customerId }) => customerId),
    async stop() {
      await server.stop();
      removeDirectory(dir);
    },
  };
}
