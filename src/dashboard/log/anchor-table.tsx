import { Table } from "@mantine/core";
import type { AnchorView } from "../../sdk/chain-answers.ts";
import { Hash } from "../look/hash.tsx";
import { Moment } from "../look/moment.tsx";
import { AnchorState } from "./anchor-state.tsx";

/** Anchors, one row each. */
export function AnchorTable({ anchors }: { anchors: readonly AnchorView[] }) {
  return (
    <Table.ScrollContainer minWidth={760}>
      <Table style={{ whiteSpace: "nowrap" }} verticalSpacing={8} horizontalSpacing="sm" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Anchor</Table.Th>
            <Table.Th scope="col">Status</Table.Th>
            <Table.Th scope="col">Root</Table.Th>
            <Table.Th scope="col" ta="right">
              Leaves
            </Table.Th>
            <Table.Th scope="col" ta="right">
              Block
            </Table.Th>
            <Table.Th scope="col" ta="right">
              Confirmations
            </Table.Th>
            <Table.Th scope="col" ta="right">
              Gas
            </Table.Th>
            <Table.Th scope="col">Time</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {anchors.map(({ index, status, root, size, blockNumber, confirmations, gasUsed, blockTime, createdAt }) => (
            <Table.Tr key={index}>
              <Table.Th scope="row" fw={500}>
                <a href={`/anchors/${index}`}>{index.toLocaleString("en")}</a>
              </Table.Th>
              <Table.Td>
                <AnchorState status={status} />
              </Table.Td>
              <Table.Td>
                <Hash value={root} name={`root of anchor ${index}`} />
              </Table.Td>
              <Table.Td ta="right">{size.toLocaleString("en")}</Table.Td>
              <Table.Td ta="right">{blockNumber?.toLocaleString("en") ?? "not yet"}</Table.Td>
              <Table.Td ta="right">{confirmations?.toLocaleString("en") ?? "not yet"}</Table.Td>
              <Table.Td ta="right">
                {gasUsed?.toLocaleString("en") ?? <NoGas confirmed={status === "CONFIRMED"} />}
              </Table.Td>
              <Table.Td>
                <Moment time={blockTime ?? createdAt} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** An anchor has its gas from its block on; the server has not always kept it. */
function NoGas({ confirmed }: { confirmed: boolean }) {
  return (
    <>
      <span aria-hidden>–</span>
      <span className="visually-hidden">{confirmed ? "not kept" : "not yet"}</span>
    </>
  );
}
