import { checksumAddress } from "../../core/address.ts";
import { formatAmount } from "../../core/amount.ts";
import { fromHex, toHex } from "../../core/bytes.ts";
import type { Party } from "../../core/dispute.ts";
import { TallyrootError } from "../../core/errors.ts";
import type { Steps } from "../../core/steps.ts";
import { type Claim, type Compared, compare } from "../../ledger/compare.ts";
import { compareHeads } from "../../ledger/compare-heads.ts";
import { latestOf, ledgerOfCustomer } from "../../ledger/customers.ts";
import { inSteps } from "../../ledger/in-steps.ts";
import type { NamedEntry } from "../../ledger/name-deltas.ts";
import { resolveScope } from "../../ledger/scope.ts";
import {
  type ComparedHeadsView,
  type ComparisonView,
  comparedEntry,
  comparedHeadsView,
  compareHeadsRequest,
  compareRequest,
  comparisonView,
} from "../../wire/compare.ts";
import { LIMITS } from "../../wire/fields.ts";
import { exactNumber } from "../../wire/json.ts";
import { scopeOf } from "../../wire/scope.ts";
import { parsePart } from "../parse-part.ts";
import { route } from "../route.ts";
import { messageOf, viewLists } from "./comparison-views.ts";
import { viewBreakdown, viewScope } from "./scope.ts";

/** Entries that are parsed between two yields. */
const ENTRIES_PER_STEP = 32;

// Nothing is stored, so an Idempotency-Key has nothing to protect: it is taken, and the comparison is made anew.
export const postComparison = route({
  method: "POST",
  path: "/api/v1/balance/compare",
  access: "read",
  customer: "customerId",
  summary: "Compare both parties' views with the record",
  status: 201,
  body: compareRequest,
  bodyLimit: LIMITS.comparedBodyBytes,
  data: comparisonView,
  codes: [
    "AMOUNT_NOT_EXACT",
    "INVALID_SCOPE_COMBINATION",
    "SCOPE_TOO_WIDE",
    "NOT_FOUND",
    "CUSTOMER_NOT_FOUND",
    "BALANCE_OVERFLOW",
    "CONTENT_ERASED",
  ],
  async handle({ store, contents, clock }, { tenant, body }) {
    const request = scopeOf(body);
    const claims = await claimsOf(body);
    const ledger = await ledgerOfCustomer(store, tenant, body.customerId);
    const scope = await resolveScope(store, ledger, request, clock());
    const breakdown = request.granularity && (await viewBreakdown(store, scope, request.granularity));
    const compared = await compare({ store, contents }, scope, claims);
    const confirmed = { offset: body.confirmedOffset, limit: body.confirmedLimit };
    const disputed = { offset: body.disputedOffset, limit: body.disputedLimit };
    const [yours, theirs] = [discrepancyOf(compared, "yours"), discrepancyOf(compared, "theirs")];
    const data: ComparisonView = {
      customerId: body.customerId,
      ledgerIdentifier: checksumAddress(ledger.address),
      startingBalance: exactNumber(scope.startingBalance),
      computedBalance: exactNumber(compared.computedBalance),
      computedBalanceExact: formatAmount(compared.computedBalance),
      matchesYours: yours === undefined ? null : yours === 0n,
      matchesTheirs: theirs === undefined ? null : theirs === 0n,
      yourDiscrepancy: yours === undefined ? null : exactNumber(yours),
      yourDiscrepancyExact: yours === undefined ? null : formatAmount(yours),
      theirDiscrepancy: theirs === undefined ? null : exactNumber(theirs),
      theirDiscrepancyExact: theirs === undefined ? null : formatAmount(theirs),
      deltasCount: compared.deltasCount,
      confirmedCount: compared.confirmedCount,
      disputedCount: compared.disputed.length,
      undecidedCount: compared.undecidedCount,
      ...(await viewLists({ store, contents }, scope, compared, { claims, confirmed, disputed })),
      message: messageOf(compared, scope),
      scope: viewScope(scope),
      ...(breakdown && { breakdown }),
      pagination: {
        confirmed: { total: compared.confirmedCount, ...confirmed },
        disputed: { total: compared.disputed.length, ...disputed },
      },
    };
    return { data };
  },
});

type Sent = {
  yourBalance?: bigint | undefined;
  theirBalance?: bigint | undefined;
  yours?: readonly unknown[] | undefined;
  theirs?: readonly unknown[] | undefined;
};

/** What was claimed, the entries parsed in steps. @throws TallyrootError VALIDATION_ERROR, AMOUNT_NOT_EXACT naming the first entry that is wrong */
async function claimsOf({ yourBalance, theirBalance, yours, theirs }: Sent): Promise<Claim[]> {
  const count = (yours?.length ?? 0) + (theirs?.length ?? 0);
  if (count > LIMITS.comparedEntries) {
    throw new TallyrootError(
      "VALIDATION_ERROR",
      `yours and theirs: at most ${LIMITS.comparedEntries} entries together, these are ${count}`,
      { limit: LIMITS.comparedEntries },
    );
  }
  const claims: Claim[] = [
    { party: "yours", balance: yourBalance, entries: yours && (await inSteps(parsingEntries(yours, "yours"))) },
    { party: "theirs", balance: theirBalance, entries: theirs && (await inSteps(parsingEntries(theirs, "theirs"))) },
  ];
  return claims.filter(({ balance, entries }) => balance !== undefined || entries !== undefined);
}

function* parsingEntries(list: readonly unknown[], party: Party): Steps<NamedEntry[]> {
  const entries: NamedEntry[] = [];
  for (const [i, entry] of list.entries()) {
    if (i % ENTRIES_PER_STEP === 0) yield;
    entries.push(parsePart(comparedEntry, entry, `${party}.${i}`) as NamedEntry);
  }
  return entries;
}

function discrepancyOf({ outcomes }: Compared, party: Party): bigint | undefined {
  return outcomes.find((outcome) => outcome.party === party)?.discrepancy;
}

export const postHeadsComparison = route({
  method: "POST",
  path: "/api/v1/balance/compare/heads",
  access: "read",
  customer: "customerId",
  summary: "Compare balances or tree roots at chosen sequences: the way to a divergence among millions",
  status: 201,
  body: compareHeadsRequest,
  data: comparedHeadsView,
  codes: ["AMOUNT_NOT_EXACT", "CUSTOMER_NOT_FOUND"],
  async handle({ store }, { tenant, body }) {
    const ledger = await ledgerOfCustomer(store, tenant, body.customerId);
    const count = (await latestOf(store, ledger)).sequence;
    const claimed = body.heads.map(({ sequence, balance, root }) => ({
      sequence,
      balance,
      root: root === undefined ? undefined : fromHex(root, 32),
    }));
    const compared = await compareHeads(store, ledger, count, claimed);
    const data: ComparedHeadsView = {
      customerId: body.customerId,
      ledgerIdentifier: checksumAddress(ledger.address),
      deltasCount: count,
      heads: compared.map(({ sequence, recorded, balanceAgrees, rootAgrees, agrees }) => ({
        sequence,
        agrees,
        onRecord: recorded !== undefined,
        balanceAgrees: balanceAgrees ?? null,
        rootAgrees: rootAgrees ?? null,
        balance: recorded ? exactNumber(recorded.balance) : null,
        balanceExact: recorded ? formatAmount(recorded.balance) : null,
        root: recorded ? toHex(recorded.root) : null,
      })),
    };
    return { data };
  },
});
