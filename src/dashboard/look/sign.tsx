import { Box, Group, Text } from "@mantine/core";
import { IconCircleCheck, IconCircleX } from "@tabler/icons-react";

/** A thing that is well or not, by word and sign. */
export function Sign({ ok, name, detail }: { ok: boolean; name: string; detail: React.ReactNode }) {
  const Icon = ok ? IconCircleCheck : IconCircleX;
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start">
      <Icon size={18} aria-hidden color={`var(--${ok ? "good" : "bad"})`} style={{ flexShrink: 0, marginTop: 2 }} />
      <Box style={{ minWidth: 0 }}>
        <Text fz="sm" fw={600}>
          {name}: {ok ? "well" : "not well"}
        </Text>
        <Text fz="sm" c="dimmed" component="div">
          {detail}
        </Text>
      </Box>
    </Group>
  );
}
