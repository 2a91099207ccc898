import { Group, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useSession } from "../app/session.tsx";
import { explain } from "../look/explain.ts";

/** Milliseconds between two counts of all the rows: the server reads every one of them for it. */
const COUNTED_EVERY_MS = 60_000;
/** Gaps that are told. */
const TOLD = 5;

/** Whether no delta is missing: the sequences are counted, not believed. */
export function GapsLine({ customerId, deltas }: { customerId: string; deltas: number }) {
  const { pac } = useSession();
  const counted = useQuery({
    queryKey: ["ledger", customerId, "gaps"],
    queryFn: ({ signal }) => pac.balance.gaps(customerId, { limit: TOLD }, { signal }),
    refetchInterval: COUNTED_EVERY_MS,
    staleTime: COUNTED_EVERY_MS,
  });
  if (counted.data === undefined) {
    return (
      <Text fz="xs" c="dimmed" mt={4}>
        {counted.error
          ? `The sequences could not be counted. ${explain(counted.error).what}`
          : "Counting the sequences…"}
      </Text>
    );
  }
  const { hasGaps, gaps, expected, present } = counted.data;
  const Icon = hasGaps ? IconAlertTriangle : IconCircleCheck;
  return (
    <Group gap={6} mt={4} wrap="nowrap" align="flex-start" {...(hasGaps && { role: "alert" })}>
      <Icon
        size={15}
        aria-hidden
        color={`var(--${hasGaps ? "bad" : "good"})`}
        style={{ flexShrink: 0, marginTop: 1 }}
      />
      <Text fz="xs" c={hasGaps ? "var(--bad)" : "dimmed"}>
        {hasGaps
          ? `${(expected - present).toLocaleString("en")} of ${expected.toLocaleString("en")} sequences are missing: ${gaps.map(rangeText).join(", ")}. The record was damaged: run the audit.`
          : `Sequences 1 to ${Math.max(expected, 1).toLocaleString("en")} are all there${deltas > expected ? ", counted a moment ago" : ""}.`}
      </Text>
    </Group>
  );
}

function rangeText({ from, to }: { from: number; to: number }): string {
  return from === to ? String(from) : `${from} to ${to}`;
}
