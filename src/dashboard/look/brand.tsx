import { Group, Text } from "@mantine/core";

/** A tally: four notches and the cut through both halves. */
export function Brand() {
  return (
    <Group gap={10} wrap="nowrap">
      <svg width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="7" fill="#0b5f5c" />
        <g stroke="#fff" strokeWidth="2.6" strokeLinecap="round">
          <path d="M9 9v14M14 9v14M19 9v14M24 9v14" />
          <path d="M6 21 27 11" stroke="#8fe3c8" />
        </g>
      </svg>
      <Text fw={700} fz="lg" lts={-0.2}>
        Tallyroot
      </Text>
    </Group>
  );
}
