import { Group, NativeSelect, Pagination, Text } from "@mantine/core";
import type { PagePagination } from "../../sdk/answers.ts";
import { type ListPlace, SIZES } from "./list-place.ts";

type Props = {
  place: ListPlace;
  pagination: PagePagination;
  shown: number;
  onPlace: (change: Partial<ListPlace>) => void;
};

/** Where in the list one is, and the way to its other pages. */
export function PageNumbers({ place, pagination, shown, onPlace }: Props) {
  const { total, page, limit, totalPages } = pagination;
  const before = (page - 1) * limit;
  return (
    <Group
      component="nav"
      aria-label="Pages of ledgers"
      justify="space-between"
      px="md"
      py="sm"
      className="no-print"
      style={{ borderTop: "1px solid var(--line)" }}
    >
      <Text fz="sm" c="dimmed">
        {(before + Math.min(1, shown)).toLocaleString("en")} to {(before + shown).toLocaleString("en")} of{" "}
        {total.toLocaleString("en")} ledgers
      </Text>
      <Group gap="sm">
        <NativeSelect
          size="xs"
          aria-label="ledgers per page"
          data={SIZES.map((size) => ({ value: String(size), label: `${size} per page` }))}
          value={String(place.size)}
          onChange={(event) => onPlace({ size: Number(event.currentTarget.value), page: 1 })}
        />
        {totalPages > 1 && (
          <Pagination
            size="sm"
            total={totalPages}
            value={Math.min(page, totalPages)}
            siblings={1}
            onChange={(next) => onPlace({ page: next })}
            getItemProps={(number) => ({ "aria-label": `page ${number}` })}
            getControlProps={(control) => ({ "aria-label": `${control} page` })}
          />
        )}
      </Group>
    </Group>
  );
}
