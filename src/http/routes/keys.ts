import { z } from "zod";
import { checksumAddress, ledgerAddress } from "../../core/address.ts";
import { createKey, type GivenKey, keyOf, revokeKey, rotateKey } from "../../ledger/manage-keys.ts";
import type { ApiKeyRecord } from "../../ledger/ports/tenants.ts";
import { isoText } from "../../wire/fields.ts";
import {
  currentKeyView,
  givenKeyView,
  type KeyView,
  keyRequest,
  keysQuery,
  keysView,
  keyView,
  rotateRequest,
} from "../../wire/key.ts";
import { onlyLedgerOf } from "../customer-keys.ts";
import { type Answer, route } from "../route.ts";

const params = z.object({ publicId: z.string() });

function viewKey(key: ApiKeyRecord): KeyView {
  const time = (milliseconds: number | null) => (milliseconds === null ? null : isoText(milliseconds));
  return {
    publicId: key.publicId,
    scope: key.scope,
    customerReference: key.ledgerAddress && checksumAddress(key.ledgerAddress),
    label: key.label,
    createdAt: isoText(key.createdAt),
    expiresAt: time(key.expiresAt),
    revokedAt: time(key.revokedAt),
    lastUsedAt: time(key.lastUsedAt),
  };
}

function answerGiven({ record, text }: GivenKey): Answer {
  const data = { ...viewKey(record), apiKey: text };
  return text === null ? { data: { ...data, idempotent: true }, headers: { "Idempotent-Replayed": "true" } } : { data };
}

export const postKey = route({
  method: "POST",
  path: "/api/v1/keys",
  access: "admin",
  summary: "Make an API key, shown once",
  status: 201,
  body: keyRequest,
  data: givenKeyView,
  codes: ["IDEMPOTENCY_CONFLICT"],
  async handle(service, { tenant, body, idempotencyKey }) {
    const { scope, customerId, label, expiresAt } = body;
    const limitedTo = customerId === undefined ? null : ledgerAddress(tenant.namespace, customerId);
    return answerGiven(
      await createKey(
        service,
        { tenant, idempotencyKey },
        { scope, ledgerAddress: limitedTo, label, expiresAt: expiresAt ?? null },
      ),
    );
  },
});

export const getKeys = route({
  method: "GET",
  path: "/api/v1/keys",
  access: "admin",
  summary: "The tenant's API keys, without their secrets",
  status: 200,
  query: keysQuery,
  data: keysView,
  codes: [],
  async handle({ store }, { tenant, query }) {
    const { keys, total } = await store.apiKeys(tenant.id, query);
    return { data: { keys: keys.map(viewKey), pagination: { total, ...query } } };
  },
});

export const getCurrentKey = route({
  method: "GET",
  path: "/api/v1/keys/current",
  access: "read",
  customer: "handler",
  summary: "The key that asks, whose it is, and the customer that it is limited to",
  status: 200,
  data: currentKeyView,
  codes: [],
  async handle({ store, contents, keyMode }, { tenant, caller }) {
    const only = onlyLedgerOf(caller);
    const ledger = only && (await store.ledger(tenant.id, only));
    const customerId = ledger && (await contents.customerIdOf(ledger));
    return {
      data: { key: viewKey(caller.key), tenant: tenant.name, customerId: customerId ?? null, mode: keyMode },
    };
  },
});

export const postCurrentKeyRevocation = route({
  method: "POST",
  path: "/api/v1/keys/current/revoke",
  access: "read",
  customer: "handler",
  summary: "Revoke the key that asks, at once and for good: signing out",
  status: 200,
  data: keyView,
  codes: ["IDEMPOTENCY_CONFLICT"],
  async handle(service, { tenant, caller, idempotencyKey }) {
    return { data: viewKey(await revokeKey(service, { tenant, idempotencyKey }, caller.key.publicId)) };
  },
});

export const getKey = route({
  method: "GET",
  path: "/api/v1/keys/:publicId",
  access: "admin",
  summary: "One API key, without its secret",
  status: 200,
  params,
  data: keyView,
  codes: ["NOT_FOUND"],
  async handle({ store }, { tenant, params }) {
    return { data: viewKey(await keyOf(store, tenant, params.publicId)) };
  },
});

export const postKeyRotation = route({
  method: "POST",
  path: "/api/v1/keys/:publicId/rotate",
  access: "admin",
  summary: "Make a key with the same rights; the old one ends after an overlap",
  status: 201,
  params,
  body: rotateRequest,
  data: givenKeyView,
  codes: ["NOT_FOUND", "IDEMPOTENCY_CONFLICT"],
  async handle(service, { tenant, caller, params, body, idempotencyKey }) {
    const { overlapSeconds, expiresAt, label } = body;
    return answerGiven(
      await rotateKey(
        service,
        { tenant, idempotencyKey },
        { ...params, overlapSeconds, expiresAt, label, own: caller.key.publicId === params.publicId },
      ),
    );
  },
});

export const postKeyRevocation = route({
  method: "POST",
  path: "/api/v1/keys/:publicId/revoke",
  access: "admin",
  summary: "Revoke an API key at once and for good",
  status: 200,
  params,
  data: keyView,
  codes: ["NOT_FOUND", "IDEMPOTENCY_CONFLICT"],
  async handle(service, { tenant, params, idempotencyKey }) {
    return { data: viewKey(await revokeKey(service, { tenant, idempotencyKey }, params.publicId)) };
  },
});

export const deleteKey = route({
  method: "DELETE",
  path: "/api/v1/keys/:publicId",
  access: "admin",
  summary: "The same: revoke an API key",
  status: 200,
  params,
  data: keyView,
  codes: ["NOT_FOUND"],
  async handle(service, { tenant, params }) {
    return { data: viewKey(await revokeKey(service, { tenant, idempotencyKey: undefined }, params.publicId)) };
  },
});
