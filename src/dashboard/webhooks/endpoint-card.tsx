import { ActionIcon, Box, Button, Group, Menu, Text } from "@mantine/core";
import {
  IconDots,
  IconEdit,
  IconPlayerPause,
  IconPlayerPlay,
  IconRefresh,
  IconSend,
  IconTrash,
} from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { EndpointView } from "../../sdk/operating-answers.ts";
import { useSession } from "../app/session.tsx";
import { Moment } from "../look/moment.tsx";
import { Failure } from "../look/outcome.tsx";
import { Tag } from "../look/state.tsx";
import { TestResult } from "./test-result.tsx";

type Props = {
  endpoint: EndpointView;
  onEdit: () => void;
  onRotate: () => void;
  onDelete: () => void;
};

/** One webhook: where it goes, how it has gone so far, and what can be done with it. */
export function EndpointCard({ endpoint, onEdit, onRotate, onDelete }: Props) {
  const { pac } = useSession();
  const cache = useQueryClient();
  const { id, url, description, events, enabled } = endpoint;
  const renew = () => cache.invalidateQueries({ queryKey: ["webhooks"] });
  const testing = useMutation({ mutationFn: () => pac.webhookEndpoints.test(id), onSettled: renew });
  const switching = useMutation({
    mutationFn: () => pac.webhookEndpoints.update(id, { enabled: !enabled }),
    onSuccess: renew,
  });
  const SwitchIcon = enabled ? IconPlayerPause : IconPlayerPlay;
  return (
    <Box component="li" px="md" py="sm" style={{ borderTop: "1px solid var(--line)", listStyle: "none" }}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <Box style={{ flex: "1 1 20rem", minWidth: 0 }}>
          <Group gap="xs">
            <Text fw={600} component="h3" fz="sm">
              {url}
            </Text>
            {enabled ? <Tag tone="good">on</Tag> : <Tag tone="wait">paused: its deliveries wait</Tag>}
          </Group>
          {description && <Text fz="sm">{description}</Text>}
          <Text fz="sm" c="dimmed" mt={4}>
            {events.join(", ")}
          </Text>
          <Health endpoint={endpoint} />
        </Box>
        <Group gap="xs">
          <Button
            variant="default"
            size="xs"
            leftSection={<IconSend size={14} aria-hidden />}
            loading={testing.isPending}
            onClick={() => testing.mutate()}
          >
            Send a test
          </Button>
          <Button
            variant="default"
            size="xs"
            leftSection={<SwitchIcon size={14} aria-hidden />}
            loading={switching.isPending}
            onClick={() => switching.mutate()}
          >
            {enabled ? "Pause" : "Resume"}
          </Button>
          <Menu position="bottom-end" width={200} withInitialFocusPlaceholder={false}>
            <Menu.Target>
              <ActionIcon variant="default" size={30} aria-label={`more actions for ${url}`}>
                <IconDots size={16} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconEdit size={16} aria-hidden />} onClick={onEdit}>
                Edit
              </Menu.Item>
              <Menu.Item leftSection={<IconRefresh size={16} aria-hidden />} onClick={onRotate}>
                Rotate the secret
              </Menu.Item>
              <Menu.Item leftSection={<IconTrash size={16} aria-hidden />} onClick={onDelete}>
                Delete
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
      </Group>
      {switching.error && <Failure error={switching.error} />}
      {testing.error && <Failure error={testing.error} />}
      {testing.data && <TestResult tested={testing.data} onClose={testing.reset} />}
    </Box>
  );
}

/** How an endpoint has gone so far; the counts are of attempts. */
function Health({ endpoint: { lastTriggered, successCount, failureCount } }: { endpoint: EndpointView }) {
  return (
    <Text fz="sm" c="dimmed" mt={4} component="div">
      {lastTriggered === null ? (
        "nothing was sent to it yet"
      ) : (
        <>
          last attempt <Moment time={lastTriggered} relative c="dimmed" />; of all attempts,{" "}
          {successCount.toLocaleString("en")} succeeded and {failureCount.toLocaleString("en")} failed
        </>
      )}
    </Text>
  );
}
