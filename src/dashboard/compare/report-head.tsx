import { Box, Text } from "@mantine/core";
import { Fact, Facts } from "../look/facts.tsx";
import { utcText } from "../look/times.ts";
import type { Outcome } from "./comparing.ts";

/** What a printed report begins with: what was compared, when, and against which log. */
export function ReportHead({ outcome }: { outcome: Outcome }) {
  const { question, scopeText, comparedAt, place } = outcome;
  const ledger = outcome.kind === "whole" ? outcome.comparison.ledgerIdentifier : outcome.ledgerIdentifier;
  const window =
    outcome.kind === "whole" && outcome.question.window.kind === "all"
      ? `${scopeText}, ${outcome.comparison.deltasCount.toLocaleString("en")} deltas`
      : scopeText;
  return (
    <Box className="print-only">
      <Text fw={700} fz="lg">
        Tallyroot comparison report
      </Text>
      <Facts>
        <Fact name="Customer">{question.customerId}</Fact>
        <Fact name="Ledger">{ledger}</Fact>
        <Fact name="Period (UTC)">{window}</Fact>
        <Fact name="Compared">{`${utcText(comparedAt)} UTC`}</Fact>
        <Fact name="Chain">{String(place.chainId)}</Fact>
        <Fact name="Contract">{place.contract}</Fact>
        <Fact name="Log">{place.log}</Fact>
      </Facts>
    </Box>
  );
}
