import { anchorsLeft, type ChainHealth, endpointCounts } from "./chain-health.ts";
import type { CheckpointJob } from "./checkpoint-thread.ts";

/** Gauges are floating: nothing is decided by them. */
const WEI_PER_ETHER = 1e18;
const WEI_PER_GWEI = 1e9;

/** What of the checkpoint job is measured. Null is not known. */
export function anchoringFigures(job: Pick<CheckpointJob, "state" | "figures">, now: number) {
  const { halted, code } = job.state();
  const { rpcErrors, chainHead, health } = job.figures();
  return { halted, reason: code, rpcErrors, chainHead, ...moneyOf(health), ...pathOf(health, now) };
}

function moneyOf(health: ChainHealth) {
  const { balance, fee, ceiling } = health;
  return {
    balanceEther: balance === null ? null : Number(balance) / WEI_PER_ETHER,
    anchorsLeft: anchorsLeft(health),
    feeGwei: fee === null ? null : Number(fee) / WEI_PER_GWEI,
    ceilingGwei: ceiling === null ? null : Number(ceiling) / WEI_PER_GWEI,
    aboveCeiling: fee !== null && ceiling !== null && fee > ceiling,
  };
}

function pathOf(health: ChainHealth, now: number) {
  return {
    endpoints: endpointCounts(health),
    disputed: health.dispute !== null,
    oldestSentSeconds: health.sentAt === null ? 0 : Math.max(0, now - health.sentAt) / 1000,
  };
}
