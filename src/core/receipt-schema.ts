import { CONSISTENCY } from "./consistency.ts";
import { POLICY } from "./policy.ts";
import { CHECKPOINT_RECEIPT, DELTA_RECEIPT } from "./receipt.ts";
import type { JsonSchema } from "./shape.ts";

/**
 * JSON Schemas (draft 2020-12) of the three files, made of the same tables that read and write them.
 *
 * A schema is for editors and generators of code. It does not replace step 1, and each one's description says what it cannot tell.
 *
 * @see FORMAT.md, section "JSON Schemas"
 */

const DIALECT = "https://json-schema.org/draft/2020-12/schema";

const NOT_SAID =
  "This schema cannot say, and a verifier checks: that names are unique and the text is strict UTF-8 of at most 64 MiB; the EIP-55 checksum of addresses; " +
  "the ranges of integers (uint64, int256) beyond their number of digits";

export const receiptSchema: JsonSchema = {
  $schema: DIALECT,
  $id: "urn:tallyroot:schema:receipt:1",
  title: "Tallyroot receipt, version 1",
  description: `The evidence for one recorded delta or one checkpoint. ${NOT_SAID}; that texts have no lone surrogates and metadata nests at most 32 levels; every hash and every proof.`,
  type: "object",
  oneOf: [
    { title: "Receipt of a delta", ...DELTA_RECEIPT.schema },
    { title: "Receipt of a checkpoint", ...CHECKPOINT_RECEIPT.schema },
  ],
};

export const consistencySchema: JsonSchema = {
  $schema: DIALECT,
  $id: "urn:tallyroot:schema:consistency:1",
  title: "Tallyroot consistency file, version 1",
  description: `The evidence that a later state of a ledger extends an earlier one. ${NOT_SAID}; that an edge is there exactly when its window has deltas; every hash and every proof.`,
  ...CONSISTENCY.schema,
};

export const policySchema: JsonSchema = {
  $schema: DIALECT,
  $id: "urn:tallyroot:schema:policy:1",
  title: "Tallyroot policy, version 1",
  description: `What a verifier pins for itself. ${NOT_SAID}; that confirmations are at most 1000000.`,
  ...POLICY.schema,
};
