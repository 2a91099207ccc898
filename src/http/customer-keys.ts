import { ledgerAddress } from "../core/address.ts";
import { sameBytes } from "../core/bytes.ts";
import { TallyrootError } from "../core/errors.ts";
import { parseRecordId } from "../core/record-id.ts";
import { noCustomer } from "../ledger/customers.ts";
import type { Caller } from "./authenticate.ts";
import type { Service } from "./route.ts";
import { findFingerprint, unknownFingerprint } from "./routes/found.ts";

/**
 * How a route is limited for a key of one customer, such as a provider hands to a counterparty. What the key may not see does not
 * exist for it.
 *
 * - `customerId`, `recordId`, `fingerprint`, `checkpointId`: the request names one thing by that parameter, or by that member of its body. Whether it
 *   is of the key's ledger is checked before the handler runs.
 * - `checkpoints`: likewise, by the checkpoints `from` and `to` of its query.
 * - `handler`: the handler shows only what is of `call.caller`'s ledger.
 * - `anyone`: nothing in the answer is a tenant's.
 */
export type CustomerReach =
  | "customerId"
  | "recordId"
  | "fingerprint"
  | "checkpointId"
  | "checkpoints"
  | "handler"
  | "anyone";

type Limited = { path: string; customer?: CustomerReach };

/** The ledger that a caller is limited to; undefined for a key of the whole tenant. */
export function onlyLedgerOf({ key }: Caller): Uint8Array | undefined {
  return key.ledgerAddress ?? undefined;
}

/** @throws TallyrootError FORBIDDEN_SCOPE to a key of one customer on a route that is about the whole tenant. */
export function expectReach({ customer }: Limited, { key }: Caller): void {
  if (key.ledgerAddress === null || customer !== undefined) return;
  throw new TallyrootError("FORBIDDEN_SCOPE", "this key reads one customer, this route is about the whole tenant", {
    scope: "customer",
    needed: "tenant",
  });
}

type Named = { params: unknown; query: unknown; body: unknown };

/**
 * Keeps a key of one customer to its ledger.
 *
 * @throws TallyrootError CUSTOMER_NOT_FOUND or NOT_FOUND, in the words of a thing that does not exist.
 */
export async function expectOwnCustomer(
  store: Service["store"],
  { path, customer }: Limited,
  { tenant, key }: Caller,
  call: Named,
): Promise<void> {
  const own = key.ledgerAddress;
  if (own === null || customer === undefined || customer === "handler" || customer === "anyone") return;
  if (customer === "checkpoints") {
    const { from, to } = asMembers(call.query);
    for (const checkpointId of [from, to]) {
      await expectOwnCustomer(
        store,
        { path, customer: "checkpointId" },
        { tenant, key },
        { ...call, query: { checkpointId } },
      );
    }
    return;
  }
  const { [customer]: named } = { ...asMembers(call.body), ...asMembers(call.query), ...asMembers(call.params) };
  // A route that says what it names, and does not, would let everything through.
  if (typeof named !== "string") throw new Error(`${path} was called without the ${customer} that it is limited by`);
  if (customer === "customerId" && !sameBytes(ledgerAddress(tenant.namespace, named), own)) throw noCustomer(named);
  if (customer === "recordId" && !isOwn(parseRecordId(named)?.ledger, own))
    throw new TallyrootError("NOT_FOUND", `there is no record ${named}`, { recordId: named });
  if (customer === "checkpointId") {
    const checkpoint = await store.checkpoint(tenant.id, named);
    if (!isOwn(checkpoint?.ledger.address, own))
      throw new TallyrootError("NOT_FOUND", `there is no checkpoint ${named}`, { checkpointId: named });
  }
  if (customer === "fingerprint") {
    const found = await findFingerprint({ store }, named);
    if (!isOwn((found.kind === "delta" ? found.delta : found.checkpoint).ledger.address, own))
      throw unknownFingerprint();
  }
}

function isOwn(address: Uint8Array | undefined, own: Uint8Array): boolean {
  return address !== undefined && sameBytes(address, own);
}

function asMembers(part: unknown): Record<string, unknown> {
  return typeof part === "object" && part !== null ? (part as Record<string, unknown>) : {};
}
