import { Tallyroot, TallyrootApiError, units } from "#src/sdk/tallyroot.ts";

/** A program of somebody who has the client and nothing else: it is bundled, and run by other runtimes than the project's own. */

const { apiKey, baseUrl, policy } = JSON.parse(process.argv[2]!);
const pac = new Tallyroot({ apiKey, baseUrl, policy, trustNothing: true });

const customerId = `smoke-${process.version}`;
const { recordId, receiptId } = await pac.balance.emitAndWait({ customerId, delta: "-42.5", reason: "usage" });
await pac.balance.emitBatch([1, "2", units("3")].map((delta) => ({ customerId, delta, reason: "usage" })));
const shown: (string | null)[] = [];
for await (const { deltaExact } of pac.balance.derive(customerId, { limit: 3 })) shown.push(deltaExact);
const { verified } = await pac.verifyReceipt(receiptId);
const { divergence } = await pac.balance.compare({ customerId, local: [{ delta: -42.5 }, { delta: 2 }] });
const code = await pac.balance.derive("nobody").catch((error) => error instanceof TallyrootApiError && error.code);
const recorder = pac.recorder({
  onRefused: ({ error }) => {
    throw error;
  },
});
await recorder.record({ customerId, delta: 5, reason: "usage" });
await recorder.close();
const { computedBalanceExact } = await pac.balance.customer(customerId);

process.stdout.write(
  JSON.stringify({ recordId, shown, verified, first: divergence?.sequence, code, computedBalanceExact }),
);
