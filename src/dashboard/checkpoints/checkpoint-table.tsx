import { Box, Table, Text } from "@mantine/core";
import { Link } from "wouter";
import type { CheckpointView } from "../../sdk/answers.ts";
import { ledgerPath } from "../app/places.ts";
import { Amount } from "../look/amount.tsx";
import { Hash } from "../look/hash.tsx";
import { Moment } from "../look/moment.tsx";
import { State } from "../look/state.tsx";
import { WideTable } from "../look/wide-table.tsx";
import { windowText } from "./windows.ts";

/** The path of one statement. */
export function checkpointPath(checkpointId: string): string {
  return `/checkpoints/${encodeURIComponent(checkpointId)}`;
}

/** Statements, one row each. */
export function CheckpointTable({ checkpoints }: { checkpoints: readonly CheckpointView[] }) {
  return (
    <WideTable name="statements" minWidth={900}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col" style={{ whiteSpace: "nowrap" }}>
            Period (UTC)
          </Table.Th>
          <Table.Th scope="col">Customer</Table.Th>
          <Table.Th scope="col">Status</Table.Th>
          <Table.Th scope="col" ta="right">
            Deltas
          </Table.Th>
          <Table.Th scope="col" ta="right">
            Net change
          </Table.Th>
          <Table.Th scope="col" ta="right">
            Opening and closing
          </Table.Th>
          <Table.Th scope="col">Proof root</Table.Th>
          <Table.Th scope="col">Made (UTC)</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {checkpoints.map((checkpoint) => (
          <CheckpointRow key={checkpoint.checkpointId} checkpoint={checkpoint} />
        ))}
      </Table.Tbody>
    </WideTable>
  );
}

function CheckpointRow({ checkpoint }: { checkpoint: CheckpointView }) {
  const { checkpointId, mode, customerId, ledgerIdentifier, status, deltasCount, proofRoot } = checkpoint;
  const { startingBalanceExact, netChangeExact, endingBalanceExact } = checkpoint;
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={500} style={{ whiteSpace: "nowrap" }}>
        <Link href={checkpointPath(checkpointId)}>{mode === "selection" ? "A selection" : windowText(checkpoint)}</Link>
      </Table.Th>
      <Table.Td>
        {customerId === null ? (
          <Text fz="sm" component="div">
            erased <Hash value={ledgerIdentifier} name="ledger identifier" />
          </Text>
        ) : (
          <Link href={ledgerPath(customerId)}>{customerId}</Link>
        )}
      </Table.Td>
      <Table.Td>
        <Box miw="max-content">
          <State status={status} />
        </Box>
      </Table.Td>
      <Table.Td ta="right">{deltasCount.toLocaleString("en")}</Table.Td>
      <Table.Td ta="right">
        <Amount exact={netChangeExact} signed />
      </Table.Td>
      <Table.Td ta="right">
        <Amount exact={startingBalanceExact} display="block" c="dimmed" />
        <Amount exact={endingBalanceExact} display="block" />
      </Table.Td>
      <Table.Td>
        <Hash value={proofRoot} name="proof root" />
      </Table.Td>
      <Table.Td>
        <Moment time={checkpoint.createdAt} />
      </Table.Td>
    </Table.Tr>
  );
}
