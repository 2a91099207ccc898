import { SimpleGrid, Stack, Text } from "@mantine/core";
import type { LocalComparison } from "../../sdk/local-comparison.ts";
import { Facts } from "../checkpoints/facts.tsx";
import { Amount } from "../look/amount.tsx";
import { Hash } from "../look/hash.tsx";
import { Moment } from "../look/moment.tsx";
import { Surface } from "../look/surface.tsx";
import type { LongOutcome } from "./comparing.ts";
import { KINDS, PARTIES } from "./kinds.ts";
import { balanceBefore } from "./sums.ts";

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
      <Facts
        facts={[
          ["Amount", <Amount key="amount" exact={deltaExact} signed />],
          ["Balance before", <Amount key="before" exact={balanceBefore(balanceExact, deltaExact)} />],
          ["Balance after", <Amount key="after" exact={balanceExact} />],
          ["Recorded (UTC)", <Moment key="time" time={recordedAt} />],
          ["Receipt", <Hash key="receipt" value={receiptId} name="receipt id" href={`/verify/${receiptId}`} />],
        ]}
      />
    </Stack>
  );
}

function ListSide({ local }: Pick<Divergence, "local">) {
  if (!local) return <Text fz="sm">The list ends before it.</Text>;
  return (
    <Stack gap={4}>
      <Text fw={650}>The list</Text>
      <Facts
        facts={[
          ...("delta" in local
            ? ([
                ["Amount", <Amount key="amount" exact={local.delta} signed />],
                ["Balance after", <Amount key="after" exact={local.balance} />],
              ] as const)
            : []),
          ...(local.receiptId
            ? ([["Receipt", <Hash key="receipt" value={local.receiptId} name="receipt id" />]] as const)
            : []),
        ]}
      />
    </Stack>
  );
}
