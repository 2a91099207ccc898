import { useQuery } from "@tanstack/react-query";
import { formatUnits, units } from "../../sdk/amounts.ts";
import type { CheckpointView } from "../../sdk/answers.ts";
import type { Tallyroot } from "../../sdk/tallyroot.ts";
import { useSession } from "../app/session.tsx";

export type ExactBalances = { openingExact: string; closingExact: string };

/**
 * A statement's balances, digit for digit. The statement itself has them as numbers only, which a double cut; what the record said before its
 * first delta is exact, and cannot change any more. Null while it is fetched, and where nobody can tell: an erased customer's is read
 * from the anchored statement, so not before it is anchored.
 */
export function useExactBalances(statement: CheckpointView): ExactBalances | null {
  const { pac } = useSession();
  const { checkpointId, mode, firstSequence, netChangeExact, customerId, status } = statement;
  const fromZero = mode === "selection" || firstSequence === 1;
  const opening = useQuery({
    queryKey: ["opening", checkpointId],
    queryFn: () => openingOf(pac, statement),
    enabled: !fromZero && (customerId !== null || status === "VERIFIED"),
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) => (state.data === undefined && state.error ? 5000 : false),
  });
  const openingExact = fromZero ? "0" : opening.data;
  if (openingExact === undefined) return null;
  return { openingExact, closingExact: formatUnits(units(openingExact) + units(netChangeExact)) };
}

async function openingOf(pac: Tallyroot, { customerId, firstSequence, proofRoot }: CheckpointView): Promise<string> {
  if (customerId !== null)
    return (await pac.balance.derive(customerId, { at: firstSequence - 1, limit: 1 })).computedBalanceExact;
  const { verification } = await pac.verify(proofRoot, { limit: 1 });
  const anchored = verification?.proof.checkpoint;
  if (!anchored) throw new Error("an anchored window has its fields in its proof");
  // Evidence states amounts in units of 10^-18.
  return formatUnits(BigInt(anchored.openingBalance));
}
