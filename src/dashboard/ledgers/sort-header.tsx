import { Group, Table, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowsSort, IconArrowUp } from "@tabler/icons-react";
import type { ListPlace, Sort } from "./list-place.ts";

type Props = {
  sort: Sort;
  name: string;
  place: Pick<ListPlace, "sort" | "order">;
  onSort: (sort: Sort) => void;
  /** The column is set right-aligned. */
  end?: boolean;
};

/** A column's head that orders the list by it, and the other way round when it does already. */
export function SortHeader({ sort, name, place, onSort, end = false }: Props) {
  const active = place.sort === sort;
  const Icon = !active ? IconArrowsSort : place.order === "desc" ? IconArrowDown : IconArrowUp;
  return (
    <Table.Th
      scope="col"
      {...(end && { ta: "right" as const })}
      {...(active && { "aria-sort": place.order === "desc" ? ("descending" as const) : ("ascending" as const) })}
    >
      <UnstyledButton
        fz="inherit"
        fw="inherit"
        onClick={() => onSort(sort)}
        aria-label={`order by ${name.toLowerCase()}`}
      >
        <Group component="span" gap={4} wrap="nowrap" display="inline-flex">
          {name}
          <Icon size={14} aria-hidden opacity={active ? 1 : 0.55} />
        </Group>
      </UnstyledButton>
    </Table.Th>
  );
}
