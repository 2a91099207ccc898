import { fileURLToPath } from "node:url";
import { runToEnd } from "../processes.ts";
import type { Book } from "./book.ts";
import type { Server } from "./server.ts";

const TALLYROOT = fileURLToPath(new URL("../../src/cli/tallyroot.ts", import.meta.url));
const PAGE = 1_000;
/** Of one kind of finding, how many are told. */
const TOLD = 5;

type DeltaView = {
  receiptId: string;
  recordId: string;
  sequence: number;
  deltaExact: string;
  balanceExact: string;
  reason: string | null;
};

export type Examined = {
  /** Deltas on record. */
  readonly recorded: number;
  readonly lost: number;
  readonly doubled: number;
  readonly failures: string[];
};

/**
 * Holds the record against what its clients know: every acknowledged delta is there as it was answered, none is there twice, none that
 * nobody sent; sequences have no holes; and balances are the sums of what was sent, added up here anew.
 *
 * A post that was sent and never answered may be there once or not at all.
 */
export async function examine(server: Pick<Server, "url" | "apiKey">, book: Book): Promise<Examined> {
  const failures = [...book.contradictions, ...book.oddities];
  const byReason = new Map([...book.sent.values()].map((post) => [post.reason, post]));
  const seen = new Map<string, number>();
  const there = new Map<string, DeltaView>();
  let recorded = 0;
  for (const customerId of book.customers) {
    const deltas = await deltasOf(server, customerId);
    recorded += deltas.length;
    let balance = 0n;
    for (const [i, delta] of deltas.entries()) {
      const post = delta.reason === null ? undefined : byReason.get(delta.reason);
      const where = `${customerId} ${delta.sequence}`;
      there.set(delta.receiptId, delta);
      if (delta.sequence !== i + 1) failures.push(`${where}: expected sequence ${i + 1}`);
      if (post?.customerId !== customerId) {
        failures.push(`${where}: nobody sent ${delta.deltaExact} for "${delta.reason}"`);
        continue;
      }
      seen.set(post.idempotencyKey, (seen.get(post.idempotencyKey) ?? 0) + 1);
      balance += billionths(post.delta);
      if (billionths(delta.deltaExact) !== billionths(post.delta) || billionths(delta.balanceExact) !== balance)
        failures.push(`${where}: ${delta.deltaExact} to ${delta.balanceExact}, not what was sent`);
    }
  }
  const doubled = [...seen].filter(([, times]) => times > 1).map(([key]) => key);
  const lost = [...book.acknowledged.values()].filter(({ receiptId, recordId, sequence, post }) => {
    const delta = there.get(receiptId);
    return !delta || delta.recordId !== recordId || delta.sequence !== sequence || delta.reason !== post.reason;
  });
  failures.push(
    ...doubled.slice(0, TOLD).map((key) => `${key} is on record ${seen.get(key)} times`),
    ...lost
      .slice(0, TOLD)
      .map(({ post, recordId }) => `${post.idempotencyKey}: ${recordId} was acknowledged, and is gone`),
  );
  return { recorded, lost: lost.length, doubled: doubled.length, failures };
}

async function deltasOf({ url, apiKey }: Pick<Server, "url" | "apiKey">, customerId: string): Promise<DeltaView[]> {
  const deltas: DeltaView[] = [];
  for (;;) {
    const query = `limit=${PAGE}&offset=${deltas.length}`;
    const response = await fetch(`${url}/api/v1/balance/derive/${customerId}?${query}`, {
      headers: { "X-Api-Key": apiKey },
    });
    const text = await response.text();
    // Nothing was ever recorded for this one.
    if (response.status === 404) return deltas;
    if (!response.ok) throw new Error(`deriving ${customerId}: ${response.status} ${text}`);
    const { data } = JSON.parse(text) as { data: { deltas: DeltaView[]; deltasCount: number } };
    deltas.push(...data.deltas);
    if (deltas.length >= data.deltasCount) return deltas;
  }
}

/** Units of 10^-9 of a decimal text: an adding up of its own, beside that of the product. */
export function billionths(text: string): bigint {
  const [whole = "", fraction = ""] = text.replace("-", "").split(".");
  const magnitude = BigInt(whole + fraction.padEnd(9, "0"));
  return text.startsWith("-") ? -magnitude : magnitude;
}

/** What `audit` finds wrong with the record in a data directory, whether a server runs over it or not; nothing when it is clean. */
export async function auditFailures(dir: string, rpcUrl: string | undefined, signal: AbortSignal): Promise<string[]> {
  const args = [TALLYROOT, "audit", dir, ...(rpcUrl ? ["--rpc", rpcUrl] : []), "--json"];
  // 4: clean, and the chain was not to be asked. 10: something is wrong.
  const text = await runToEnd({ command: process.execPath, args, signal }, rpcUrl ? [0, 10] : [4, 10]);
  const { findings } = JSON.parse(text) as { findings: object[] };
  return findings.map((finding) => JSON.stringify(finding));
}
