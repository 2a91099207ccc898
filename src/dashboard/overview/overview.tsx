import { Box, Grid, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useSession } from "../app/session.tsx";
import { Amount } from "../look/amount.tsx";
import { Outcome } from "../look/outcome.tsx";
import { Screen } from "../look/screen.tsx";
import { Tag } from "../look/state.tsx";
import { Surface } from "../look/surface.tsx";
import { FirstDelta } from "./first-delta.tsx";
import { Health } from "./health.tsx";
import { LatestAnchors } from "./latest-anchors.tsx";
import { LatestLedgers } from "./latest-ledgers.tsx";

/** What is recorded, what of it is verified, and whether all is well. */
export function Overview() {
  const { pac } = useSession();
  const summary = useQuery({ queryKey: ["summary"], queryFn: () => pac.balance.summary() });
  const usage = useQuery({ queryKey: ["usage"], queryFn: () => pac.balance.usage() });

  return (
    <Screen title="Overview" lead="Everything here is counted from the record, and renews itself.">
      <Stack gap="md">
        <Outcome query={summary} lines={3}>
          {(sum) =>
            sum.totalDeltas === 0 ? (
              <FirstDelta />
            ) : (
              <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="md">
                <Figure
                  name="Recorded"
                  value={count(sum.totalDeltas)}
                  note={`deltas in ${count(sum.customers)} ledgers`}
                />
                <Figure
                  name="Verified"
                  value={count(sum.verifiedDeltas)}
                  note={
                    sum.pendingDeltas === 0 ? (
                      <Tag tone="good" icon={<IconCircleCheck size={13} aria-hidden />}>
                        all anchored
                      </Tag>
                    ) : (
                      <Tag tone="wait">{count(sum.pendingDeltas)} on their way</Tag>
                    )
                  }
                />
                <Figure
                  name="Net balance"
                  value={<Amount exact={sum.netBalanceExact} fz="inherit" fw={600} style={{ whiteSpace: "normal" }} />}
                  long={sum.netBalanceExact.length > FITS_LARGE}
                  note="over all ledgers"
                />
                <Figure
                  name="This month"
                  value={usage.data ? count(usage.data.used) : "…"}
                  note={usage.data ? quota(usage.data) : "deltas"}
                />
              </SimpleGrid>
            )
          }
        </Outcome>
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 7 }}>
            <LatestLedgers />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 5 }}>
            <Stack gap="md">
              <Health />
              <LatestAnchors />
            </Stack>
          </Grid.Col>
        </Grid>
      </Stack>
    </Screen>
  );
}

/** Characters that fit in large type; longer values are smaller, and still whole. */
const FITS_LARGE = 12;

type FigureProps = { name: string; value: React.ReactNode; note: React.ReactNode; long?: boolean };

/** One number that is to be seen at a glance. */
function Figure({ name, value, note, long = false }: FigureProps) {
  return (
    <Surface>
      <Text fz="sm" c="dimmed">
        {name}
      </Text>
      <Text fz={long ? 18 : 26} fw={650} lh={1.3} component="div">
        {value}
      </Text>
      <Box fz="sm" c="dimmed" mt={2}>
        {note}
      </Box>
    </Surface>
  );
}

/** Counts are whole and below 2^53: here a number is exact. */
function count(value: number): string {
  return value.toLocaleString("en");
}

function quota({ allowed, remaining, period }: { allowed: number | null; remaining: number | null; period: string }) {
  return allowed === null || remaining === null
    ? `deltas in ${period}, no quota`
    : `deltas in ${period}; ${count(remaining)} of ${count(allowed)} left`;
}
