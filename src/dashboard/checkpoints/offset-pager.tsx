import { Button, Group, Text } from "@mantine/core";
import { IconArrowLeft, IconArrowRight } from "@tabler/icons-react";
import type { OffsetPagination } from "../../sdk/answers.ts";

type Props = {
  /** What is listed, in the plural. */
  name: string;
  pagination: OffsetPagination;
  shown: number;
  onOffset: (offset: number) => void;
};

/** Where in a list one is that does not change any more, and the way to its other pages. */
export function OffsetPager({ name, pagination: { total, offset, limit }, shown, onOffset }: Props) {
  return (
    <Group
      component="nav"
      aria-label={`Pages of ${name}`}
      justify="space-between"
      px="md"
      py="sm"
      style={{ borderTop: "1px solid var(--line)" }}
    >
      <Text fz="sm" c="dimmed">
        {count(offset + Math.min(1, shown))} to {count(offset + shown)} of {count(total)} {name}
      </Text>
      <Group gap="xs" className="no-print">
        <Button
          variant="default"
          size="xs"
          leftSection={<IconArrowLeft size={14} aria-hidden />}
          disabled={offset === 0}
          onClick={() => onOffset(Math.max(0, offset - limit))}
        >
          Before
        </Button>
        <Button
          variant="default"
          size="xs"
          rightSection={<IconArrowRight size={14} aria-hidden />}
          disabled={offset + shown >= total}
          onClick={() => onOffset(offset + limit)}
        >
          After
        </Button>
      </Group>
    </Group>
  );
}

function count(value: number): string {
  return value.toLocaleString("en");
}
