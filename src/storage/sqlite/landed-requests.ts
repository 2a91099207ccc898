import type { KeyObject } from "node:crypto";
import { toHex, utf8 } from "../../core/bytes.ts";
import { canonicalJson, type Json } from "../../core/content.ts";
import { digestsOf, openBulkIds } from "../../ledger/request-id.ts";
import { seal, unseal } from "../../ledger/seal.ts";
import { membersPlace } from "../sealed-places.ts";
import { appendOnly } from "./append-only.ts";
import type { Sqlite } from "./database.ts";
import type { RequestRow } from "./effects.ts";

/** The fact that the notes of requests hold digests only. */
const FACT = "requests.digests";

/** A refusal as batches noted it at first. */
type LandedRefusal = { index: number; code: string; message: string; digest?: string };

/**
 * Notes of requests were once what was asked, sealed with the master key: a label or the message of a refusal may name a customer, and no
 * erasure reached it. They become keyed digests, in a table of their own, so that no page keeps the old bytes. Done once, in one
 * transaction; the caller empties the WAL afterwards.
 *
 * @param requestKeyOf the key under which a tenant's idempotency keys are hashed.
 */
export function digestLandedRequests(
  db: Sqlite,
  { master, requestKeyOf }: { master: KeyObject; requestKeyOf: (tenantId: number) => KeyObject },
): void {
  if (db.prepare("SELECT 1 FROM facts WHERE name = ?").get(FACT)) return;
  const table = db.prepare<[], { sql: string }>(
    "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'requests'",
  );
  const triggers = ["requests_keep_update", "requests_keep_delete"].map((name) => `DROP TRIGGER ${name};`).join(" ");
  db.transaction(() => {
    const { sql } = table.get()!;
    db.exec(`${triggers} ALTER TABLE requests RENAME TO requests_landed; ${sql}; ${appendOnly("requests")}`);
    const insert = db.prepare("INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?)");
    // All at once: a statement that is being stepped through would keep its table from being dropped.
    for (const row of db.prepare<[], RequestRow>("SELECT * FROM requests_landed").all()) {
      const place = membersPlace(row.request_id);
      const members = digested(
        row,
        unseal(master, place, row.sealed_members).toString("utf8"),
        requestKeyOf(row.tenant),
      );
      insert.run(row.request_id, row.tenant, row.route, row.effect, seal(master, place, utf8(members)), row.created_at);
    }
    db.exec("DROP TABLE requests_landed");
    db.prepare("INSERT INTO facts (name, value) VALUES (?, 'yes')").run(FACT);
  }).immediate();
}

function digested({ route, request_id }: RequestRow, landed: string, requestKey: KeyObject): string {
  const members = JSON.parse(landed) as LandedRefusal[] | Record<string, Json>;
  if (Array.isArray(members)) {
    const ids = openBulkIds(requestKey);
    return JSON.stringify(
      members.map(({ index, code, message, digest }) => ({
        index,
        code,
        digest: digest ?? toHex(ids.digest(`${code}\n${message}`)),
      })),
    );
  }
  // Bulk requests are noted under their path, with nothing but their number of items and their mode.
  if (route.startsWith("POST /")) return landed;
  return canonicalJson(digestsOf(requestKey, request_id, members));
}
