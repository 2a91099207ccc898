import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconClock, IconRefresh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { TallyrootApiError, TallyrootConnectionError } from "../../../sdk/errors.ts";
import { isFingerprint } from "../../../sdk/verifying/verify-receipt.ts";
import { Failure, Waiting } from "../../look/outcome.tsx";
import { server } from "../server.ts";
import type { Brought } from "./choose-evidence.tsx";

/** Milliseconds between two questions whether a receipt is there by now. */
const LOOK_MS = 2000;

type Props = {
  fingerprint: string;
  /** @param listDeltas fetches a statement again together with its deltas; undefined once it was. */
  children: (file: Brought, listDeltas: (() => void) | undefined) => React.ReactNode;
};

/** The receipt that this server has of a fingerprint: blind, as anybody may see it. */
export function FetchedEvidence({ fingerprint, children }: Props) {
  const isOne = isFingerprint(fingerprint);
  const [isListed, setIsListed] = useState(false);
  const receipt = useQuery({
    queryKey: ["receipt", fingerprint, isListed],
    queryFn: () => server().receipts.file(fingerprint, { blind: true, ...(isListed && { deltas: true }) }),
    enabled: isOne,
    refetchInterval: ({ state }) => (state.data || !isWaiting(state.error) ? false : LOOK_MS),
    refetchOnWindowFocus: false,
  });
  const { data } = receipt;
  const file = useMemo(
    () => data && { name: `receipt-${fingerprint.slice(2, 14)}.json`, bytes: data },
    [data, fingerprint],
  );
  if (file) return children(file, isListed ? undefined : () => setIsListed(true));
  if (!isOne)
    return (
      <Told tone="bad" title="This is no fingerprint">
        {"A fingerprint is 0x and 64 digits of 0 to 9 and a to f. Check that the address was copied whole."}
      </Told>
    );
  const { error, isFetching, refetch } = receipt;
  if (!error) return <Waiting />;
  if (isWaiting(error))
    return (
      <Told tone="wait" title="It is recorded, and not anchored yet">
        Its receipt is there once the anchor is final. This page looks again by itself.
      </Told>
    );
  if (error instanceof TallyrootApiError && error.code === "NOT_FOUND")
    return (
      <Told tone="bad" title="This server knows nothing with this fingerprint" note={noteOf(error)}>
        Check that the address was copied whole, and that it is of this server. If you have the file, drop it below: it
        needs no server.
      </Told>
    );
  if (error instanceof TallyrootConnectionError)
    return (
      <Told tone="bad" title="The server does not answer" again={() => void refetch()} busy={isFetching}>
        Drop the receipt file below: this page needs no server to verify it, only an endpoint of the chain.
      </Told>
    );
  return <Failure error={error} again={() => void refetch()} busy={isFetching} />;
}

/** Recorded, and not VERIFIED yet: the server says how far it is. */
function isWaiting(error: unknown): boolean {
  return error instanceof TallyrootApiError && ["QUEUED", "PROCESSING"].includes(String(error.details.status));
}

function noteOf({ code, requestId }: TallyrootApiError): string {
  return requestId === null ? code : `${code} · request ${requestId}`;
}

type ToldProps = {
  tone: "bad" | "wait";
  title: string;
  note?: string;
  again?: () => void;
  busy?: boolean;
  children: React.ReactNode;
};

function Told({ tone, title, note, again, busy = false, children }: ToldProps) {
  const Icon = tone === "wait" ? IconClock : IconAlertTriangle;
  return (
    <Alert
      role="alert"
      variant="light"
      icon={<Icon aria-hidden />}
      title={title}
      styles={{
        root: { background: `var(--${tone}-soft)`, border: `1px solid var(--${tone})` },
        title: { color: `var(--${tone})` },
        icon: { color: `var(--${tone})` },
      }}
    >
      <Stack gap="xs" align="flex-start">
        <Text fz="sm">{children}</Text>
        <Group gap="sm">
          {again && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconRefresh size={14} aria-hidden />}
              onClick={again}
              loading={busy}
            >
              Try again
            </Button>
          )}
          {note && (
            <Text fz="xs" c="dimmed">
              {note}
            </Text>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}
