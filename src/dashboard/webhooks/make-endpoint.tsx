import { Code, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useSession } from "../app/session.tsx";
import { Dialog } from "../look/dialog.tsx";
import { ShownOnce } from "../look/shown-once.tsx";
import { type EndpointFields, EndpointForm } from "./endpoint-form.tsx";
import { ALL_EVENTS } from "./events.ts";

type Props = { taken: readonly string[]; onClose: () => void };

/** Makes a webhook, and shows its secret once. */
export function MakeEndpoint({ taken, onClose }: Props) {
  const { pac } = useSession();
  const cache = useQueryClient();
  const making = useMutation({
    mutationFn: (fields: EndpointFields) => pac.webhookEndpoints.create(fields),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["webhooks"] }),
  });
  if (making.data)
    return (
      <Dialog title="The webhook's secret" keep onClose={onClose}>
        <ShownOnce name="secret" value={making.data.secret} onDone={onClose}>
          <HowToVerify />
        </ShownOnce>
      </Dialog>
    );
  return (
    <Dialog title="New webhook" onClose={onClose}>
      <EndpointForm
        given={{ url: "", events: ALL_EVENTS, description: null }}
        taken={taken}
        deed="Make the webhook"
        error={making.error}
        busy={making.isPending}
        onSubmit={(fields) => making.mutate(fields)}
        onCancel={onClose}
      />
    </Dialog>
  );
}

/** What a receiver does with the secret. */
export function HowToVerify() {
  return (
    <>
      <Text fz="sm">
        A receiver checks with it that a delivery came from here and was not changed. The body must be the bytes that
        came:
      </Text>
      <Code block tabIndex={0} aria-label="how to check a delivery">
        const event = await pac.webhooks.verify(body, request.headers, secret);
      </Code>
    </>
  );
}
