import { Box, Button, Group, NativeSelect } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { useSearchParams } from "wouter";
import type { CustomersView } from "../../sdk/answers.ts";
import { useSession } from "../app/session.tsx";
import { pacedBy } from "../look/live.ts";
import { Nothing, Outcome } from "../look/outcome.tsx";
import { Screen } from "../look/screen.tsx";
import { Surface } from "../look/surface.tsx";
import { FirstDelta } from "../overview/first-delta.tsx";
import { LedgerTable } from "./ledger-table.tsx";
import { type ListPlace, ORDERS, paramsOf, placeOf, type Sort } from "./list-place.ts";
import { PageNumbers } from "./page-numbers.tsx";
import { SearchField } from "./search-field.tsx";

/** Every customer's ledger: found by a search, or in an order. */
export function Ledgers() {
  const { pac } = useSession();
  const [params, setParams] = useSearchParams();
  const place = placeOf(params);
  const { search, sort, order, page, size } = place;
  const took = useRef(0);
  const ledgers = useQuery({
    queryKey: ["customers", "list", place],
    queryFn: async ({ signal }): Promise<CustomersView> => {
      const began = performance.now();
      const asked = { ...(search !== "" && { search }), sort, order, page, limit: size };
      const answer = await pac.balance.customers(asked, { signal });
      took.current = performance.now() - began;
      return answer;
    },
    refetchInterval: pacedBy(() => took.current),
    placeholderData: keepPreviousData,
  });

  const go = (change: Partial<ListPlace>, replace = false) => setParams(paramsOf({ ...place, ...change }), { replace });
  const onSort = (by: Sort) => go({ sort: by, order: by === sort && order === "desc" ? "asc" : "desc", page: 1 });

  return (
    <Screen title="Customer Ledgers" lead="One ledger for each customer, from its first delta on.">
      <Surface flush>
        <Group p="md" justify="space-between" className="no-print" role="search">
          <SearchField search={search} onSearch={(text) => text !== search && go({ search: text, page: 1 }, true)} />
          <NativeSelect
            aria-label="order of the ledgers"
            data={ORDERS.map(({ sort: by, order: way, name }) => ({ value: `${by} ${way}`, label: name }))}
            value={`${sort} ${order}`}
            onChange={(event) => {
              const chosen = ORDERS.find(({ sort: by, order: way }) => `${by} ${way}` === event.currentTarget.value);
              if (chosen) go({ sort: chosen.sort, order: chosen.order, page: 1 });
            }}
          />
        </Group>
        <Box aria-busy={ledgers.isPlaceholderData} opacity={ledgers.isPlaceholderData ? 0.6 : 1}>
          <Outcome query={ledgers} lines={10}>
            {({ customers, pagination }) => (
              <>
                <span className="visually-hidden" role="status">
                  {search === "" ? "" : `${pagination.total} ledgers found`}
                </span>
                {customers.length > 0 ? (
                  <LedgerTable customers={customers} place={place} onSort={onSort} />
                ) : (
                  <NoLedgers place={place} total={pagination.total} onPlace={go} />
                )}
                {pagination.total > 0 && (
                  <PageNumbers place={place} pagination={pagination} shown={customers.length} onPlace={go} />
                )}
              </>
            )}
          </Outcome>
        </Box>
      </Surface>
    </Screen>
  );
}

type NoLedgersProps = { place: ListPlace; total: number; onPlace: (change: Partial<ListPlace>) => void };

/** Why nothing is listed, and the way to something. */
function NoLedgers({ place: { search }, total, onPlace }: NoLedgersProps) {
  if (total > 0)
    return (
      <Nothing title="There is no such page">
        <Button mt="sm" variant="default" onClick={() => onPlace({ page: 1 })}>
          Go to the first page
        </Button>
      </Nothing>
    );
  if (search === "") return <FirstDelta />;
  return (
    <Nothing title={`Nothing found for “${search}”`}>
      A search finds a part of a customer id or of a ledger address, capitals or not. Erased ids are not found.
      <br />
      <Button mt="sm" variant="default" onClick={() => onPlace({ search: "", page: 1 })}>
        Show all ledgers
      </Button>
    </Nothing>
  );
}
