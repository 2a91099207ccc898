import { Box, SegmentedControl, Table, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useSearchParams } from "wouter";
import type { DeliveryState } from "../../sdk/operating-answers.ts";
import { useSession } from "../app/session.tsx";
import { CursorPager, useCursorPages } from "../look/cursor-pages.tsx";
import { Nothing, Outcome } from "../look/outcome.tsx";
import { Surface } from "../look/surface.tsx";
import { DeliveryRow } from "./delivery-row.tsx";
import { DELIVERY_STATES } from "./delivery-state.tsx";
import { useEndpoints } from "./endpoints.tsx";

const PER_PAGE = 25;
const STATES = Object.keys(DELIVERY_STATES) as DeliveryState[];

/** What was sent, what waits, and what was given up, newest event first. */
export function Deliveries() {
  const { pac } = useSession();
  const [search, setSearch] = useSearchParams();
  const status = STATES.find((state) => state === search.get("status"));
  const pages = useCursorPages();
  const { cursor } = pages;
  const endpoints = useEndpoints();
  const deliveries = useQuery({
    queryKey: ["webhooks", "deliveries", status, cursor],
    queryFn: () => pac.webhookEndpoints.deliveries({ status, limit: PER_PAGE, cursor }),
    placeholderData: keepPreviousData,
  });
  const urlOf = new Map(endpoints.data?.webhooks.map(({ id, url }) => [id, url]));

  function choose(value: string) {
    pages.toFirst();
    setSearch(value === "all" ? {} : { status: value }, { replace: true });
  }

  return (
    <Surface
      flush
      title="Deliveries"
      actions={
        <SegmentedControl
          size="xs"
          aria-label="Deliveries to show"
          data={["all", ...STATES]}
          value={status ?? "all"}
          onChange={choose}
        />
      }
    >
      {status && (
        <Text fz="sm" c="dimmed" px="md" pb="sm">
          {DELIVERY_STATES[status].says}
        </Text>
      )}
      <Outcome query={deliveries} lines={6}>
        {({ deliveries: shown, pagination }) =>
          pagination.total === 0 ? (
            <Nothing title={status ? `No ${status} delivery` : "No delivery yet"}>
              {status
                ? "There is none in this state now."
                : "Deliveries come with the first event after a webhook is made."}
            </Nothing>
          ) : (
            <Box aria-busy={deliveries.isPlaceholderData}>
              <Table.ScrollContainer minWidth={900}>
                <Table style={{ whiteSpace: "nowrap" }} verticalSpacing={8} horizontalSpacing="sm" highlightOnHover>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th scope="col">Event</Table.Th>
                      <Table.Th scope="col">To</Table.Th>
                      <Table.Th scope="col">Status</Table.Th>
                      <Table.Th scope="col">Last answer</Table.Th>
                      <Table.Th scope="col">Created</Table.Th>
                      <Table.Td />
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {shown.map((delivery) => (
                      <DeliveryRow
                        key={`${delivery.eventId} ${delivery.endpointId}`}
                        delivery={delivery}
                        url={endpoints.data ? urlOf.get(delivery.endpointId) : "…"}
                      />
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
              <CursorPager
                pages={pages}
                pagination={pagination}
                shown={shown.length}
                name="deliveries"
                busy={deliveries.isPlaceholderData}
              />
            </Box>
          )
        }
      </Outcome>
    </Surface>
  );
}
