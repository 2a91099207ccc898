import type { Route } from "./route.ts";
import { getAnchor, getAnchors, getChain } from "./routes/chain.ts";
import { getCustomer, getCustomers } from "./routes/customers.ts";
import { getDerivation } from "./routes/derive.ts";
import { getBlindReceipt, getReceipt, getVerification } from "./routes/evidence.ts";
import { getHealth, getReadiness } from "./routes/health.ts";
import { getDelta, postDelta } from "./routes/record.ts";

/** Every route there is. */
export const ROUTES: readonly Route[] = [
  postDelta,
  getDelta,
  getDerivation,
  getCustomers,
  getCustomer,
  getVerification,
  getBlindReceipt,
  getReceipt,
  getChain,
  getAnchors,
  getAnchor,
  getHealth,
  getReadiness,
];
