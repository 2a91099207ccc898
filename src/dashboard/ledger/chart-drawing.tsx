import { AreaChart } from "@mantine/charts";
import { Box, Text } from "@mantine/core";
import { Amount } from "../look/amount.tsx";
import { type ChartPoint, heightOf } from "./chart-points.ts";
import "@mantine/charts/styles.css";

const SERIES = [{ name: "height", label: "Balance", color: "var(--accent)" }];
/** Short text for the axis; the tooltip has every digit. */
const axis = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** The line itself. */
export function ChartDrawing({ points }: { points: readonly ChartPoint[] }) {
  const data = points.map((point) => ({ ...point, height: heightOf(point.exact) }));
  return (
    <AreaChart
      h={240}
      data={data}
      dataKey="at"
      series={SERIES}
      curveType={points.length > 1 ? "stepAfter" : "linear"}
      withDots={points.length === 1}
      strokeWidth={2}
      fillOpacity={0.14}
      gridAxis="x"
      valueFormatter={(value) => axis.format(value)}
      xAxisProps={{ minTickGap: 48 }}
      yAxisProps={{ width: 64 }}
      areaChartProps={{ accessibilityLayer: false }}
      areaProps={{ isAnimationActive: false }}
      tooltipAnimationDuration={0}
      tooltipProps={{ content: ({ payload }) => <PointTip point={payload?.[0]?.payload as ChartPoint | undefined} /> }}
    />
  );
}

function PointTip({ point }: { point: ChartPoint | undefined }) {
  if (!point) return null;
  return (
    <Box className="surface" px="sm" py={6}>
      <Text fz="xs" c="dimmed">
        {point.at}
      </Text>
      <Amount exact={point.exact} fw={600} />
      <Text fz="xs" c="dimmed">
        {point.deltas === 1 ? "1 delta" : `${point.deltas.toLocaleString("en")} deltas`}
      </Text>
    </Box>
  );
}
