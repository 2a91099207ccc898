import { Box, SimpleGrid, Stack, Text } from "@mantine/core";
import type { DisputeView, DivergenceView } from "../../sdk/answers.ts";
import { Amount } from "../look/amount.tsx";
import { Hash } from "../look/hash.tsx";
import { Moment } from "../look/moment.tsx";
import { Surface } from "../look/surface.tsx";
import type { PartyName, WholeOutcome } from "./comparing.ts";
import { lineOf } from "./dispute-line.ts";
import { KINDS, PARTIES } from "./kinds.ts";

/** The exact point where they part: what the record has there, and what each party has. */
export function FirstDivergence({ outcome }: { outcome: WholeOutcome }) {
  const { divergence } = outcome.comparison;
  if (!divergence) return null;
  const given = (["yours", "theirs"] as const).filter((party) => outcome.question.views[party] !== undefined);
  return (
    <Surface title="Where they part first" style={{ borderColor: "var(--bad)", borderWidth: 2 }}>
      <SimpleGrid cols={{ base: 1, sm: 1 + given.length }} spacing="lg">
        <RecordSide divergence={divergence} listed={outcome.listed} />
        {given.map((party) => (
          <PartySide key={party} party={party} outcome={outcome} divergence={divergence} />
        ))}
      </SimpleGrid>
    </Surface>
  );
}

function RecordSide({ divergence, listed }: { divergence: DivergenceView; listed: readonly DisputeView[] }) {
  const { sequence, receiptId, recordedAt, balanceBeforeExact, balanceAfterExact } = divergence;
  const recorded = listed.find((dispute) => dispute.sequence === sequence && dispute.recordedDeltaExact !== null);
  return (
    <Stack gap={6}>
      <Text fw={650}>The record</Text>
      {receiptId === null ? (
        <Text fz="sm">
          has nothing of this name. After delta {sequence.toLocaleString("en")} its balance is{" "}
          <Amount exact={balanceAfterExact} />.
        </Text>
      ) : (
        <>
          <Line name={`Delta ${sequence.toLocaleString("en")}`}>
            {recorded?.recordedDeltaExact ? <Amount exact={recorded.recordedDeltaExact} signed /> : null}
          </Line>
          <Line name="Balance before">
            <Amount exact={balanceBeforeExact} />
          </Line>
          <Line name="Balance after">
            <Amount exact={balanceAfterExact} />
          </Line>
          <Line name="Recorded (UTC)">
            <Moment time={recordedAt} />
          </Line>
          <Line name="Receipt">
            <Hash value={receiptId} name="receipt id" href={`/verify/${receiptId}`} />
          </Line>
        </>
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
      {here.length === 0 && <Text fz="sm">agrees with the record here.</Text>}
      {here.slice(0, 3).map((dispute) => (
        <Box key={`${dispute.kind} ${dispute.entry}`}>
          <Text fz="sm">
            {KINDS[dispute.kind].name}: {KINDS[dispute.kind].says}.
          </Text>
          {dispute.sent?.deltaExact !== undefined && (
            <Line name="Amount">
              <Amount exact={dispute.sent.deltaExact} signed />
            </Line>
          )}
          {dispute.sent?.balanceExact !== undefined && (
            <Line name="Balance after">
              <Amount exact={dispute.sent.balanceExact} />
            </Line>
          )}
          <Line name="Difference">
            <Amount exact={dispute.amountExact} signed />
          </Line>
          {lineOf(dispute, outcome) !== null && <Line name="In the list">line {lineOf(dispute, outcome)}</Line>}
        </Box>
      ))}
    </Stack>
  );
}

function Line({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <Text fz="sm" component="div" style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
      <Text span fz="sm" c="dimmed">
        {name}
      </Text>
      <span>{children}</span>
    </Text>
  );
}
