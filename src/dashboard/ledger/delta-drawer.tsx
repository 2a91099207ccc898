import { Code, Drawer, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useSession } from "../app/session.tsx";
import { Outcome } from "../look/outcome.tsx";
import { DeltaEvidence } from "./delta-evidence.tsx";
import { DeltaFields } from "./delta-fields.tsx";
import { DeltaLife } from "./delta-life.tsx";

/** Milliseconds between two looks at a delta that is on its way. */
const LIVE_MS = 2000;

type Props = { customerId: string; recordId: string | undefined; onClose: () => void };

/** Everything about one delta, beside the list. */
export function DeltaDrawer({ customerId, recordId, onClose }: Props) {
  return (
    <Drawer
      opened={recordId !== undefined}
      onClose={onClose}
      position="right"
      size="lg"
      title="Delta"
      closeButtonProps={{ "aria-label": "close" }}
      styles={{
        title: { fontWeight: 650, fontSize: "1.1rem" },
        content: { background: "var(--surface)" },
        header: { background: "var(--surface)" },
      }}
    >
      {recordId !== undefined && <DeltaDetails customerId={customerId} recordId={recordId} />}
    </Drawer>
  );
}

function DeltaDetails({ customerId, recordId }: { customerId: string; recordId: string }) {
  const { pac } = useSession();
  const delta = useQuery({
    queryKey: ["ledger", customerId, "delta", recordId],
    queryFn: ({ signal }) => pac.balance.deltaStatus(recordId, { signal }),
    // What is verified stays as it is.
    refetchInterval: ({ state: { data, error } }) =>
      error || data?.status === "VERIFIED" || data?.status === "FAILED" ? false : LIVE_MS,
  });
  const receiptId = delta.data?.receiptId;
  const verified = delta.data?.status === "VERIFIED";
  const evidence = useQuery({
    queryKey: ["verify", receiptId],
    queryFn: ({ signal }) => pac.verify(receiptId!, { limit: 1 }, { signal }),
    enabled: receiptId !== undefined && verified,
    refetchInterval: false,
  });
  return (
    <Outcome query={delta} lines={10}>
      {(found) => (
        <Stack gap="lg">
          <DeltaFields delta={found} />
          <DeltaLife delta={found} index={evidence.data?.verification?.index} />
          <DeltaEvidence delta={found} evidence={evidence} />
          {found.metadata !== null && (
            <div>
              <Text fz="sm" c="dimmed" mb={4}>
                Metadata
              </Text>
              <Code
                block
                tabIndex={0}
                aria-label="metadata"
                style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}
              >
                {JSON.stringify(found.metadata, null, 2)}
              </Code>
            </div>
          )}
        </Stack>
      )}
    </Outcome>
  );
}
