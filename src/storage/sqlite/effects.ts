import type { KeyObject } from "node:crypto";
import { utf8 } from "../../core/bytes.ts";
import type { EffectStore, RequestEffect } from "../../ledger/ports/effects.ts";
import { seal, unseal } from "../../ledger/seal.ts";
import { membersPlace } from "../sealed-places.ts";
import type { Sqlite } from "./database.ts";

export type RequestRow = {
  request_id: Buffer;
  tenant: number;
  route: string;
  effect: string;
  sealed_members: Buffer;
  created_at: number;
};

/** The effects of requests with an idempotency key. What was asked is there as digests, sealed with the master key. */
export type SqliteEffects = {
  find(requestId: Uint8Array): RequestEffect | undefined;
  /** Notes a request, inside the transaction that has its effect. */
  note(request: RequestEffect | undefined): void;
};

export function openEffects(db: Sqlite, master: KeyObject): SqliteEffects {
  const insert = db.prepare(
    "INSERT INTO requests (request_id, tenant, route, effect, sealed_members, created_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const select = db.prepare<[Uint8Array], RequestRow>("SELECT * FROM requests WHERE request_id = ?");
  return {
    find(requestId) {
      const row = select.get(requestId);
      if (!row) return undefined;
      const { tenant, route, effect, sealed_members, created_at } = row;
      const members = unseal(master, membersPlace(requestId), sealed_members).toString("utf8");
      return { requestId: row.request_id, tenantId: tenant, route, effect, members, createdAt: created_at };
    },
    note(request) {
      if (!request) return;
      const { requestId, tenantId, route, effect, members, createdAt } = request;
      insert.run(requestId, tenantId, route, effect, seal(master, membersPlace(requestId), utf8(members)), createdAt);
    },
  };
}

export function openEffectStore(effects: SqliteEffects): EffectStore {
  return { effectOf: async (requestId) => effects.find(requestId) };
}
