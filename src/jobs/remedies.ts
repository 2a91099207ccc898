import type { WaitCode } from "../chain/waits.ts";
import type { HaltCode } from "../ledger/anchor.ts";

/** What anchoring waits for, or why it has stopped for good until somebody looks. */
export type WaitReason = WaitCode | "DISK_TROUBLE" | "DATABASE_TROUBLE";
export type HaltReason = HaltCode | "RECORD_DAMAGED" | "JOB_CRASHED";

/** What the operator does about each: a halt ends with a restart, after what is said here; a wait ends by itself. */
export const REMEDIES: Readonly<Record<WaitReason | HaltReason, string>> = {
  FEE_ABOVE_CEILING: "It goes on by itself when the fee falls; raise TALLYROOT_MAX_FEE_GWEI and restart to pay more",
  TRANSACTION_STUCK: "Look whether the chain makes blocks, and whether the endpoints pass transactions on",
  PUBLISHER_EMPTY: "Send ether to the publisher's account (GET /api/v1/chain names it); it goes on by itself",
  ENDPOINTS_AWAY: "It goes on by itself when enough endpoints answer; add others to TALLYROOT_RPC_URL and restart",
  ENDPOINTS_DISAGREE:
    "If it stays, compare them with an explorer, take the wrong one out of TALLYROOT_RPC_URL and restart",
  OTHER_CHAIN: "Correct TALLYROOT_RPC_URL, or ask the endpoint's provider why it is of another chain now",
  CHAIN_UNAVAILABLE: "It goes on by itself when the chain answers; if it stays, check TALLYROOT_RPC_URL",
  DISK_TROUBLE: "Look at the disk's space and state; it goes on by itself",
  DATABASE_TROUBLE: "Look whether the database answers at TALLYROOT_DATABASE_URL; it goes on by itself",
  OTHER_ROOT:
    "Stop whoever else has the publisher's key or a copy of this database, run `tallyroot audit --rpc` on both, and restart the one that is whole",
  UNKNOWN_TRANSACTION:
    "Stop the other copy of this database, run `tallyroot audit --rpc` on both, and restart the one that is whole",
  APPEND_REFUSED:
    "Look at the last transaction of the publisher's account in an explorer, mend what it says, and restart",
  PUBLISHER_CHANGED: "Hand the log back to this key, or stop this server for good: the log is somebody else's now",
  LOG_GONE:
    "Check that TALLYROOT_RPC_URL is of the right chain; then restart, which opens the log again where a reorganisation took it",
  RECORD_DAMAGED:
    "Run `tallyroot audit` on the data directory: it names the rows. Restore a backup from before the damage, and restart",
  JOB_CRASHED: "The log has the error. Restart; if it crashes again, report it",
};

/** Why anchoring halted, and what to do, by the code that was noted; nothing for one of another version. */
export function haltFor(code: string | undefined): { reason: string; next: string } | undefined {
  return code !== undefined && Object.hasOwn(REMEDIES, code)
    ? { reason: code, next: REMEDIES[code as HaltReason] }
    : undefined;
}
