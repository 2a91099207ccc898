import { SimpleGrid, Stack, Text } from "@mantine/core";
import type { LocalComparison } from "../../sdk/local-comparison.ts";
import { Amount } from "../look/amount.tsx";
import { Fact, Facts } from "../look/facts.tsx";
import { Hash } from "../look/hash.tsx";
import { Moment } from "../look/moment.tsx";
import { Surface } from "../look/surface.tsx";
import type { LongOutcome } from "./comparing.ts";
import { KINDS, PARTIES } from "./kinds.ts";
import { difference } from "./sums.ts";

/** Where each long list parts from the record first: what both have there. */
export function LongDivergence({ outcome: { found } }: { outcome: LongOutcome }) {
  return (["yours", "theirs"] as const).map((party) => {
    const divergence = found[party]?.divergence;
    return divergence ? (
      <Surface
        key={party}
        title={`${PARTIES[party].name}: where it parts first`}
        style={{ borderColor: "var(--bad)", borderWidth: 2 }}
      >
        <Text fz="sm" mb="sm">
          Delta {divergence.sequence.toLocaleString("en")}. {KINDS[divergence.kind].name}: {KINDS[divergence.kind].says}
          . Everything before it agrees; what comes after it was not looked at.
        </Text>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <RecordSide recorded={divergence.recorded} />
          <ListSide local={divergence.local} />
        </SimpleGrid>
      </Surface>
    ) : null;
  });
}

type Divergence = NonNullable<LocalComparison["divergence"]>;

function RecordSide({ recorded }: Pick<Divergence, "recorded">) {
  if (!recorded) return <Text fz="sm">The record ends before it.</Text>;
  const { deltaExact, balanceExact, recordedAt, receiptId } = recorded;
  return (
    <Stack gap={4}>
      <Text fw={650}>The record</Text>
      <Facts>
        <Fact name="Amount">
          <Amount exact={deltaExact} signed />
        </Fact>
        <Fact name="Balance before">
          <Amount exact={difference(balanceExact, deltaExact)} />
        </Fact>
        <Fact name="Balance after">
          <Amount exact={balanceExact} />
        </Fact>
        <Fact name="Recorded (UTC)">
          <Moment time={recordedAt} />
        </Fact>
        <Fact name="Receipt">
          <Hash value={receiptId} name="receipt id" href={`/verify/${receiptId}`} />
        </Fact>
      </Facts>
    </Stack>
  );
}

function ListSide({ local }: Pick<Divergence, "local">) {
  if (!local) return <Text fz="sm">The list ends before it.</Text>;
  return (
    <Stack gap={4}>
      <Text fw={650}>The list</Text>
      <Facts>
        {"delta" in local && (
          <>
            <Fact name="Amount">
              <Amount exact={local.delta} signed />
            </Fact>
            <Fact name="Balance after">
              <Amount exact={local.balance} />
            </Fact>
          </>
        )}
        {local.receiptId !== undefined && (
          <Fact name="Receipt">
            <Hash value={local.receiptId} name="receipt id" />
          </Fact>
        )}
      </Facts>
    </Stack>
  );
}
