import { Box, Group, Stack } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "wouter";
import { useSession } from "../app/session.tsx";
import { Outcome } from "../look/outcome.tsx";
import { Screen } from "../look/screen.tsx";
import { Surface } from "../look/surface.tsx";
import { BalanceChart } from "./balance-chart.tsx";
import { DeltaDrawer } from "./delta-drawer.tsx";
import { Deltas } from "./deltas.tsx";
import { figuresOf } from "./figures.ts";
import { LedgerActions } from "./ledger-actions.tsx";
import { LedgerHead } from "./ledger-head.tsx";
import { type LedgerPlace, type Period, paramsOf, placeOf, scopeOf } from "./ledger-place.ts";
import { PeriodFigures } from "./period-figures.tsx";
import { PeriodPicker } from "./period-picker.tsx";

const ALL: Period = { kind: "all" };

/** One customer's ledger: what it says, how it came to it, and the evidence for every delta. */
export function Ledger({ customerId }: { customerId: string }) {
  const { pac, who, customerId: only } = useSession();
  const [params, setParams] = useSearchParams();
  const place = placeOf(params);
  const { period } = place;
  const go = (change: Partial<LedgerPlace>) => setParams(paramsOf({ ...place, ...change }));

  const customer = useQuery({
    queryKey: ["ledger", customerId, "customer"],
    queryFn: async ({ signal }) => await pac.balance.customer(customerId, { deltaLimit: 1 }, { signal }),
  });
  const derived = (scope: Period) => ({
    queryKey: ["ledger", customerId, "derived", scope],
    queryFn: async ({ signal }: { signal: AbortSignal }) =>
      await pac.balance.derive(customerId, { ...scopeOf(scope), limit: 1 }, { signal }),
    placeholderData: keepPreviousData,
  });
  const all = useQuery(derived(ALL));
  const scoped = useQuery(derived(period));

  return (
    <Screen
      title={customerId}
      lead={only === null ? <Link href="/ledgers">Customer Ledgers</Link> : `Your ledger, as ${who.tenant} keeps it.`}
      actions={customer.data && <LedgerActions customerId={customerId} erased={customer.data.status === "erased"} />}
    >
      <Outcome query={customer} lines={8}>
        {(found) => (
          <Stack gap="md">
            {all.data && <LedgerHead customerId={customerId} customer={found} all={all.data} />}
            <Surface>
              <Group justify="space-between" gap="md">
                <PeriodPicker period={period} onPeriod={(chosen) => go({ period: chosen, top: undefined })} />
                {scoped.data && period.kind !== "all" && <PeriodFigures figures={figuresOf(scoped.data)} />}
              </Group>
            </Surface>
            <Outcome query={scoped} lines={8}>
              {(derivation) => {
                const figures = figuresOf(derivation);
                return (
                  <>
                    <BalanceChart customerId={customerId} period={period} scope={derivation.scope} figures={figures} />
                    <Deltas customerId={customerId} place={place} figures={figures} onPlace={go} />
                  </>
                );
              }}
            </Outcome>
            <Box className="visually-hidden" role="status">
              {all.data && `${all.data.deltasCount} deltas are recorded`}
            </Box>
          </Stack>
        )}
      </Outcome>
      <DeltaDrawer customerId={customerId} recordId={place.recordId} onClose={() => go({ recordId: undefined })} />
    </Screen>
  );
}
