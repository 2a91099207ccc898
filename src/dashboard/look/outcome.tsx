import { Alert, Box, Button, Center, Group, Loader, Skeleton, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconRefresh } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import { explain } from "./explain.ts";

type Props<T> = {
  query: UseQueryResult<T>;
  /** How many lines the skeleton has. */
  lines?: number;
  children: (data: T) => React.ReactNode;
};

/** What a question came to: waiting, failed with what to do, or the answer. An answer that could not be renewed stays, and says so. */
export function Outcome<T>({ query, lines = 4, children }: Props<T>) {
  const { data, error, refetch, isFetching } = query;
  const again = () => void refetch();
  if (data === undefined && error) return <Failure error={error} again={again} busy={isFetching} />;
  if (data === undefined) return <Waiting lines={lines} />;
  return (
    <>
      {error && <Failure error={error} again={again} busy={isFetching} stale />}
      {children(data)}
    </>
  );
}

/** A quiet picture of what will be there. */
export function Waiting({ lines = 4 }: { lines?: number }) {
  return (
    <Stack gap="sm" p="md" role="status" aria-label="loading">
      {Array.from({ length: lines }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines without content, which never change places
        <Skeleton key={i} height={18} width={`${90 - ((i * 13) % 40)}%`} />
      ))}
    </Stack>
  );
}

type FailureProps = { error: unknown; again?: () => void; busy?: boolean; stale?: boolean };

/** What happened, what to do, and what to tell the operator. */
export function Failure({ error, again, busy = false, stale = false }: FailureProps) {
  const { title, what, code, requestId } = explain(error);
  return (
    <Alert
      role="alert"
      variant="light"
      icon={<IconAlertTriangle aria-hidden />}
      title={stale ? `${title} What is shown is the last answer.` : title}
      mb="md"
      styles={{
        root: { background: "var(--bad-soft)", border: "1px solid var(--bad)" },
        title: { color: "var(--bad)" },
        icon: { color: "var(--bad)" },
      }}
    >
      <Text fz="sm">{what}</Text>
      <Group mt="xs" gap="sm">
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
        <Text fz="xs" c="dimmed">
          {code}
          {requestId && ` · request ${requestId}`}
        </Text>
      </Group>
    </Alert>
  );
}

/** A list that has nothing in it, and how it gets something. */
export function Nothing({ title, children }: { title: string; children?: React.ReactNode }) {
  return (
    <Center py={48} px="md">
      <Box ta="center" maw={460}>
        <Text fw={600}>{title}</Text>
        <Text c="dimmed" fz="sm" mt={4} component="div">
          {children}
        </Text>
      </Box>
    </Center>
  );
}

/** Something is being fetched and takes a while. */
export function Busy({ says }: { says: string }) {
  return (
    <Group gap="xs" role="status">
      <Loader size="xs" />
      <Text fz="sm" c="dimmed">
        {says}
      </Text>
    </Group>
  );
}
