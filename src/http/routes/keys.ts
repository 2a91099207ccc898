import { z } from "zod";
import { checksumAddress, ledgerAddress } from "../../core/address.ts";
import { createKey, type GivenKey, keyOf, revokeKey, rotateKey } from "../../ledger/manage-keys.ts";
import type { ApiKeyRecord } from "../../ledger/ports/tenants.ts";
import { isoText } from "../../wire/fields.ts";
import { givenKeyView, type KeyView, keyRequest, keysQuery, keysView, keyView, rotateRequest } from "../../wire/key.ts";
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
  async handle(service, { tenant, params, body, idempotencyKey }) {
    return answerGiven(
      await rotateKey(
        service,
        { tenant, idempotencyKey },
        { ...params, overlapSeconds: body.overlapSeconds, expiresAt: body.expiresAt },
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
