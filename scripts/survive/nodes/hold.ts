import { fileURLToPath } from "node:url";
import { runToEnd } from "../../processes.ts";
import type { Book } from "../book.ts";
import { settle } from "../book.ts";
import { anchoredOnChain, verdicts } from "../chain/hold.ts";
import { caughtUp } from "../chain/stage.ts";
import type { Fault } from "../drill.ts";
import { examine } from "../examine.ts";
import type { Traffic } from "./clients.ts";
import { type Cluster, minedBy, upNodes } from "./cluster.ts";
import { storedTransactions } from "./pauses.ts";
import { type Receiver, repeated } from "./receiver.ts";

const TALLYROOT = fileURLToPath(new URL("../../../src/cli/tallyroot.ts", import.meta.url));
/** Of one kind of finding, how many are told. */
const TOLD = 5;

/** Ledgers whose counts do not rise from anchor to anchor, and those whose last anchor is not up to their last delta. */
const NOT_RISING = `SELECT ledger, anchor FROM (
    SELECT ledger, anchor, count, lag(count, 1, 0::bigint) OVER (PARTITION BY ledger ORDER BY anchor) AS before
    FROM anchor_leaves WHERE checkpoint IS NULL) l WHERE count <= before`;
const SHORT = `SELECT ledger FROM deltas d GROUP BY ledger HAVING count(*) <> coalesce(
    (SELECT max(count) FROM anchor_leaves l WHERE l.ledger = d.ledger AND l.checkpoint IS NULL), 0)`;

/**
 * Holds record, nodes, webhooks and chain against one another once the faults are over: everything acknowledged is there once and
 * VERIFIED; each delta is in the range of exactly one anchor; each index is on chain once, by one transaction that was stored before it
 * was sent; and nothing that `audit` finds.
 */
export async function hold(cluster: Cluster, book: Book, traffic: Traffic, receiver: Receiver): Promise<Fault> {
  const { network, settings } = cluster;
  const server = upNodes(cluster)[0]!.server;
  await settle(server, book);
  await caughtUp({ server, settings });
  const examined = await examine(server, book);
  const failures = [...examined.failures, ...traffic.oddities, ...(await verdicts({ server, book }))];
  const [sent, acknowledged] = [book.sent.size, book.acknowledged.size];
  if (examined.recorded !== sent || acknowledged !== sent)
    failures.push(`${sent} deltas were sent, ${acknowledged} acknowledged, ${examined.recorded} are on record`);
  failures.push(...(await statementFailures(cluster, traffic)));
  const onChain = await anchoredOnChain({ network, server });
  failures.push(
    ...(await chainFailures(cluster, onChain)),
    ...(await rangeFailures(cluster)),
    ...(await halts(cluster)),
  );
  const told = repeated(receiver, cluster.faultsAt);
  if (told.unexcused.length > 0)
    failures.push(`events came again, and nothing had lost their answers: ${told.unexcused.slice(0, TOLD).join("; ")}`);
  const untold = onChain.map((_, i) => i + 1).filter((index) => !receiver.anchors.has(index));
  if (untold.length > 0) failures.push(`nobody was told of the anchors ${untold.slice(0, TOLD).join(", ")}`);
  failures.push(...(await auditFailures(cluster)));
  return {
    name: "record, nodes, webhooks, chain and audit agree",
    tries: 1,
    figures: {
      acknowledged,
      recorded: examined.recorded,
      lost: examined.lost,
      doubled: examined.doubled,
      "answered 503": book.refused,
      unanswered: traffic.unanswered,
      batches: traffic.batches,
      statements: traffic.statements.size,
      anchored: onChain.length,
      "webhook events": receiver.deliveries.size,
      "of them again": told.again,
      "again with no fault beside it": told.unexcused.length,
    },
    failures,
  };
}

/** Index and root of each anchor are on chain as they are on record, each by one transaction of its own. */
async function chainFailures(cluster: Cluster, onChain: readonly string[]): Promise<string[]> {
  const rows = await cluster.ask<{ id: string; root: Buffer; state: string }>(
    "SELECT a.id, a.root, p.state FROM anchors a JOIN anchor_progress p ON p.anchor = a.id ORDER BY a.id",
  );
  const failures: string[] = [];
  const onRecord = rows.map(({ id, root, state }) => `${id} 0x${root.toString("hex")} ${state}`).join("\n");
  if (onRecord !== onChain.map((line) => `${line} confirmed`).join("\n"))
    failures.push(`on chain:\n${onChain.join("\n")}\non record:\n${onRecord}`);
  const stored = new Set(await storedTransactions(cluster));
  for (const { number, proxy } of cluster.nodes) {
    const strange = proxy.sent.filter((raw) => !stored.has(raw) && !cluster.before.sent.has(raw));
    failures.push(...strange.slice(0, TOLD).map((raw) => `node ${number} sent what was not stored before: ${raw}`));
  }
  const appends = (await minedBy(cluster.network)) - cluster.before.mined;
  if (appends !== onChain.length) failures.push(`${appends} transactions made ${onChain.length} anchors`);
  return failures;
}

async function rangeFailures({ ask }: Cluster): Promise<string[]> {
  const [wrong, short] = await Promise.all([
    ask<{ ledger: string; anchor: string }>(NOT_RISING),
    ask<{ ledger: string }>(SHORT),
  ]);
  return [
    ...wrong.slice(0, TOLD).map(({ ledger, anchor }) => `ledger ${ledger}: anchor ${anchor} takes in nothing new`),
    ...short.slice(0, TOLD).map(({ ledger }) => `ledger ${ledger}: its last anchor is not up to its last delta`),
  ];
}

/** Nodes that have halted. */
async function halts(cluster: Cluster): Promise<string[]> {
  const answers = await Promise.all(upNodes(cluster).map(({ server }) => fetch(`${server.url}/readyz`)));
  const failures: string[] = [];
  for (const answer of answers) if (answer.status !== 200) failures.push(`a node is not ready: ${await answer.text()}`);
  return failures;
}

/** Statements that were answered and are not there, or not VERIFIED. */
async function statementFailures(cluster: Cluster, { statements }: Traffic): Promise<string[]> {
  const failures: string[] = [];
  const { server } = upNodes(cluster)[0]!;
  for (const { checkpointId } of statements.values()) {
    const response = await fetch(`${server.url}/api/v1/balance/checkpoints/${checkpointId}`, {
      headers: { "X-Api-Key": cluster.apiKey },
    });
    const { data } = (await response.json()) as { data?: { status: string } };
    if (data?.status !== "VERIFIED") failures.push(`the statement ${checkpointId}: ${data?.status ?? response.status}`);
  }
  return failures.slice(0, TOLD);
}

async function auditFailures({ databaseUrl, masterKeyFile, network, settings }: Cluster): Promise<string[]> {
  const args = [TALLYROOT, "audit", databaseUrl, "--rpc", network.url, "--master-key-file", masterKeyFile, "--json"];
  const text = await runToEnd({ command: process.execPath, args, signal: settings.signal }, [0, 10]);
  const { findings } = JSON.parse(text) as { findings: object[] };
  return findings.map((finding) => `audit: ${JSON.stringify(finding)}`);
}
