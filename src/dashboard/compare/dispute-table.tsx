import { Button, Group, Table, Text } from "@mantine/core";
import { IconArrowLeft, IconArrowRight } from "@tabler/icons-react";
import { useState } from "react";
import type { DisputeView } from "../../sdk/answers.ts";
import { Amount } from "../look/amount.tsx";
import { Hash } from "../look/hash.tsx";
import { Surface } from "../look/surface.tsx";
import { WideTable } from "../look/wide-table.tsx";
import type { WholeOutcome } from "./comparing.ts";
import { lineOf } from "./dispute-line.ts";
import { KINDS, PARTIES } from "./kinds.ts";
import { useOnPaper } from "./on-paper.ts";

const ROWS = 50;
/** Rows of a printed report: what is beyond is in the file. */
const ROWS_ON_PAPER = 1000;

/** Every disagreement in the record's order, some at a time; on paper as many as fit there. */
export function DisputeTable({ outcome }: { outcome: WholeOutcome }) {
  const { listed, comparison } = outcome;
  const [page, setPage] = useState(0);
  const onPaper = useOnPaper();
  const [first, many] = onPaper ? [0, ROWS_ON_PAPER] : [page * ROWS, ROWS];
  const shown = listed.slice(first, first + many);
  return (
    <Surface title="Disputes" flush>
      <WideTable name="disputes" minWidth={820}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col" ta="right">
              Delta
            </Table.Th>
            <Table.Th scope="col">Party</Table.Th>
            <Table.Th scope="col">Kind</Table.Th>
            <Table.Th scope="col" ta="right">
              Record
            </Table.Th>
            <Table.Th scope="col" ta="right">
              Stated
            </Table.Th>
            <Table.Th scope="col" ta="right">
              Difference
            </Table.Th>
            <Table.Th scope="col">Name, and line of the list</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shown.map((dispute) => (
            <DisputeRow
              key={`${dispute.party} ${dispute.kind} ${dispute.sequence} ${dispute.entry}`}
              dispute={dispute}
              line={lineOf(dispute, outcome)}
            />
          ))}
        </Table.Tbody>
      </WideTable>
      <Group justify="space-between" px="md" py="sm" style={{ borderTop: "1px solid var(--line)" }}>
        <Text fz="sm" c="dimmed">
          {count(first + 1)} to {count(first + shown.length)} of {count(comparison.disputedCount)} disputes
          {listed.length < comparison.disputedCount && `; the first ${count(listed.length)} are listed`}
        </Text>
        <Group gap="xs" className="no-print">
          <Button
            size="xs"
            variant="default"
            leftSection={<IconArrowLeft size={14} aria-hidden />}
            disabled={page === 0}
            onClick={() => setPage(page - 1)}
          >
            Before
          </Button>
          <Button
            size="xs"
            variant="default"
            rightSection={<IconArrowRight size={14} aria-hidden />}
            disabled={(page + 1) * ROWS >= listed.length}
            onClick={() => setPage(page + 1)}
          >
            After
          </Button>
        </Group>
      </Group>
    </Surface>
  );
}

function DisputeRow({ dispute, line }: { dispute: DisputeView; line: number | null }) {
  const { sequence, party, kind, recordedDeltaExact, sent, amountExact } = dispute;
  const stated = sent?.deltaExact;
  return (
    <Table.Tr>
      <Table.Th scope="row" ta="right" fw={500}>
        {kind === "NOT_ON_RECORD" ? `after ${count(sequence)}` : count(sequence)}
      </Table.Th>
      <Table.Td>{PARTIES[party].name}</Table.Td>
      <Table.Td>
        <Text fz="sm" fw={600} c="var(--bad)">
          {KINDS[kind].name}
        </Text>
      </Table.Td>
      <Table.Td ta="right">{recordedDeltaExact === null ? "–" : <Amount exact={recordedDeltaExact} signed />}</Table.Td>
      <Table.Td ta="right">
        {stated !== undefined ? (
          <Amount exact={stated} signed />
        ) : sent?.balanceExact !== undefined ? (
          <>
            balance <Amount exact={sent.balanceExact} />
          </>
        ) : (
          "–"
        )}
      </Table.Td>
      <Table.Td ta="right">
        <Amount exact={amountExact} signed />
      </Table.Td>
      <Table.Td>
        <DisputeName dispute={dispute} />
        {line !== null && (
          <Text fz="xs" c="dimmed">
            line {count(line)}
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

/** What the delta is called: as the party called it, or as the record does. */
function DisputeName({ dispute: { referenceId, receiptId, sent } }: { dispute: DisputeView }) {
  const reference = referenceId ?? sent?.referenceId ?? sent?.recordId;
  if (reference)
    return (
      <Text fz="sm" className="cell-text">
        {reference}
      </Text>
    );
  const receipt = receiptId ?? sent?.receiptId;
  return receipt ? <Hash value={receipt} name="receipt id" /> : <Text fz="sm">delta {sent?.sequence}</Text>;
}

const count = (value: number) => value.toLocaleString("en");
