import { z } from "zod";
import { offsetPagination } from "./derivation.ts";
import { isoTime, LIMITS } from "./fields.ts";

/** `POST /tenants`. */
export const tenantRequest = z.strictObject({
  name: z
    .string()
    .regex(
      new RegExp(`^[a-z0-9][a-z0-9_.-]{0,${LIMITS.tenantNameLength - 1}}$`),
      `must be 1 to ${LIMITS.tenantNameLength} of a-z 0-9 _ . -, beginning with a letter or digit`,
    )
    .meta({ description: "The tenant's name; it cannot be changed.", example: "acme" }),
});

/** A tenant. From the namespace and a customer id anybody computes the ledger's address. */
export const tenantView = z.object({ name: z.string(), namespace: z.string(), createdAt: isoTime });

/** The same with its first admin key, once. */
export const openedTenantView = tenantView.extend({
  apiKey: z.string().nullable(),
  idempotent: z.boolean().optional(),
});

export const tenantsView = z.object({ tenants: z.array(tenantView), pagination: offsetPagination });

export type TenantView = z.infer<typeof tenantView>;
