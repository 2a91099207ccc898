import { Table, Text } from "@mantine/core";
import { Link } from "wouter";
import type { CheckpointView } from "../../sdk/answers.ts";
import { ledgerPath } from "../app/places.ts";
import { Amount } from "../look/amount.tsx";
import { Hash } from "../look/hash.tsx";
import { Moment } from "../look/moment.tsx";
import { State } from "../look/state.tsx";
import { useExactBalances } from "./exact-balances.ts";
import { windowText } from "./windows.ts";

/** The path of one statement. */
export function checkpointPath(checkpointId: string): string {
  return `/checkpoints/${encodeURIComponent(checkpointId)}`;
}

/** Statements, one row each. */
export function CheckpointTable({ checkpoints }: { checkpoints: readonly CheckpointView[] }) {
  return (
    <Table.ScrollContainer minWidth={1080}>
      <Table verticalSpacing={8} horizontalSpacing="md" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Period (UTC)</Table.Th>
            <Table.Th scope="col">Customer</Table.Th>
            <Table.Th scope="col">Status</Table.Th>
            <Table.Th scope="col" ta="right">
              Deltas
            </Table.Th>
            <Table.Th scope="col" ta="right">
              Opening
            </Table.Th>
            <Table.Th scope="col" ta="right">
              Net change
            </Table.Th>
            <Table.Th scope="col" ta="right">
              Closing
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
      </Table>
    </Table.ScrollContainer>
  );
}

function CheckpointRow({ checkpoint }: { checkpoint: CheckpointView }) {
  const { checkpointId, mode, customerId, ledgerIdentifier, status, deltasCount, netChangeExact, proofRoot } =
    checkpoint;
  const balances = useExactBalances(checkpoint);
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={500}>
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
        <State status={status} />
      </Table.Td>
      <Table.Td ta="right">{deltasCount.toLocaleString("en")}</Table.Td>
      <Table.Td ta="right">{balances ? <Amount exact={balances.openingExact} /> : "…"}</Table.Td>
      <Table.Td ta="right">
        <Amount exact={netChangeExact} signed />
      </Table.Td>
      <Table.Td ta="right">{balances ? <Amount exact={balances.closingExact} /> : "…"}</Table.Td>
      <Table.Td>
        <Hash value={proofRoot} name="proof root" />
      </Table.Td>
      <Table.Td>
        <Moment time={checkpoint.createdAt} />
      </Table.Td>
    </Table.Tr>
  );
}
