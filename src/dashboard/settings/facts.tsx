import { Box, Text } from "@mantine/core";

/** Facts under their names, one below the other. */
export function Facts({ facts }: { facts: readonly { name: string; value: React.ReactNode }[] }) {
  return (
    <Box component="dl" m={0}>
      {facts.map(({ name, value }) => (
        <Box
          key={name}
          py={6}
          style={{ display: "flex", flexWrap: "wrap", gap: "2px 16px", borderBottom: "1px solid var(--line)" }}
        >
          <Text component="dt" fz="sm" c="dimmed" w={150} style={{ flexShrink: 0 }}>
            {name}
          </Text>
          <Text component="dd" fz="sm" m={0} style={{ flex: "1 1 12rem", minWidth: 0 }}>
            {value}
          </Text>
        </Box>
      ))}
    </Box>
  );
}
