import { Button, Group, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { EndpointView } from "../../sdk/operating-answers.ts";
import { useSession } from "../app/session.tsx";
import { Dialog } from "../look/dialog.tsx";
import { Moment } from "../look/moment.tsx";
import { Failure } from "../look/outcome.tsx";
import { ShownOnce } from "../look/shown-once.tsx";

type Props = { endpoint: EndpointView; onClose: () => void };

/** Gives a webhook a new secret, shown once. */
export function RotateSecret({ endpoint, onClose }: Props) {
  const { pac } = useSession();
  const rotating = useMutation({ mutationFn: () => pac.webhookEndpoints.rotate(endpoint.id) });
  if (rotating.data) {
    const { secret, previousSecretUntil } = rotating.data;
    return (
      <Dialog title="The webhook's new secret" keep onClose={onClose}>
        <ShownOnce name="secret" value={secret} onDone={onClose}>
          {previousSecretUntil && (
            <Text fz="sm" component="div">
              Until <Moment time={previousSecretUntil} /> each delivery is signed with the old secret as well.
            </Text>
          )}
        </ShownOnce>
      </Dialog>
    );
  }
  return (
    <Dialog title="Rotate the secret" onClose={onClose}>
      <Stack>
        <Text fz="sm">
          Deliveries to {endpoint.url} get a new secret. For 24 hours they are signed with the old one as well, so that
          the receiver can change over without a gap. After that the old one is worth nothing.
        </Text>
        {rotating.error && <Failure error={rotating.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button loading={rotating.isPending} onClick={() => rotating.mutate()} data-autofocus>
            Rotate
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
