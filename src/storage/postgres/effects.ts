import type { KeyObject } from "node:crypto";
import { utf8 } from "../../core/bytes.ts";
import type { EffectStore, RequestEffect } from "../../ledger/ports/effects.ts";
import { seal, unseal } from "../../ledger/seal.ts";
import { membersPlace } from "../sealed-places.ts";
import type { Postgres, Transaction } from "./database.ts";
import { hasState, STATE } from "./trouble.ts";

type RequestRow = {
  request_id: Buffer;
  tenant: number;
  route: string;
  effect: string;
  sealed_members: Buffer;
  created_at: number;
};

/** Notes requests, inside the transaction that has their effects. Their ids MUST be in `request_ids` by then. */
export function noteRequests(tx: Transaction, master: KeyObject, effects: readonly RequestEffect[]): void {
  if (effects.length === 0) return;
  tx.query(
    `INSERT INTO requests (request_id, tenant, route, effect, sealed_members, created_at)
    SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::bigint[])`,
    [
      effects.map(({ requestId }) => requestId),
      effects.map(({ tenantId }) => tenantId),
      effects.map(({ route }) => route),
      effects.map(({ effect }) => effect),
      effects.map(({ requestId, members }) => seal(master, membersPlace(requestId), utf8(members))),
      effects.map(({ createdAt }) => createdAt),
    ],
  );
}

/** A request id that another node has used since it was looked up. */
export function metAnotherRequest(error: unknown): boolean {
  return hasState(error, STATE.uniqueViolation, "request_ids_pkey");
}

/** Transactions that have their effect once for one request. */
export type Effects = EffectStore & {
  /**
   * Runs a transaction and notes the request with it.
   *
   * @param work says which of its outcomes is an effect, and so is noted.
   * @returns `repeated`, and nothing is done, when the request had its effect before, or its id was used for a delta.
   */
  once<Outcome extends string>(
    request: RequestEffect | undefined,
    effect: Outcome,
    work: (tx: Transaction) => Promise<Outcome>,
  ): Promise<Outcome | "repeated">;
};

export function openEffects(db: Postgres, master: KeyObject): Effects {
  return {
    async effectOf(requestId) {
      const [row] = await db.read<RequestRow>("SELECT * FROM requests WHERE request_id = $1", [requestId]);
      if (!row) return undefined;
      const { tenant, route, effect, sealed_members, created_at } = row;
      const members = unseal(master, membersPlace(requestId), sealed_members).toString("utf8");
      return { requestId: row.request_id, tenantId: tenant, route, effect, members, createdAt: created_at };
    },
    once: (request, effect, work) =>
      db.transaction(async (tx) => {
        if (request) {
          const known = await tx.query("SELECT 1 FROM request_ids WHERE request_id = $1", [request.requestId]);
          if (known.length > 0) return "repeated";
        }
        const outcome = await work(tx);
        if (request && outcome === effect) {
          tx.query("INSERT INTO request_ids (request_id) VALUES ($1)", [request.requestId]);
          noteRequests(tx, master, [request]);
        }
        return outcome;
      }, metAnotherRequest),
  };
}
