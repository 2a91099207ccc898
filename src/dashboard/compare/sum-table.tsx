import { Table, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import { Amount } from "../look/amount.tsx";
import { Tag } from "../look/state.tsx";
import { Surface } from "../look/surface.tsx";
import { WideTable } from "../look/wide-table.tsx";
import type { WholeOutcome } from "./comparing.ts";
import { KINDS, PARTIES } from "./kinds.ts";
import { type PartySum, sumsOf } from "./sums.ts";

/** Each party's disputes by kind, down to the sum that has to be the difference of the balances. */
export function SumTable({ outcome: { comparison, listed } }: { outcome: WholeOutcome }) {
  const sums = (["yours", "theirs"] as const)
    .map((party) => sumsOf(party, comparison, listed))
    .filter((sum) => sum !== null)
    .filter(({ kinds, discrepancyExact }) => kinds.length > 0 || discrepancyExact !== "0");
  if (sums.length === 0) return null;
  return (
    <Surface title="What the difference is made of" flush>
      <WideTable name="what the difference is made of" minWidth={420}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Kind</Table.Th>
            <Table.Th scope="col" ta="right">
              Disputes
            </Table.Th>
            <Table.Th scope="col" ta="right">
              Sum
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        {sums.map((sum) => (
          <PartyRows key={sum.party} sum={sum} unlisted={comparison.disputedCount - listed.length} />
        ))}
      </WideTable>
      {comparison.undecidedCount > 0 && (
        <Text fz="sm" px="md" pb="sm">
          {comparison.undecidedCount.toLocaleString("en")} deltas are neither confirmed nor disputed: a balance alone
          does not tell. {sentence(comparison.message)}
        </Text>
      )}
    </Surface>
  );
}

function PartyRows({ sum, unlisted }: { sum: PartySum; unlisted: number }) {
  const { party, kinds, restExact, sumExact, discrepancyExact } = sum;
  const addsUp = sumExact === discrepancyExact;
  return (
    <Table.Tbody>
      <Table.Tr>
        <Table.Th scope="rowgroup" colSpan={3}>
          {PARTIES[party].name}
        </Table.Th>
      </Table.Tr>
      {kinds.map(({ kind, count, amountExact }) => (
        <Table.Tr key={kind}>
          <Table.Th scope="row" fw={400}>
            {KINDS[kind].name}{" "}
            <Text span fz="sm" c="dimmed" visibleFrom="sm">
              {KINDS[kind].says}
            </Text>
          </Table.Th>
          <Table.Td ta="right">{count.toLocaleString("en")}</Table.Td>
          <Table.Td ta="right">
            <Amount exact={amountExact} signed />
          </Table.Td>
        </Table.Tr>
      ))}
      {restExact !== "0" && (
        <Table.Tr>
          <Table.Th scope="row" fw={400}>
            Among the disputes that are not listed
          </Table.Th>
          <Table.Td ta="right">of {unlisted.toLocaleString("en")}</Table.Td>
          <Table.Td ta="right">
            <Amount exact={restExact} signed />
          </Table.Td>
        </Table.Tr>
      )}
      <Table.Tr style={{ borderTop: "2px solid var(--line)" }}>
        <Table.Th scope="row">
          {PARTIES[party].name} less the record{" "}
          <Tag
            tone={addsUp ? "good" : "bad"}
            icon={addsUp ? <IconCircleCheck size={13} aria-hidden /> : <IconAlertTriangle size={13} aria-hidden />}
          >
            {addsUp ? "adds up exactly" : "does not add up"}
          </Tag>
        </Table.Th>
        <Table.Td />
        <Table.Td ta="right" fw={650}>
          <Amount exact={discrepancyExact} signed fw={650} />
        </Table.Td>
      </Table.Tr>
    </Table.Tbody>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
