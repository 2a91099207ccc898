import { Box, Table, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { CheckpointView, DeltaStatus } from "../../sdk/answers.ts";
import type { Tallyroot } from "../../sdk/tallyroot.ts";
import { useSession } from "../app/session.tsx";
import { Amount } from "../look/amount.tsx";
import { Moment } from "../look/moment.tsx";
import { Nothing, Outcome } from "../look/outcome.tsx";
import { State } from "../look/state.tsx";
import { Surface } from "../look/surface.tsx";
import { WideTable } from "../look/wide-table.tsx";
import { OffsetPager } from "./offset-pager.tsx";

const PAGE_SIZE = 50;

/** One line of a statement. Without content, a line is its amount, its time and its status. */
type StatementLine = {
  key: string;
  sequence: number | null;
  receiptId: string | null;
  time: string;
  deltaExact: string;
  balanceExact: string | null;
  what: string | null;
  status: DeltaStatus;
};

/** The deltas behind a statement, in their order. */
export function StatementLines({ statement }: { statement: CheckpointView }) {
  const { pac } = useSession();
  const { checkpointId, deltasCount, status } = statement;
  const [offset, setOffset] = useState(0);
  const lines = useQuery({
    // A line's status is all that can change, and it does with the statement's.
    queryKey: ["statement lines", checkpointId, status, offset],
    queryFn: () => linesOf(pac, statement, offset),
    placeholderData: keepPreviousData,
    ...(status === "VERIFIED" && { refetchInterval: false }),
    enabled: deltasCount > 0,
  });
  if (deltasCount === 0)
    return (
      <Surface title="Lines">
        <Nothing title="No delta was recorded in this window">The balance did not change.</Nothing>
      </Surface>
    );
  return (
    <Surface title="Lines" flush>
      <Outcome query={lines} lines={8}>
        {(shown) => (
          <>
            <Lines lines={shown} />
            <OffsetPager
              name="lines"
              pagination={{ total: deltasCount, offset, limit: PAGE_SIZE }}
              shown={shown.length}
              onOffset={setOffset}
            />
          </>
        )}
      </Outcome>
    </Surface>
  );
}

function Lines({ lines }: { lines: readonly StatementLine[] }) {
  const named = lines.some(({ sequence }) => sequence !== null);
  const verified = lines.every(({ status }) => status === "VERIFIED");
  return (
    <>
      {verified && (
        <Text fz="sm" c="dimmed" px="md" pb="xs">
          Every line shown is VERIFIED.
        </Text>
      )}
      <WideTable name="lines of the statement" minWidth={named ? 820 : 480}>
        <Table.Thead>
          <Table.Tr>
            {named && (
              <Table.Th scope="col" ta="right">
                Delta
              </Table.Th>
            )}
            <Table.Th scope="col">Time (UTC)</Table.Th>
            <Table.Th scope="col">Reason</Table.Th>
            <Table.Th scope="col" ta="right">
              Amount
            </Table.Th>
            {named && (
              <Table.Th scope="col" ta="right">
                Balance
              </Table.Th>
            )}
            {!verified && <Table.Th scope="col">Status</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lines.map(({ key, sequence, receiptId, time, what, deltaExact, balanceExact, status }) => (
            <Table.Tr key={key}>
              {sequence !== null && (
                <Table.Th scope="row" ta="right" fw={500}>
                  <a href={`/verify/${receiptId}`}>{sequence.toLocaleString("en")}</a>
                </Table.Th>
              )}
              <Table.Td>
                <Moment time={time} />
              </Table.Td>
              <Table.Td>
                <Text fz="sm" className="cell-text">
                  {what ?? "not disclosed"}
                </Text>
              </Table.Td>
              <Table.Td ta="right">
                <Amount exact={deltaExact} signed />
              </Table.Td>
              {balanceExact !== null && (
                <Table.Td ta="right">
                  <Amount exact={balanceExact} />
                </Table.Td>
              )}
              {!verified && (
                <Table.Td>
                  <Box miw="max-content">
                    <State status={status} />
                  </Box>
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </WideTable>
    </>
  );
}

/**
 * A page of a statement's lines. They are derived rather than asked for as an invoice: over a window that is still open, asking for the
 * invoice with a key that writes would make another statement each time. A selection's and an erased customer's are the public ones.
 */
async function linesOf(pac: Tallyroot, statement: CheckpointView, offset: number): Promise<StatementLine[]> {
  const { customerId, mode, deltasCount, from, to, proofRoot } = statement;
  const limit = Math.min(PAGE_SIZE, deltasCount - offset);
  if (customerId === null || mode === "selection") {
    const { records } = await pac.verify(proofRoot, { limit, offset });
    return records.map(({ amountExact, time, status, reason }, i) => ({
      key: String(offset + i),
      sequence: null,
      receiptId: null,
      time,
      deltaExact: amountExact,
      balanceExact: null,
      what: reason ?? null,
      status,
    }));
  }
  const { deltas } = await pac.balance.derive(customerId, { startDate: from, endDate: to, limit, offset });
  return deltas.map(({ sequence, receiptId, recordedAt, deltaExact, balanceExact, reason, referenceId, status }) => ({
    key: receiptId,
    sequence,
    receiptId,
    time: recordedAt,
    deltaExact,
    balanceExact,
    what: [reason, referenceId].filter((text) => text !== null).join(" · ") || null,
    status,
  }));
}
