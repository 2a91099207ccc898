import { Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { Link } from "wouter";
import { ledgerPath } from "../app/places.ts";
import { useSession } from "../app/session.tsx";
import { Amount } from "../look/amount.tsx";
import { Hash } from "../look/hash.tsx";
import { pacedBy } from "../look/live.ts";
import { Moment } from "../look/moment.tsx";
import { Nothing, Outcome } from "../look/outcome.tsx";
import { Surface } from "../look/surface.tsx";

const SHOWN = 8;

/** The ledgers that moved last. */
export function LatestLedgers() {
  const { pac } = useSession();
  const took = useRef(0);
  const ledgers = useQuery({
    queryKey: ["customers", "latest"],
    queryFn: async ({ signal }) => {
      const began = performance.now();
      const answer = await pac.balance.customers({ limit: SHOWN, sort: "lastDelta", order: "desc" }, { signal });
      took.current = performance.now() - began;
      return answer;
    },
    refetchInterval: pacedBy(() => took.current),
  });
  return (
    <Surface title="Customer ledgers" flush actions={<Link href="/ledgers">All ledgers</Link>}>
      <Outcome query={ledgers} lines={SHOWN}>
        {({ customers }) =>
          customers.length === 0 ? (
            <Nothing title="No ledger yet">Each customer id gets its own with the first delta.</Nothing>
          ) : (
            <Table.ScrollContainer minWidth={520}>
              <Table verticalSpacing={8} horizontalSpacing="md" highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Customer</Table.Th>
                    <Table.Th ta="right">Deltas</Table.Th>
                    <Table.Th ta="right">Balance</Table.Th>
                    <Table.Th>Last delta</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {customers.map(({ customerId, ledgerIdentifier, totalDeltas, computedBalanceExact, lastDeltaAt }) => (
                    <Table.Tr key={ledgerIdentifier}>
                      <Table.Th scope="row" fw={500}>
                        {customerId === null ? (
                          <Text fz="sm" component="div">
                            erased <Hash value={ledgerIdentifier} name="ledger identifier" />
                          </Text>
                        ) : (
                          <Link href={ledgerPath(customerId)}>{customerId}</Link>
                        )}
                      </Table.Th>
                      <Table.Td ta="right">{totalDeltas.toLocaleString("en")}</Table.Td>
                      <Table.Td ta="right">
                        <Amount exact={computedBalanceExact} />
                      </Table.Td>
                      <Table.Td>
                        <Moment time={lastDeltaAt} relative />
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Outcome>
    </Surface>
  );
}
