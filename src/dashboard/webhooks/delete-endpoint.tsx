import { useQueryClient } from "@tanstack/react-query";
import type { EndpointView } from "../../sdk/operating-answers.ts";
import { useSession } from "../app/session.tsx";
import { Confirm } from "../look/confirm.tsx";

type Props = { endpoint: EndpointView; onClose: () => void };

/** Deletes a webhook, after asking. */
export function DeleteEndpoint({ endpoint, onClose }: Props) {
  const { pac } = useSession();
  const cache = useQueryClient();
  async function remove() {
    await pac.webhookEndpoints.delete(endpoint.id);
    await cache.invalidateQueries({ queryKey: ["webhooks"] });
  }
  return (
    <Confirm title="Delete this webhook?" deed="Delete" act={remove} onClose={onClose}>
      {endpoint.url} is told of nothing any more, for good. What still waits for it is parked and cannot be sent to it
      again. To stop deliveries for a while, pause it instead.
    </Confirm>
  );
}
