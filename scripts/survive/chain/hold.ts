import { join } from "node:path";
import Database from "better-sqlite3";
import { getAbiItem, toEventSelector } from "viem";
import { anchorLogAbi } from "../../../src/chain/anchor-log-abi.ts";
import { settle } from "../book.ts";
import { auditFailures, examine } from "../examine.ts";
import { anchors, caughtUp, type Stage } from "./stage.ts";

/** Of one kind of finding, how many are told. */
const TOLD = 5;

const ANCHORED = toEventSelector(getAbiItem({ abi: anchorLogAbi, name: "Anchored" }));

/**
 * Holds record, server and chain against one another once the faults are over: everything acknowledged is there once and VERIFIED,
 * each delta in the range of exactly one anchor, each index on chain once and with the root on record; and nothing that `audit` finds.
 */
export async function hold(stage: Stage): Promise<{ recorded: number; anchored: number; failures: string[] }> {
  const { server, book, network, dir, settings } = stage;
  await stage.quiet();
  await settle(server, book);
  await caughtUp(stage);
  const examined = await examine(server, book);
  const failures = [...examined.failures, ...refusals(stage), ...(await verdicts(stage))];
  const onChain = await anchoredOnChain(stage);
  const onRecord: string[] = [];
  for (;;) {
    const page = await anchors(stage, onRecord.length);
    if (page.length === 0) break;
    onRecord.push(...page.map(({ index, root, status }) => `${index} ${root} ${status}`));
  }
  const expected = onRecord.toReversed().join("\n");
  if (expected !== onChain.map((line) => `${line} CONFIRMED`).join("\n"))
    failures.push(`on chain:\n${onChain.join("\n")}\non record:\n${expected}`);
  await server.stop();
  failures.push(...rangeFailures(dir), ...(await auditFailures(dir, network.url, settings.signal)));
  return { recorded: examined.recorded, anchored: onChain.length, failures };
}

/** What recording itself was refused. */
export function refusals({ book }: Pick<Stage, "book">): string[] {
  return book.refused > 0 ? [`recording was answered 503 ${book.refused} times`] : [];
}

/** Customers whose deltas are not all VERIFIED, by the record and by the contract. */
export async function verdicts({ server, book }: Pick<Stage, "server" | "book">): Promise<string[]> {
  const failures: string[] = [];
  for (const customerId of book.customers) {
    const headers = { "X-Api-Key": server.apiKey };
    const response = await fetch(`${server.url}/api/v1/balance/derive/${customerId}?limit=1`, { headers });
    if (response.status === 404) continue;
    const { data } = (await response.json()) as {
      data: { pendingCount: number; verifiedCount: number; deltasCount: number };
    };
    if (data.pendingCount !== 0 || data.verifiedCount !== data.deltasCount)
      failures.push(`${customerId}: ${data.verifiedCount} of ${data.deltasCount} VERIFIED`);
  }
  const last = new Map([...book.acknowledged.values()].map((one) => [one.post.customerId, one]));
  for (const { receiptId, recordId } of last.values()) {
    const response = await fetch(`${server.url}/api/v1/verify/${receiptId}?source=chain`);
    const { data } = (await response.json()) as { data?: { verified: boolean; message?: string } };
    if (!data?.verified) failures.push(`${recordId}: ${data?.message ?? response.status}`);
  }
  return failures;
}

/** Index and root of every anchor of this log, in the order of the chain. */
export async function anchoredOnChain({ network, server }: Pick<Stage, "network" | "server">): Promise<string[]> {
  const response = await fetch(`${server.url}/api/v1/chain`);
  const { data } = (await response.json()) as { data: { contract: string; log: string } };
  const topics = [ANCHORED, data.log];
  const filter = { address: data.contract, fromBlock: "0x0", toBlock: "latest", topics };
  const events = await network.ask<{ topics: string[] }[]>("eth_getLogs", [filter]);
  return events.map(({ topics: [, , index, root] }) => `${Number(index)} ${root}`);
}

/** Ledgers whose deltas are not each in the range of exactly one anchor: counts rise from anchor to anchor, up to the last delta. */
function rangeFailures(dir: string): string[] {
  const db = new Database(join(dir, "tallyroot.db"), { readonly: true });
  try {
    const wrong = db
      .prepare<[], { ledger: number; anchor: number }>(
        `SELECT ledger, anchor FROM (
           SELECT ledger, anchor, count, lag(count, 1, 0) OVER (PARTITION BY ledger ORDER BY anchor) AS before
           FROM anchor_leaves WHERE checkpoint IS NULL
         ) WHERE count <= before`,
      )
      .all();
    const short = db
      .prepare<[], { ledger: number }>(
        `SELECT ledger FROM deltas d GROUP BY ledger HAVING count(*) <>
           (SELECT max(count) FROM anchor_leaves l WHERE l.ledger = d.ledger AND l.checkpoint IS NULL)`,
      )
      .all();
    return [
      ...wrong.slice(0, TOLD).map(({ ledger, anchor }) => `ledger ${ledger}: anchor ${anchor} takes in nothing new`),
      ...short.slice(0, TOLD).map(({ ledger }) => `ledger ${ledger}: its last anchor is not up to its last delta`),
    ];
  } finally {
    db.close();
  }
}
