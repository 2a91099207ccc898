import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { EndpointView } from "../../sdk/operating-answers.ts";
import { useSession } from "../app/session.tsx";
import { Dialog } from "../look/dialog.tsx";
import { type EndpointFields, EndpointForm } from "./endpoint-form.tsx";

type Props = { endpoint: EndpointView; taken: readonly string[]; onClose: () => void };

/** Changes where a webhook goes, and about what. Its secret stays. */
export function EditEndpoint({ endpoint, taken, onClose }: Props) {
  const { pac } = useSession();
  const cache = useQueryClient();
  const changing = useMutation({
    mutationFn: (fields: EndpointFields) => pac.webhookEndpoints.update(endpoint.id, fields),
    async onSuccess() {
      await cache.invalidateQueries({ queryKey: ["webhooks"] });
      onClose();
    },
  });
  return (
    <Dialog title="Edit webhook" onClose={onClose}>
      <EndpointForm
        given={endpoint}
        taken={taken}
        deed="Save"
        error={changing.error}
        busy={changing.isPending}
        onSubmit={(fields) => changing.mutate(fields)}
        onCancel={onClose}
      />
    </Dialog>
  );
}
