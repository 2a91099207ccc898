import { Box, Text } from "@mantine/core";

/** Facts under each other: what it is, and what it says. */
export function Facts({ children }: { children: React.ReactNode }) {
  return (
    <Box
      component="dl"
      m={0}
      style={{ display: "grid", gridTemplateColumns: "minmax(6.5rem, max-content) 1fr", columnGap: 16, rowGap: 6 }}
    >
      {children}
    </Box>
  );
}

export function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <>
      <Text component="dt" fz="sm" c="dimmed">
        {name}
      </Text>
      <Text component="dd" fz="sm" m={0} style={{ minWidth: 0 }}>
        {children}
      </Text>
    </>
  );
}
