import { Box, Button, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import type { ScopeView } from "../../sdk/answers.ts";
import { useSession } from "../app/session.tsx";
import { Nothing, Outcome, Waiting } from "../look/outcome.tsx";
import { Surface } from "../look/surface.tsx";
import { type ChartPoint, granularityOf, pointsOfBreakdown, pointsOfHeads, sampledSequences } from "./chart-points.ts";
import { ChartTable } from "./chart-table.tsx";
import type { Figures } from "./figures.ts";
import { type Period, scopeOf } from "./ledger-place.ts";

// The drawing library is fetched beside the first ledger's figures, not after them.
const drawing = import("./chart-drawing.tsx");
const ChartDrawing = lazy(async () => ({ default: (await drawing).ChartDrawing }));

const NAMES = { day: "after each day", week: "after each week", month: "after each month" } as const;

type Props = { customerId: string; period: Period; scope: ScopeView; figures: Figures };

/** The balance over a period: as a line, or as a table. */
export function BalanceChart({ customerId, period, scope, figures }: Props) {
  const { pac } = useSession();
  const [asTable, setAsTable] = useState(false);
  const { deltas, opening, firstSequence } = figures;
  const granularity = granularityOf(scope);

  async function ask(signal: AbortSignal): Promise<ChartPoint[]> {
    if (granularity !== null) {
      const { breakdown } = await pac.balance.derive(
        customerId,
        { ...scopeOf(period), granularity, limit: 1 },
        { signal },
      );
      return pointsOfBreakdown(opening, breakdown ?? [], Date.now());
    }
    const wanted = sampledSequences(firstSequence!, deltas).map((sequence) => ({ sequence, balance: 0n }));
    return pointsOfHeads((await pac.balance.compareHeads(customerId, wanted, { signal })).heads);
  }
  const points = useQuery({
    // What is on record does not change, so the chart is asked for again only when there is more of it.
    queryKey: ["ledger", customerId, "chart", period, granularity, deltas],
    queryFn: ({ signal }) => ask(signal),
    enabled: firstSequence !== undefined,
    refetchInterval: false,
    placeholderData: keepPreviousData,
  });

  return (
    <Surface
      title="Balance over time"
      actions={
        deltas > 0 && (
          <Button
            size="compact-xs"
            variant="default"
            aria-pressed={asTable}
            onClick={() => setAsTable(!asTable)}
            className="no-print"
          >
            {asTable ? "Show as a chart" : "Show as a table"}
          </Button>
        )
      }
    >
      {firstSequence === undefined ? (
        <Nothing title="Nothing was recorded in this period" />
      ) : (
        <Outcome query={points} lines={6}>
          {(shown) => (
            <>
              <Text fz="xs" c="dimmed" mb="xs">
                {granularity === null
                  ? shown.length < deltas
                    ? `The balance after ${shown.length} of the ${deltas.toLocaleString("en")} deltas, evenly chosen.`
                    : "The balance after each delta."
                  : `The balance ${NAMES[granularity]}, UTC.`}
              </Text>
              {asTable ? (
                <ChartTable points={shown} />
              ) : (
                <Box role="img" aria-label={inWords(figures)}>
                  <Suspense fallback={<Waiting lines={6} />}>
                    <ChartDrawing points={shown} />
                  </Suspense>
                </Box>
              )}
            </>
          )}
        </Outcome>
      )}
    </Surface>
  );
}

function inWords({ opening, closing, deltas }: Figures): string {
  return `Line chart of the balance: from ${opening} to ${closing} over ${deltas} deltas. The same figures are there as a table.`;
}
