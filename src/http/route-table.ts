import type { Route } from "./route.ts";
import { getAnchor, getAnchors, getChain } from "./routes/chain.ts";
import { compareCheckpoints, getCheckpoint, getCheckpoints, postCheckpoint } from "./routes/checkpoints.ts";
import { getCustomer, getCustomers } from "./routes/customers.ts";
import { getDerivation } from "./routes/derive.ts";
import { getHealth, getReadiness } from "./routes/health.ts";
import { getInvoiceProof, getInvoiceReceipt } from "./routes/invoices.ts";
import { getBlindReceipt, getReceipt, getReceipts } from "./routes/receipts.ts";
import { deleteKey, getKey, getKeys, postKey, postKeyRevocation, postKeyRotation } from "./routes/keys.ts";
import { getDelta, postDelta } from "./routes/record.ts";
import { getTenants, postTenant } from "./routes/tenants.ts";
import { deleteContent, getGaps, getLimits, getSummary, getUsage } from "./routes/usage.ts";
import { getVerification } from "./routes/verify.ts";

/** Every route there is. Of two paths that match, the earlier is taken. */
export const ROUTES: readonly Route[] = [
  postDelta,
  getDelta,
  getDerivation,
  getCustomers,
  getSummary,
  getCustomer,
  deleteContent,
  getReceipts,
  postCheckpoint,
  getCheckpoints,
  compareCheckpoints,
  getCheckpoint,
  getInvoiceReceipt,
  getInvoiceProof,
  getVerification,
  getBlindReceipt,
  getReceipt,
  getGaps,
  getUsage,
  getLimits,
  postKey,
  getKeys,
  getKey,
  postKeyRotation,
  postKeyRevocation,
  deleteKey,
  postTenant,
  getTenants,
  getChain,
  getAnchors,
  getAnchor,
  getHealth,
  getReadiness,
];
