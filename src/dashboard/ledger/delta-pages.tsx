import { Button, Group, Text } from "@mantine/core";
import { IconArrowLeft, IconArrowRight } from "@tabler/icons-react";
import type { LedgerPlace } from "./ledger-place.ts";
import { neighboursOf, windowOf } from "./page-window.ts";

type Props = { place: LedgerPlace; count: number; onPlace: (change: Partial<LedgerPlace>) => void };

/** Which deltas are shown, and the way to the others. */
export function DeltaPages({ place, count, onPlace }: Props) {
  const { top, bottom } = windowOf(place, count);
  const { before, after, end } = neighboursOf(place, count);
  const [earlier, later, first, last] = place.newestFirst
    ? ["Newer", "Older", "Newest", "Oldest"]
    : ["Older", "Newer", "Oldest", "Newest"];
  const steps = [
    { name: first, to: before === null ? null : undefined },
    { name: earlier, to: before, left: <IconArrowLeft size={14} aria-hidden /> },
    { name: later, to: after, right: <IconArrowRight size={14} aria-hidden /> },
    { name: last, to: end },
  ];
  return (
    <Group
      component="nav"
      aria-label="Pages of deltas"
      justify="space-between"
      px="md"
      py="sm"
      className="no-print"
      style={{ borderTop: "1px solid var(--line)" }}
    >
      <Text fz="sm" c="dimmed">
        {Math.min(top, bottom).toLocaleString("en")} to {Math.max(top, bottom).toLocaleString("en")} of{" "}
        {count.toLocaleString("en")} deltas
      </Text>
      <Group gap={6}>
        {steps.map(({ name, to, left, right }) => (
          <Button
            key={name}
            size="xs"
            variant="default"
            leftSection={left}
            rightSection={right}
            disabled={to === null}
            onClick={() => to !== null && onPlace({ top: to })}
          >
            {name}
          </Button>
        ))}
      </Group>
    </Group>
  );
}
