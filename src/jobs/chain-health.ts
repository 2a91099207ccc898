import type { EndpointReport, EndpointState } from "../chain/endpoint-set.ts";
import { gwei } from "../chain/fees.ts";
import { formatAmount } from "../core/amount.ts";

/** Anchors below which the publisher's balance is a warning: some hours of a busy server, days of a quiet one. */
const LOW_ANCHORS = 1_000;
/** Milliseconds after which a transaction that is not final is a warning: more than any chain's finality usually takes. */
const LONG_ON_ITS_WAY_MS = 30 * 60_000;

/** What the job knows of the chain and of the publisher's account. Amounts are in wei; null is not known yet. */
export type ChainHealth = {
  endpoints: readonly EndpointReport[];
  /** What endpoints contradict one another about just now. */
  dispute: string | null;
  balance: bigint | null;
  /** What a transaction pays per gas now, and the most that the operator allows. */
  fee: bigint | null;
  ceiling: bigint | null;
  /** Gas that an append uses. */
  gas: bigint;
  /** When the oldest transaction on its way was signed, in Unix milliseconds; null without one. */
  sentAt: number | null;
};

export const UNKNOWN_HEALTH: ChainHealth = {
  endpoints: [],
  dispute: null,
  balance: null,
  fee: null,
  ceiling: null,
  gas: 0n,
  sentAt: null,
};

/** How many anchors the balance still pays for at the present fee; null where it is not known, or nothing is paid. */
export function anchorsLeft({ balance, fee, gas }: ChainHealth): number | null {
  if (balance === null || fee === null || gas * fee === 0n) return null;
  return Number(balance / (gas * fee));
}

export function endpointCounts({ endpoints }: ChainHealth): Readonly<Record<EndpointState, number>> {
  const counts = { up: 0, down: 0, behind: 0, "other chain": 0 };
  for (const { state } of endpoints) counts[state] += 1;
  return counts;
}

type Check = { ok: boolean; detail: string };

/** What of it is said at `/readyz`. Nothing of this makes a server unready: recording goes on. */
export function healthChecks(health: ChainHealth, now: number): { endpoints: Check; publisher: Check } {
  return { endpoints: endpointsCheck(health), publisher: publisherCheck(health, now) };
}

function endpointsCheck(health: ChainHealth): Check {
  const { endpoints, dispute } = health;
  if (endpoints.length === 0) return { ok: true, detail: "not looked at yet" };
  const troubled = endpoints.filter(({ state }) => state !== "up");
  const counted = `${endpoints.length - troubled.length} of ${endpoints.length} answer`;
  const details = [...(dispute === null ? [] : [dispute]), ...troubled.map(({ detail }) => detail)];
  return { ok: details.length === 0, detail: [counted, ...details].join("; ") };
}

function publisherCheck(health: ChainHealth, now: number): Check {
  const { balance, fee, ceiling, sentAt } = health;
  const left = anchorsLeft(health);
  const problems = [
    ...(left !== null && left < LOW_ANCHORS ? ["send it ether before it runs out"] : []),
    ...(fee !== null && ceiling !== null && fee > ceiling
      ? [`nothing is signed while the fee is above TALLYROOT_MAX_FEE_GWEI (${gwei(ceiling)})`]
      : []),
    ...(sentAt !== null && now - sentAt > LONG_ON_ITS_WAY_MS
      ? [`its oldest transaction has been on its way since ${new Date(sentAt).toISOString()}`]
      : []),
  ];
  const funds = balance === null ? "its balance is not known yet" : `it has ${formatAmount(balance)} ether`;
  const reach = left === null ? "" : `, which pays for ${left} anchors at ${gwei(fee!)} gwei per gas`;
  return { ok: problems.length === 0, detail: [`${funds}${reach}`, ...problems].join("; ") };
}
