import { Box, Group, Text } from "@mantine/core";
import { IconCircleCheck, IconEraser } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { CustomerDetail, DerivationView } from "../../sdk/answers.ts";
import { useSession } from "../app/session.tsx";
import { Amount } from "../look/amount.tsx";
import { Hash } from "../look/hash.tsx";
import { Moment } from "../look/moment.tsx";
import { State, Tag } from "../look/state.tsx";
import { Surface } from "../look/surface.tsx";
import { GapsLine } from "./gaps-line.tsx";

type Props = { customerId: string; customer: CustomerDetail; all: DerivationView };

/** What the whole ledger says. */
export function LedgerHead({ customerId, customer, all }: Props) {
  const { pac } = useSession();
  const { pendingCount, deltasCount, latestCheckpoint } = all;
  const verified = useQuery({
    queryKey: ["ledger", customerId, "verified"],
    queryFn: ({ signal }) => pac.balance.derive(customerId, { finality: "verified", limit: 1 }, { signal }),
    enabled: pendingCount > 0,
  });
  // With nothing on its way, what is verified is what is recorded.
  const verifiedBalance = pendingCount === 0 ? all.computedBalanceExact : verified.data?.computedBalanceExact;
  return (
    <Surface>
      <Group justify="space-between" align="flex-start" gap="lg">
        <Box>
          <Text fz="sm" c="dimmed">
            Balance
          </Text>
          <Amount exact={all.computedBalanceExact} fz={34} fw={650} lh={1.25} style={{ whiteSpace: "normal" }} />
          <Group gap={6} mt={4}>
            {pendingCount === 0 ? (
              <Tag tone="good" icon={<IconCircleCheck size={13} aria-hidden />}>
                all anchored
              </Tag>
            ) : (
              <Tag tone="wait">{count(pendingCount)} on their way</Tag>
            )}
            {customer.status === "erased" && (
              <Tag tone="wait" icon={<IconEraser size={13} aria-hidden />}>
                content erased
              </Tag>
            )}
          </Group>
        </Box>
        <Box maw={460} style={{ minWidth: 0 }}>
          <Text fz="sm" c="dimmed">
            Ledger identifier
          </Text>
          <Hash value={customer.ledgerIdentifier} name="ledger identifier" whole />
          <GapsLine customerId={customerId} deltas={deltasCount} />
        </Box>
      </Group>
      <Group component="dl" align="flex-start" gap="md" style={{ columnGap: 44 }} mt="lg" mb={0} mx={0}>
        <Figure name="Verified balance">
          {verifiedBalance === undefined ? (
            "…"
          ) : (
            <Amount exact={verifiedBalance} style={{ whiteSpace: "normal", overflowWrap: "anywhere" }} />
          )}
        </Figure>
        <Figure name="Deltas">{count(deltasCount)}</Figure>
        <Figure name="Pending">{count(pendingCount)}</Figure>
        <Figure name="First delta">
          <Moment time={customer.firstDeltaAt} relative />
        </Figure>
        <Figure name="Last delta">
          <Moment time={customer.lastDeltaAt} relative />
        </Figure>
        <Figure name="Latest checkpoint">
          {latestCheckpoint === null ? (
            "none yet"
          ) : (
            <Group gap={6}>
              <Link href={`/checkpoints/${encodeURIComponent(latestCheckpoint.checkpointId)}`}>
                {latestCheckpoint.from.slice(0, 10)} to {lastDay(latestCheckpoint.to)}
              </Link>
              <State status={latestCheckpoint.status} />
            </Group>
          )}
        </Figure>
      </Group>
    </Surface>
  );
}

function Figure({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <Box style={{ minWidth: 0 }}>
      <Text component="dt" fz="sm" c="dimmed">
        {name}
      </Text>
      <Text component="dd" fz="sm" m={0}>
        {children}
      </Text>
    </Box>
  );
}

function count(value: number): string {
  return value.toLocaleString("en");
}

/** The last day that belongs to a window, whose end does not. */
function lastDay(to: string): string {
  return new Date(Date.parse(to) - 1).toISOString().slice(0, 10);
}
