import { ScrollArea, Table } from "@mantine/core";
import { Amount } from "../look/amount.tsx";
import type { ChartPoint } from "./chart-points.ts";

/** What the chart draws, in figures. */
export function ChartTable({ points }: { points: readonly ChartPoint[] }) {
  return (
    <ScrollArea.Autosize mah={240} viewportProps={{ tabIndex: 0, "aria-label": "Balance over time, as a table" }}>
      <Table stickyHeader verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Through</Table.Th>
            <Table.Th scope="col" ta="right">
              Deltas
            </Table.Th>
            <Table.Th scope="col" ta="right">
              Balance
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {points.map(({ at, deltas, exact }) => (
            <Table.Tr key={at}>
              <Table.Th scope="row" fw={400}>
                {at}
              </Table.Th>
              <Table.Td ta="right">{deltas.toLocaleString("en")}</Table.Td>
              <Table.Td ta="right">
                <Amount exact={exact} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}
