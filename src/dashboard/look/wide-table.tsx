import { Table } from "@mantine/core";

type Props = {
  /** What the table is, for who reaches it by the keyboard. */
  name: string;
  /** Pixels that it needs: below, it scrolls in its own box. */
  minWidth: number;
  children: React.ReactNode;
};

/** A table that scrolls sideways where it has no room, by the keyboard too. */
export function WideTable({ name, minWidth, children }: Props) {
  return (
    <Table.ScrollContainer
      minWidth={minWidth}
      scrollAreaProps={{ viewportProps: { tabIndex: 0, role: "group", "aria-label": name } }}
    >
      <Table verticalSpacing={6} horizontalSpacing="sm" highlightOnHover>
        {children}
      </Table>
    </Table.ScrollContainer>
  );
}
