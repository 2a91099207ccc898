import { Table, Text, Tooltip } from "@mantine/core";
import { IconCircleCheck, IconEraser } from "@tabler/icons-react";
import { Link, useLocation } from "wouter";
import type { CustomerView } from "../../sdk/answers.ts";
import { ledgerPath } from "../app/places.ts";
import { Amount } from "../look/amount.tsx";
import { Hash } from "../look/hash.tsx";
import { Moment } from "../look/moment.tsx";
import { Tag } from "../look/state.tsx";
import type { ListPlace, Sort } from "./list-place.ts";
import { SortHeader } from "./sort-header.tsx";

type Props = {
  customers: readonly CustomerView[];
  place: ListPlace;
  onSort: (sort: Sort) => void;
};

/** Ledgers, one row each; a row leads to its ledger. */
export function LedgerTable({ customers, place, onSort }: Props) {
  const [, go] = useLocation();
  return (
    <Table.ScrollContainer minWidth={560} scrollAreaProps={{ type: "auto" }}>
      <Table verticalSpacing={8} horizontalSpacing="md" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">
              <Tooltip label="Ids are stored sealed, so the record cannot order by them" multiline maw={260}>
                <span>Customer</span>
              </Tooltip>
            </Table.Th>
            <Table.Th scope="col" visibleFrom="sm">
              Ledger
            </Table.Th>
            <SortHeader sort="deltas" name="Deltas" place={place} onSort={onSort} end />
            <SortHeader sort="balance" name="Balance" place={place} onSort={onSort} end />
            <Table.Th scope="col" visibleFrom="sm">
              Status
            </Table.Th>
            <SortHeader sort="lastDelta" name="Last delta" place={place} onSort={onSort} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {customers.map((customer) => {
            const { customerId, ledgerIdentifier, status } = customer;
            // The link is for the keyboard; the rest of the row is as good for a pointer.
            const open = customerId === null ? undefined : () => go(ledgerPath(customerId));
            return (
              <Table.Tr key={ledgerIdentifier} onClick={open} style={open && { cursor: "pointer" }}>
                <Table.Th scope="row" fw={500}>
                  {customerId === null ? (
                    <Text span fz="sm" c="dimmed">
                      erased
                    </Text>
                  ) : (
                    <Link
                      href={ledgerPath(customerId)}
                      className="cell-text"
                      style={{ display: "block" }}
                      onClick={(event) => event.stopPropagation()}
                    >
                      {customerId}
                    </Link>
                  )}
                </Table.Th>
                <Table.Td visibleFrom="sm" onClick={(event) => event.stopPropagation()} style={{ cursor: "auto" }}>
                  <Hash value={ledgerIdentifier} name={`ledger identifier of ${customerId ?? "an erased customer"}`} />
                </Table.Td>
                <Table.Td ta="right">{customer.totalDeltas.toLocaleString("en")}</Table.Td>
                <Table.Td ta="right">
                  <Amount exact={customer.computedBalanceExact} />
                </Table.Td>
                <Table.Td visibleFrom="sm">
                  {status === "active" ? (
                    <Tag tone="good" icon={<IconCircleCheck size={13} aria-hidden />}>
                      active
                    </Tag>
                  ) : (
                    <Tag tone="wait" icon={<IconEraser size={13} aria-hidden />}>
                      erased
                    </Tag>
                  )}
                </Table.Td>
                <Table.Td>
                  <Moment time={customer.lastDeltaAt} relative />
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
