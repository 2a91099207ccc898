import type { Route } from "./route.ts";
import { getAnchor, getAnchors, getChain } from "./routes/chain.ts";
import { compareCheckpoints, getCheckpoint, getCheckpoints } from "./routes/checkpoints.ts";
import { postComparison, postHeadsComparison } from "./routes/compare.ts";
import { getConsistency } from "./routes/consistency.ts";
import { getCustomer, getCustomers } from "./routes/customers.ts";
import { getDerivation } from "./routes/derive.ts";
import { getHealth, getReadiness } from "./routes/health.ts";
import { getInvoiceProof, getInvoiceReceipt } from "./routes/invoices.ts";
import {
  deleteKey,
  getCurrentKey,
  getKey,
  getKeys,
  postCurrentKeyRevocation,
  postKey,
  postKeyRevocation,
  postKeyRotation,
} from "./routes/keys.ts";
import { postCheckpoint } from "./routes/make-checkpoint.ts";
import { getDocs, getDocsFile, getMetrics, getOpenApi } from "./routes/operating.ts";
import { getBlindReceipt, getReceipt, getReceipts } from "./routes/receipts.ts";
import { getDelta, postDelta } from "./routes/record.ts";
import { postBatch } from "./routes/record-batch.ts";
import { postStream } from "./routes/record-stream.ts";
import { SCHEMA_ROUTES } from "./routes/schemas.ts";
import { getTenants, postTenant } from "./routes/tenants.ts";
import { deleteContent, getGaps, getLimits, getSummary, getUsage } from "./routes/usage.ts";
import { getVerification } from "./routes/verify.ts";
import { WEBHOOK_ROUTES } from "./routes/webhooks.ts";

/** Every route there is. Of two paths that match, the earlier is taken. */
export const ROUTES: readonly Route[] = [
  postDelta,
  postBatch,
  postStream,
  getDelta,
  getDerivation,
  postComparison,
  postHeadsComparison,
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
  getConsistency,
  ...SCHEMA_ROUTES,
  getGaps,
  getUsage,
  getLimits,
  postKey,
  getKeys,
  getCurrentKey,
  postCurrentKeyRevocation,
  getKey,
  postKeyRotation,
  postKeyRevocation,
  deleteKey,
  postTenant,
  getTenants,
  ...WEBHOOK_ROUTES,
  getChain,
  getAnchors,
  getAnchor,
  getHealth,
  getReadiness,
  getMetrics,
  getOpenApi,
  getDocs,
  getDocsFile,
];
