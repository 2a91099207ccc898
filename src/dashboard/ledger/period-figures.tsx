import { Box, Group, Text } from "@mantine/core";
import { Amount } from "../look/amount.tsx";
import type { Figures } from "./figures.ts";

/** What a period changed: from which balance to which. */
export function PeriodFigures({ figures }: { figures: Figures }) {
  const { opening, closing, netChange, deltas, firstSequence } = figures;
  if (firstSequence === undefined) return null;
  return (
    <Group gap="xl" align="flex-start" component="dl" m={0}>
      <Figure name="Opening balance">
        <Amount exact={opening} />
      </Figure>
      <Figure name="Net change">
        <Amount exact={netChange} signed />
      </Figure>
      <Figure name="Closing balance">
        <Amount exact={closing} fw={650} />
      </Figure>
      <Figure name="Deltas">{deltas.toLocaleString("en")}</Figure>
    </Group>
  );
}

function Figure({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <Box>
      <Text component="dt" fz="xs" c="dimmed">
        {name}
      </Text>
      <Text component="dd" fz="sm" m={0}>
        {children}
      </Text>
    </Box>
  );
}
