import { checksumAddress } from "../../core/address.ts";
import { formatAmount } from "../../core/amount.ts";
import { toHex } from "../../core/bytes.ts";
import { monthWindow, periodOf, type Window } from "../../ledger/calendar.ts";
import { openPause } from "../../ledger/in-steps.ts";
import type { CheckpointBatch, CheckpointStore, StoredCheckpoint } from "../../ledger/ports/checkpoints.ts";
import type { Ledger, LedgerStore, Page, Tenant } from "../../ledger/ports/ledgers.ts";
import { standingOfCheckpoint } from "../../ledger/status.ts";
import type { CheckpointBatchView, CheckpointView } from "../../wire/checkpoint.ts";
import type { DerivationView } from "../../wire/derivation.ts";
import { isoText } from "../../wire/fields.ts";
import { exactNumber } from "../../wire/json.ts";
import type { Service } from "../route.ts";

type Store = LedgerStore & CheckpointStore;

/** The month `YYYY-MM` that a window is exactly, if it is one. */
export function periodIn({ from, to }: Window): { period: string } | undefined {
  const period = periodOf(from);
  const month = monthWindow(period);
  return month.from === from && month.to === to ? { period } : undefined;
}

export function verifyLinks(
  { publicUrl }: Service,
  proofRoot: Uint8Array,
): { verifyUrl: string; verificationApiUrl: string } {
  const text = toHex(proofRoot);
  return { verifyUrl: `${publicUrl()}/verify/${text}`, verificationApiUrl: `${publicUrl()}/api/v1/verify/${text}` };
}

export async function viewCheckpoint(service: Service, checkpoint: StoredCheckpoint): Promise<CheckpointView> {
  const { kind, from, to, openingBalance, closingBalance } = checkpoint;
  const netChange = closingBalance - openingBalance;
  return {
    checkpointId: checkpoint.statementId,
    status: (await standingOfCheckpoint(service.store, checkpoint)).status,
    mode: kind,
    proofRoot: toHex(checkpoint.fingerprint),
    merkleRoot: toHex(checkpoint.root),
    customerId: (await service.contents.customerIdOf(checkpoint.ledger)) ?? null,
    ledgerIdentifier: checksumAddress(checkpoint.ledger.address),
    ...(kind === "window" && periodIn(checkpoint)),
    from: isoText(from),
    to: isoText(to),
    firstSequence: checkpoint.firstSequence,
    deltasCount: checkpoint.count,
    startingBalance: exactNumber(openingBalance),
    startingBalanceExact: formatAmount(openingBalance),
    endingBalance: exactNumber(closingBalance),
    endingBalanceExact: formatAmount(closingBalance),
    netChange: exactNumber(netChange),
    netChangeExact: formatAmount(netChange),
    createdAt: isoText(checkpoint.createdAt),
    ...verifyLinks(service, checkpoint.fingerprint),
  };
}

/** The latest checkpoint of a ledger in short, null when there is none. */
export async function viewLatestCheckpoint(store: Store, ledger: Ledger): Promise<DerivationView["latestCheckpoint"]> {
  const latest = await store.latestCheckpoint(ledger.id);
  if (!latest) return null;
  return {
    checkpointId: latest.statementId,
    proofRoot: toHex(latest.fingerprint),
    status: (await standingOfCheckpoint(store, latest)).status,
    from: isoText(latest.from),
    to: isoText(latest.to),
    endingBalance: exactNumber(latest.closingBalance),
    endingBalanceExact: formatAmount(latest.closingBalance),
  };
}

/** A statement by its name: one checkpoint, or the checkpoints that were made together. Undefined when this tenant has none. */
export async function viewStatement(
  service: Service,
  tenant: Tenant,
  statementId: string,
  page: Page,
): Promise<CheckpointView | CheckpointBatchView | undefined> {
  const checkpoint = await service.store.checkpoint(tenant.id, statementId);
  if (checkpoint) return viewCheckpoint(service, checkpoint);
  const batch = await service.store.batch(tenant.id, statementId);
  return batch && viewBatch(service, batch, page);
}

async function viewBatch(
  service: Service,
  batch: CheckpointBatch,
  { offset, limit }: Page,
): Promise<CheckpointBatchView> {
  const checkpoints = await service.store.batchCheckpoints(batch, { offset, limit });
  return {
    checkpointId: batch.statementId,
    // Anchors take checkpoints in their order: a batch is as far as the newest of its own.
    status: (await standingOfCheckpoint(service.store, { id: batch.lastCheckpoint })).status,
    from: isoText(batch.from),
    to: isoText(batch.to),
    ...periodIn(batch),
    customersCount: batch.customers,
    createdAt: isoText(batch.createdAt),
    checkpoints: await viewCheckpoints(service, checkpoints),
    pagination: { total: batch.customers, offset, limit },
  };
}

export async function viewCheckpoints(
  service: Service,
  checkpoints: readonly StoredCheckpoint[],
): Promise<CheckpointView[]> {
  const pause = openPause();
  const views: CheckpointView[] = [];
  for (const checkpoint of checkpoints) {
    views.push(await viewCheckpoint(service, checkpoint));
    await pause();
  }
  return views;
}
