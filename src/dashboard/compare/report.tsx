import { Alert, Button, Group, Stack, Text, Title } from "@mantine/core";
import { IconCircleCheck, IconDownload, IconGitMerge, IconPrinter } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { download } from "../look/download.ts";
import { Balances } from "./balances.tsx";
import type { Outcome } from "./comparing.ts";
import { DisputeTable } from "./dispute-table.tsx";
import { FirstDivergence } from "./first-divergence.tsx";
import { LongDivergence } from "./long-divergence.tsx";
import { reportCsv, reportJson } from "./report-files.ts";
import { ReportHead } from "./report-head.tsx";
import { SumTable } from "./sum-table.tsx";
import { verdictOf } from "./verdict.ts";

/** What came of a comparison, for the screen and for paper. */
export function Report({ outcome }: { outcome: Outcome }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { agrees, sentence, more } = verdictOf(outcome);
  useEffect(() => heading.current?.focus(), []);
  const name = `tallyroot-comparison-${outcome.question.customerId.replaceAll(/[^A-Za-z0-9_.-]/g, "_")}`;
  return (
    <Stack gap="md" component="section" aria-label="Comparison report">
      <ReportHead outcome={outcome} />
      <Alert
        icon={agrees ? <IconCircleCheck aria-hidden /> : <IconGitMerge aria-hidden />}
        variant="light"
        styles={{
          root: {
            background: `var(--${agrees ? "good" : "bad"}-soft)`,
            border: `1px solid var(--${agrees ? "good" : "bad"})`,
          },
          icon: { color: `var(--${agrees ? "good" : "bad"})` },
        }}
      >
        <Title
          order={2}
          fz="xl"
          ref={heading}
          tabIndex={-1}
          style={{ outline: "none", color: `var(--${agrees ? "good" : "bad"})` }}
        >
          {sentence}
        </Title>
        <Text fz="sm">{more}</Text>
      </Alert>
      {outcome.kind === "whole" && <FirstDivergence outcome={outcome} />}
      {outcome.kind === "long" && <LongDivergence outcome={outcome} />}
      <Balances outcome={outcome} />
      {outcome.kind === "whole" && <SumTable outcome={outcome} />}
      {outcome.kind === "whole" && outcome.listed.length > 0 && <DisputeTable outcome={outcome} />}
      <Group gap="xs" className="no-print">
        <Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => window.print()}>
          Print the report
        </Button>
        <Button
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={() => download(`${name}.json`, "application/json", [reportJson(outcome)])}
        >
          Report as JSON
        </Button>
        {outcome.kind === "whole" && (
          <Button
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            onClick={() => download(`${name}.csv`, "text/csv;charset=utf-8", [reportCsv(outcome)])}
          >
            Disputes as CSV
          </Button>
        )}
      </Group>
    </Stack>
  );
}
