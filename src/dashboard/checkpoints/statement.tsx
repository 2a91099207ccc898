import { Box, Button, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconArrowsDiff, IconDownload, IconPrinter, IconShieldCheck } from "@tabler/icons-react";
import { type UseQueryResult, useMutation } from "@tanstack/react-query";
import { Link } from "wouter";
import type { CheckpointView } from "../../sdk/answers.ts";
import { ledgerPath } from "../app/places.ts";
import { useSession } from "../app/session.tsx";
import { Amount } from "../look/amount.tsx";
import { download } from "../look/download.ts";
import { Fact, Facts } from "../look/facts.tsx";
import { Hash } from "../look/hash.tsx";
import { MayNot } from "../look/may-not.tsx";
import { Moment } from "../look/moment.tsx";
import { Failure } from "../look/outcome.tsx";
import { QrCode } from "../look/qr-code.tsx";
import { Screen } from "../look/screen.tsx";
import { State } from "../look/state.tsx";
import { Surface } from "../look/surface.tsx";
import { AnchorPlace } from "./anchor-place.tsx";
import { InvoiceText } from "./invoice-text.tsx";
import { StatementLines } from "./statement-lines.tsx";
import { windowText } from "./windows.ts";

type Props = { statement: CheckpointView; query: UseQueryResult<unknown> };

/** The period-end statement of one ledger: what goes on an invoice, and how to verify it. */
export function Statement({ statement, query }: Props) {
  const { checkpointId, mode, customerId, ledgerIdentifier, deltasCount, firstSequence, netChangeExact } = statement;
  const selection = mode === "selection";
  const last = firstSequence + deltasCount - 1;
  const window = windowText(statement);
  return (
    <Screen
      title={selection ? "Statement over a selection" : `Statement ${window}`}
      tabTitle="Checkpoint"
      lead={
        customerId === null ? (
          <>
            erased customer, ledger <Hash value={ledgerIdentifier} name="ledger identifier" />
          </>
        ) : (
          <Link href={ledgerPath(customerId)}>{customerId}</Link>
        )
      }
      actions={<Actions statement={statement} />}
    >
      {query.error && <Failure error={query.error} stale />}
      <Stack gap="md">
        <Text className="print-only" fw={700}>
          Tallyroot statement
        </Text>
        <Surface>
          <SimpleGrid cols={{ base: 1, md: 3 }}>
            <Figure name="Opening balance" exact={statement.startingBalanceExact} />
            <Figure name="Net change" exact={netChangeExact} signed />
            <Figure name="Closing balance" exact={statement.endingBalanceExact} />
          </SimpleGrid>
        </Surface>
        <Surface title="What is stated">
          <Group align="flex-start" gap="md">
            <Box flex="1 1 26rem" miw={0}>
              <Facts>
                <Fact name="Status">
                  <span role="status">
                    <State status={statement.status} />
                  </span>
                </Fact>
                <Fact name="Customer">{customerId ?? "erased"}</Fact>
                <Fact name="Ledger">
                  <Hash value={ledgerIdentifier} name="ledger identifier" whole />
                </Fact>
                <Fact name="From (UTC)">
                  <Moment time={statement.from} />
                </Fact>
                <Fact name="To, not included (UTC)">
                  <Moment time={statement.to} />
                </Fact>
                <Fact name="Deltas">{deltasText(deltasCount, selection ? null : [firstSequence, last])}</Fact>
                <Fact name="Proof root">
                  <Hash value={statement.proofRoot} name="proof root" whole />
                </Fact>
                <Fact name="Merkle root">
                  <Hash value={statement.merkleRoot} name="merkle root" whole />
                </Fact>
                <Fact name="Made (UTC)">
                  <Moment time={statement.createdAt} />
                </Fact>
                <Fact name="Checkpoint">{checkpointId}</Fact>
                <Fact name="Anchor">
                  <AnchorPlace statement={statement} />
                </Fact>
                <Fact name="Verify at">
                  <a href={statement.verifyUrl}>{statement.verifyUrl}</a>
                </Fact>
              </Facts>
            </Box>
            <Box w={150}>
              <QrCode
                text={statement.verifyUrl}
                name="QR code of the address where anybody can verify this statement"
              />
            </Box>
          </Group>
        </Surface>
        <InvoiceText statement={statement} />
        <StatementLines statement={statement} />
      </Stack>
    </Screen>
  );
}

function Figure({ name, exact, signed = false }: { name: string; exact: string | undefined; signed?: boolean }) {
  return (
    <Box>
      <Text fz="sm" c="dimmed">
        {name}
      </Text>
      <Text fz={18} fw={650} component="div">
        {exact === undefined ? (
          "…"
        ) : (
          <Amount exact={exact} signed={signed} fz="inherit" style={{ whiteSpace: "normal" }} />
        )}
      </Text>
    </Box>
  );
}

function deltasText(count: number, range: readonly [number, number] | null): string {
  if (count === 0) return "none in this window";
  const shown = count.toLocaleString("en");
  return range === null
    ? `${shown}, chosen`
    : `${shown}: ${range[0].toLocaleString("en")} to ${range[1].toLocaleString("en")}`;
}

function Actions({ statement }: { statement: CheckpointView }) {
  const { pac } = useSession();
  const { status, mode, proofRoot, checkpointId, customerId, period } = statement;
  const getting = useMutation({
    mutationFn: async () => (await pac.balance.receipts.file(proofRoot, { deltas: true })) as Uint8Array<ArrayBuffer>,
    onSuccess: (file) => download(`tallyroot-statement-${checkpointId}.json`, "application/json", [file]),
  });
  const compare = new URLSearchParams({ customerId: customerId ?? "", ...(period !== undefined && { period }) });
  return (
    <>
      {getting.error && <Failure error={getting.error} />}
      <Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => window.print()}>
        Print
      </Button>
      <MayNot why={whyNoReceipt(status, mode)}>
        <Button
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          disabled={whyNoReceipt(status, mode) !== null}
          loading={getting.isPending}
          onClick={() => getting.mutate()}
        >
          Receipt
        </Button>
      </MayNot>
      {customerId !== null && mode === "window" && (
        <Button
          component={Link}
          href={`/compare?${compare}`}
          variant="default"
          leftSection={<IconArrowsDiff size={16} aria-hidden />}
        >
          Compare
        </Button>
      )}
      <Button component="a" href={`/verify/${proofRoot}`} leftSection={<IconShieldCheck size={16} aria-hidden />}>
        Verify
      </Button>
    </>
  );
}

function whyNoReceipt(status: CheckpointView["status"], mode: CheckpointView["mode"]): string | null {
  if (mode === "selection") return "A selection has no receipt of its own: each of its deltas has one.";
  return status === "VERIFIED" ? null : "The receipt is there once the statement is VERIFIED.";
}
