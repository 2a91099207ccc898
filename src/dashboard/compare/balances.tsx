import { Box, SimpleGrid, Text } from "@mantine/core";
import { Amount } from "../look/amount.tsx";
import { Surface } from "../look/surface.tsx";
import type { Outcome, PartyName } from "./comparing.ts";
import { PARTIES } from "./kinds.ts";
import { partyBalance } from "./sums.ts";

type Shown = { name: string; exact: string | null; note: React.ReactNode };

/** The record's balance and each party's, side by side. */
export function Balances({ outcome }: { outcome: Outcome }) {
  const parties = (["yours", "theirs"] as const).map((party) => shownOf(outcome, party));
  const record: Shown =
    outcome.kind === "whole"
      ? { name: "The record", exact: outcome.comparison.computedBalanceExact, note: countedFrom(outcome.question) }
      : { name: "The record", exact: outcome.computedBalanceExact, note: "of the whole history" };
  return (
    <Surface title="Balances">
      <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="md">
        {[record, ...parties].map(({ name, exact, note }) => (
          <Box key={name}>
            <Text fz="sm" c="dimmed">
              {name}
            </Text>
            <Text fz="lg" fw={650} component="div" style={{ overflowWrap: "anywhere" }}>
              {exact === null ? "not stated" : <Amount exact={exact} fz="inherit" style={{ whiteSpace: "normal" }} />}
            </Text>
            <Text fz="sm" c="dimmed" component="div">
              {note}
            </Text>
          </Box>
        ))}
      </SimpleGrid>
    </Surface>
  );
}

function countedFrom({ window, countedFrom: from }: Outcome["question"]): string {
  if (window.kind === "all") return "of the whole history";
  return from === "ledger" ? "at the period's end" : "of the period alone";
}

function shownOf(outcome: Outcome, party: PartyName): Shown {
  const { name } = PARTIES[party];
  if (outcome.kind === "long") {
    const local = outcome.found[party];
    const rows =
      local &&
      `${local.localCount.toLocaleString("en")} rows, ${local.deltasCount.toLocaleString("en")} deltas on record`;
    return { name, exact: null, note: rows ?? "" };
  }
  const { computedBalanceExact, yourDiscrepancyExact, theirDiscrepancyExact } = outcome.comparison;
  const apart = party === "yours" ? yourDiscrepancyExact : theirDiscrepancyExact;
  if (apart === null) return { name, exact: null, note: "" };
  const note =
    apart === "0" ? (
      "the same"
    ) : (
      <>
        <Amount exact={apart} signed /> apart from the record
      </>
    );
  return { name, exact: partyBalance(computedBalanceExact, apart), note };
}
