import { Box, Text } from "@mantine/core";
import { Facts } from "../checkpoints/facts.tsx";
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
      <Facts
        facts={[
          ["Customer", question.customerId],
          ["Ledger", ledger],
          ["Period (UTC)", window],
          ["Compared", `${utcText(comparedAt)} UTC`],
          ["Chain", String(place.chainId)],
          ["Contract", place.contract],
          ["Log", place.log],
        ]}
      />
    </Box>
  );
}
