import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { installKeccak } from "#src/core/keccak.ts";
import { fastKeccak } from "#src/fast-keccak.ts";
import { openSqliteStore } from "#src/storage/sqlite/store.ts";
import { MASTER } from "#test/storage/record-folder.ts";

/**
 * Makes a large record by the way on which the server records, for measuring an audit; no test runs it:
 *
 *     node test/audit/large-record.ts <directory> 1000000 10000     deltas, ledgers
 *     npm run audit -- <directory> --master-key-file <a file with the key>
 *
 * The key is 32 times 07, as everywhere in the tests. The same arguments make the same deltas.
 */

/** Deltas of one commit, and milliseconds between two. */
const GROUP = 2_000;
const GROUP_EVERY_MS = 2_000;

export async function makeLargeRecord(dir: string, deltas: number, ledgers: number): Promise<void> {
  installKeccak(await fastKeccak());
  mkdirSync(dir, { recursive: true });
  const clock = { now: Date.UTC(2024, 0, 1) };
  const report = (message: string, error: Error) => {
    throw new Error(message, { cause: error });
  };
  const store = openSqliteStore({ dir, master: MASTER, clock: () => clock.now, report });
  const tenant = await store.addTenant("default", clock.now);
  let state = 1;
  const below = (end: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
  for (let first = 0; first < deltas; first += GROUP) {
    clock.now += GROUP_EVERY_MS;
    const requests = Array.from({ length: Math.min(GROUP, deltas - first) }, (_, i) => ({
      tenant,
      customerId: `cust_${String(below(ledgers)).padStart(6, "0")}`,
      amount: -BigInt(1 + below(1_000_000)) * 10n ** 12n,
      reason: "usage_charge",
      referenceId: `inv-${first + i}`,
      metadata: { model: "standard", tokens: below(4_000), region: "eu-1" },
      requestId: createHash("sha256")
        .update(String(first + i))
        .digest()
        .subarray(0, 16),
    }));
    await store.record(requests, false);
  }
  store.close();
}

if (import.meta.main) {
  const [dir = "", deltas, ledgers] = process.argv.slice(2);
  await makeLargeRecord(dir, Number(deltas), Number(ledgers));
}
