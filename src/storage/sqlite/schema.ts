import { RECORD } from "./migrations/1-record.ts";
import { STATEMENTS } from "./migrations/2-statements.ts";
import { DIGESTS } from "./migrations/3-digests.ts";
import { ERASURE } from "./migrations/4-erasure.ts";
import { GAS } from "./migrations/5-gas.ts";

/**
 * The schema as migrations: `user_version` counts how many have been applied. A migration that has landed is never edited.
 *
 * Amounts and balances are canonical decimal text, which is exact and can be read with any SQL client. Times are Unix
 * milliseconds. Hashes, addresses and sealed bytes are blobs. Tables that are the record refuse UPDATE and DELETE.
 */
export const MIGRATIONS: readonly string[] = [RECORD, STATEMENTS, DIGESTS, ERASURE, GAS];
