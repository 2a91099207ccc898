import {
  IconAnchor,
  IconArrowsDiff,
  IconGauge,
  IconKey,
  IconReceipt2,
  IconSettings,
  IconUsers,
  IconWebhook,
} from "@tabler/icons-react";
import type { Session } from "./session.tsx";

/** The sidebar: where one can go, and for whom it is there. */
export const PLACES = [
  { path: "/", name: "Overview", icon: IconGauge, sees: (s: Session) => s.customerId === null },
  { path: "/ledgers", name: "Customer Ledgers", icon: IconUsers, sees: () => true },
  { path: "/compare", name: "Compare", icon: IconArrowsDiff, sees: () => true },
  { path: "/checkpoints", name: "Checkpoints", icon: IconReceipt2, sees: () => true },
  { path: "/log", name: "Anchors", icon: IconAnchor, sees: () => true },
  { path: "/webhooks", name: "Webhooks", icon: IconWebhook, sees: (s: Session) => s.mayAdmin },
  { path: "/keys", name: "API keys", icon: IconKey, sees: (s: Session) => s.mayAdmin },
  { path: "/settings", name: "Settings", icon: IconSettings, sees: () => true },
] as const;

/** The path of one customer's ledger. */
export function ledgerPath(customerId: string): string {
  return `/ledgers/${encodeURIComponent(customerId)}`;
}
