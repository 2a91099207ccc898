import { z } from "zod";
import { toHex } from "../../core/bytes.ts";
import { CONSISTENCY_MEDIA_TYPE, type Consistency, consistencyText } from "../../core/consistency.ts";
import { TallyrootError } from "../../core/errors.ts";
import { consistencyOf, type Named } from "../../ledger/consistency-file.ts";
import { consistencyQuery } from "../../wire/evidence.ts";
import { lasting } from "../lasting.ts";
import { route, type Service } from "../route.ts";
import { findFingerprint } from "./found.ts";

const NAMES = ["from", "to"] as const;

export const getConsistency = route({
  method: "GET",
  path: "/api/v1/consistency",
  access: "public",
  summary:
    "The file that proves the later of two states of a ledger to extend the earlier; each named by a receiptId or a proofRoot",
  status: 200,
  query: consistencyQuery,
  data: z.record(z.string(), z.unknown()).meta({ description: "A consistency file, tallyroot-consistency/1" }),
  media: { [CONSISTENCY_MEDIA_TYPE]: "bare" },
  codes: ["NOT_FOUND"],
  cors: "*",
  async handle(service, { query }) {
    const from = await namedBy(service, "from", query.from);
    const to = await namedBy(service, "to", query.to);
    if (ledgerOf(from).id !== ledgerOf(to).id) {
      throw new TallyrootError("VALIDATION_ERROR", "from and to are not of one ledger", {
        issues: [{ path: "to", message: "is not of the ledger that from is of" }],
      });
    }
    const found = await consistencyOf(service, [from, to]);
    if ("notYet" in found) {
      const parameter = NAMES[found.which];
      throw new TallyrootError("NOT_FOUND", `${parameter} is ${found.notYet}: the file exists once both are VERIFIED`, {
        parameter,
        status: found.notYet,
      });
    }
    const file = consistencyText(found);
    return { file, mediaType: CONSISTENCY_MEDIA_TYPE, headers: { ...lasting("public", file), ...fileName(found) } };
  },
});

/** @throws TallyrootError NOT_FOUND, VALIDATION_ERROR naming the parameter */
async function namedBy(service: Service, parameter: (typeof NAMES)[number], text: string): Promise<Named> {
  const found = await findFingerprint(service, text, { parameter });
  if (found.kind === "delta") return found;
  const { checkpoint } = found;
  const { kind } = checkpoint;
  if (kind === "window") return { kind: "checkpoint", checkpoint: { ...checkpoint, kind } };
  throw new TallyrootError(
    "VALIDATION_ERROR",
    `${parameter}: is of a selection, which has no place in the ledger's history to extend`,
    { issues: [{ path: parameter, message: "is of a selection" }] },
  );
}

function ledgerOf(named: Named) {
  return named.kind === "delta" ? named.delta.ledger : named.checkpoint.ledger;
}

function fileName({ ledger, earlier, later }: Consistency): Record<string, string> {
  const name = `consistency-${toHex(ledger).slice(2, 14)}-${earlier.head.count}-${later.head.count}.json`;
  return { "Content-Disposition": `inline; filename="${name}"` };
}
