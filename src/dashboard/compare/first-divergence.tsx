import { Box, SimpleGrid, Stack, Text } from "@mantine/core";
import type { DivergenceView } from "../../sdk/answers.ts";
import { Amount } from "../look/amount.tsx";
import { Fact, Facts } from "../look/facts.tsx";
import { Hash } from "../look/hash.tsx";
import { Moment } from "../look/moment.tsx";
import { Surface } from "../look/surface.tsx";
import type { PartyName, WholeOutcome } from "./comparing.ts";
import { lineOf } from "./dispute-line.ts";
import { KINDS, PARTIES } from "./kinds.ts";
import { difference } from "./sums.ts";

/** The exact point where they part: what the record has there, and what each party has. */
export function FirstDivergence({ outcome }: { outcome: WholeOutcome }) {
  const { divergence } = outcome.comparison;
  if (!divergence) return null;
  const given = (["yours", "theirs"] as const).filter((party) => outcome.question.views[party] !== undefined);
  return (
    <Surface title="Where they part first" style={{ borderColor: "var(--bad)", borderWidth: 2 }}>
      <SimpleGrid cols={{ base: 1, sm: 2, xl: 1 + given.length }} spacing="lg">
        <RecordSide divergence={divergence} />
        {given.map((party) => (
          <PartySide key={party} party={party} outcome={outcome} divergence={divergence} />
        ))}
      </SimpleGrid>
    </Surface>
  );
}

function RecordSide({ divergence }: { divergence: DivergenceView }) {
  const { sequence, receiptId, recordedAt, balanceBeforeExact, balanceAfterExact } = divergence;
  return (
    <Stack gap={6}>
      <Text fw={650}>The record</Text>
      {receiptId === null ? (
        <Text fz="sm">
          has nothing of this name. After delta {sequence.toLocaleString("en")} its balance is{" "}
          <Amount exact={balanceAfterExact} />.
        </Text>
      ) : (
        <Facts>
          <Fact name={`Delta ${sequence.toLocaleString("en")}`}>
            <Amount exact={difference(balanceAfterExact, balanceBeforeExact)} signed />
          </Fact>
          <Fact name="Balance before">
            <Amount exact={balanceBeforeExact} />
          </Fact>
          <Fact name="Balance after">
            <Amount exact={balanceAfterExact} />
          </Fact>
          <Fact name="Recorded (UTC)">
            <Moment time={recordedAt} />
          </Fact>
          <Fact name="Receipt">
            <Hash value={receiptId} name="receipt id" href={`/verify/${receiptId}`} />
          </Fact>
        </Facts>
      )}
    </Stack>
  );
}

type SideProps = { party: PartyName; outcome: WholeOutcome; divergence: DivergenceView };

function PartySide({ party, outcome, divergence }: SideProps) {
  const unknown = divergence.kind === "NOT_ON_RECORD";
  const here = outcome.listed.filter(
    (dispute) =>
      dispute.party === party &&
      dispute.sequence === divergence.sequence &&
      (dispute.kind === "NOT_ON_RECORD") === unknown,
  );
  return (
    <Stack gap={6}>
      <Text fw={650}>{PARTIES[party].name}</Text>
      {here.length === 0 && (
        <Text fz="sm">
          {outcome.question.views[party]?.kind === "balance"
            ? "states a balance alone, which says nothing of this delta."
            : "agrees with the record here."}
        </Text>
      )}
      {here.slice(0, 3).map((dispute) => (
        <Box key={`${dispute.kind} ${dispute.entry}`}>
          <Text fz="sm">
            {KINDS[dispute.kind].name}: {KINDS[dispute.kind].says}.
          </Text>
          <Facts>
            {dispute.sent?.deltaExact !== undefined && (
              <Fact name="Amount">
                <Amount exact={dispute.sent.deltaExact} signed />
              </Fact>
            )}
            {dispute.sent?.balanceExact !== undefined && (
              <Fact name="Balance after">
                <Amount exact={dispute.sent.balanceExact} />
              </Fact>
            )}
            <Fact name="Difference">
              <Amount exact={dispute.amountExact} signed />
            </Fact>
            {lineOf(dispute, outcome) !== null && <Fact name="In the list">line {lineOf(dispute, outcome)}</Fact>}
          </Facts>
        </Box>
      ))}
    </Stack>
  );
}
