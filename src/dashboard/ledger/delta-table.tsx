import { Table, Text, UnstyledButton } from "@mantine/core";
import type { DeltaView } from "../../sdk/answers.ts";
import { Amount } from "../look/amount.tsx";
import { State } from "../look/state.tsx";
import { utcText } from "../look/times.ts";

type Props = { deltas: readonly DeltaView[]; onOpen: (recordId: string) => void };

/** Deltas, one row each; a row opens the delta's details. */
export function DeltaTable({ deltas, onOpen }: Props) {
  return (
    <Table.ScrollContainer minWidth={560} scrollAreaProps={{ type: "auto" }}>
      <Table verticalSpacing={7} horizontalSpacing="sm" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col" ta="right">
              Sequence
            </Table.Th>
            <Table.Th scope="col">Status</Table.Th>
            <Table.Th scope="col" ta="right">
              Amount
            </Table.Th>
            <Table.Th scope="col" ta="right" visibleFrom="sm">
              Balance after
            </Table.Th>
            <Table.Th scope="col">Time (UTC)</Table.Th>
            <Table.Th scope="col">Reason</Table.Th>
            <Table.Th scope="col" visibleFrom="sm">
              Reference
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {deltas.map(({ recordId, sequence, recordedAt, deltaExact, balanceExact, reason, referenceId, status }) => (
            <Table.Tr key={recordId} onClick={() => onOpen(recordId)} style={{ cursor: "pointer" }}>
              <Table.Th scope="row" ta="right" fw={500}>
                {/* For the keyboard; the rest of the row is as good for a pointer. */}
                <UnstyledButton
                  fz="sm"
                  c="var(--accent)"
                  td="underline"
                  aria-label={`details of delta ${sequence}`}
                  onClick={(event) => {
                    event.stopPropagation();
                    onOpen(recordId);
                  }}
                >
                  {sequence}
                </UnstyledButton>
              </Table.Th>
              <Table.Td>
                <State status={status} />
              </Table.Td>
              <Table.Td ta="right">
                <Amount exact={deltaExact} signed />
              </Table.Td>
              <Table.Td ta="right" visibleFrom="sm">
                <Amount exact={balanceExact} />
              </Table.Td>
              <Table.Td>
                <Text span fz="sm" style={{ whiteSpace: "nowrap" }}>
                  <time dateTime={recordedAt}>{utcText(recordedAt)}</time>
                </Text>
              </Table.Td>
              <Table.Td>
                {reason === null ? (
                  <Erased />
                ) : (
                  <Text fz="sm" lineClamp={2} className="cell-text">
                    {reason}
                  </Text>
                )}
              </Table.Td>
              <Table.Td visibleFrom="sm">
                {referenceId !== null && (
                  <Text fz="sm" lineClamp={2} className="cell-text">
                    {referenceId}
                  </Text>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Erased() {
  return (
    <Text span fz="sm" c="dimmed" fs="italic">
      erased
    </Text>
  );
}
