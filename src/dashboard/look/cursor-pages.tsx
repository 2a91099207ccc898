import { Button, Group, Text } from "@mantine/core";
import { IconArrowLeft, IconArrowRight } from "@tabler/icons-react";
import { useState } from "react";

type CursorPages = {
  /** What the page shown is asked for by; undefined for the first one. */
  cursor: string | undefined;
  isFirst: boolean;
  older: (nextCursor: string) => void;
  newer: () => void;
  toFirst: () => void;
};

/** The way through a list that the server pages by cursor, newest first: it keeps its place whatever is added meanwhile. */
export function useCursorPages(): CursorPages {
  const [way, setWay] = useState<readonly string[]>([]);
  return {
    cursor: way.at(-1),
    isFirst: way.length === 0,
    older: (nextCursor) => setWay([...way, nextCursor]),
    newer: () => setWay(way.slice(0, -1)),
    toFirst: () => setWay([]),
  };
}

type Props = {
  pages: CursorPages;
  pagination: { total: number; offset: number; nextCursor: string | null };
  shown: number;
  /** What is listed, in the plural: "anchors". */
  name: string;
  busy: boolean;
};

/** Where in a list one is, and the way to its other pages. */
export function CursorPager({ pages, pagination, shown, name, busy }: Props) {
  const { total, offset, nextCursor } = pagination;
  return (
    <Group
      component="nav"
      aria-label={`Pages of ${name}`}
      justify="space-between"
      px="md"
      py="sm"
      className="no-print"
      style={{ borderTop: "1px solid var(--line)" }}
    >
      <Text fz="sm" c="dimmed">
        {count(offset + Math.min(1, shown))} to {count(offset + shown)} of {count(total)} {name}
      </Text>
      <Group gap="xs">
        <Button
          variant="default"
          size="xs"
          leftSection={<IconArrowLeft size={14} aria-hidden />}
          disabled={pages.isFirst || busy}
          onClick={pages.newer}
        >
          Newer
        </Button>
        <Button
          variant="default"
          size="xs"
          rightSection={<IconArrowRight size={14} aria-hidden />}
          disabled={nextCursor === null || busy}
          onClick={() => nextCursor !== null && pages.older(nextCursor)}
        >
          Older
        </Button>
      </Group>
    </Group>
  );
}

function count(value: number): string {
  return value.toLocaleString("en");
}
