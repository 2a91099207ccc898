import { Button, Group, Text } from "@mantine/core";
import { IconDownload, IconShieldCheck } from "@tabler/icons-react";
import { type UseQueryResult, useMutation } from "@tanstack/react-query";
import type { DeltaDetail } from "../../sdk/answers.ts";
import type { VerificationView } from "../../sdk/verification-answers.ts";
import { useSession } from "../app/session.tsx";
import { download } from "../look/download.ts";
import { Fact, Facts } from "../look/facts.tsx";
import { Hash } from "../look/hash.tsx";
import { Failure, Outcome } from "../look/outcome.tsx";

const RECEIPT_TYPE = "application/vnd.tallyroot.receipt+json";

type Props = { delta: DeltaDetail; evidence: UseQueryResult<VerificationView> };

/** Where on the chain a delta's proof is, and the files that prove it. */
export function DeltaEvidence({ delta, evidence }: Props) {
  const { pac } = useSession();
  const { receiptId, sequence, status } = delta;
  const erased = delta.reason === null;
  const saving = useMutation({
    mutationFn: async (blind: boolean) => {
      const file = await pac.balance.receipts.file(receiptId, { blind });
      // The bytes as the server sent them: a receipt is checked byte by byte.
      download(`tallyroot-receipt-${sequence}${blind ? "-blind" : ""}.json`, RECEIPT_TYPE, [new Uint8Array(file)]);
    },
  });
  if (status !== "VERIFIED")
    return (
      <Text fz="sm" c="dimmed">
        The receipt is there once the delta is VERIFIED.
      </Text>
    );
  return (
    <section aria-label="Evidence">
      <Outcome query={evidence} lines={4}>
        {({ verification }) =>
          verification && (
            <Facts>
              <Fact name="Anchor">
                <a href={`/anchors/${verification.index}`}>Anchor {verification.index}</a>
              </Fact>
              <Fact name="Transaction">
                <Hash
                  value={verification.verificationReference}
                  name="transaction hash"
                  whole
                  href={verification.verificationExplorerUrl ?? `/anchors/${verification.index}`}
                />
              </Fact>
              <Fact name="Block">{verification.blockNumber.toLocaleString("en")}</Fact>
              <Fact name="Contract">
                <Hash value={verification.contract} name="contract address" whole href="/contract" />
              </Fact>
            </Facts>
          )
        }
      </Outcome>
      <Group mt="md" gap="xs">
        <Button
          size="xs"
          leftSection={<IconDownload size={14} aria-hidden />}
          loading={saving.isPending && !saving.variables}
          disabled={erased}
          onClick={() => saving.mutate(false)}
        >
          Receipt
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={14} aria-hidden />}
          loading={saving.isPending && saving.variables}
          onClick={() => saving.mutate(true)}
        >
          Blind receipt
        </Button>
        <Button
          size="xs"
          variant="default"
          component="a"
          href={`/verify/${receiptId}`}
          target="_blank"
          rel="noopener"
          leftSection={<IconShieldCheck size={14} aria-hidden />}
        >
          Verify
        </Button>
      </Group>
      <Text fz="xs" c="dimmed" mt="xs">
        {erased
          ? "The content was erased for good; the blind receipt still proves amount, balance and time."
          : "The blind receipt leaves out customer, reason, reference and metadata."}
      </Text>
      {saving.error && <Failure error={saving.error} />}
    </section>
  );
}
