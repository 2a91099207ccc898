import { Box, Button, Table, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { DeliveryView } from "../../sdk/operating-answers.ts";
import { useSession } from "../app/session.tsx";
import { explain } from "../look/explain.ts";
import { Hash } from "../look/hash.tsx";
import { Moment } from "../look/moment.tsx";
import { DeliveryState } from "./delivery-state.tsx";
import { whyFailed } from "./outcome-words.ts";

type Props = {
  delivery: DeliveryView;
  /** Where it goes; undefined where the webhook was deleted. */
  url: string | undefined;
};

/** One event on its way to one endpoint. */
export function DeliveryRow({ delivery, url }: Props) {
  const { pac } = useSession();
  const cache = useQueryClient();
  const { eventId, event, status, createdAt, nextAttemptAt } = delivery;
  // There is nowhere to send it to any more.
  const gone = url === undefined;
  const again = useMutation({
    mutationFn: () => pac.webhookEndpoints.retry(eventId),
    onSuccess: () => {
      notifications.show({ message: `${event} is sent again now.` });
      return cache.invalidateQueries({ queryKey: ["webhooks"] });
    },
    onError: (error) => {
      const { title, what, code } = explain(error);
      notifications.show({ color: "red", title, message: `${what} (${code})` });
    },
  });
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={500}>
        {event}
        <div>
          <Hash value={eventId} name="event id" />
        </div>
      </Table.Th>
      <Table.Td>
        <Text fz="sm" miw={170} maw={190} style={{ whiteSpace: "normal" }} {...(gone && { c: "dimmed" })}>
          {gone ? "a deleted webhook" : url}
        </Text>
      </Table.Td>
      <Table.Td>
        <DeliveryState status={status} />
        {status === "pending" && (
          <Text fz="xs" c="dimmed" mt={4} component="div">
            {gone ? "will be parked" : <Next at={nextAttemptAt} />}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <LastAnswer delivery={delivery} />
      </Table.Td>
      <Table.Td>
        <Moment time={createdAt} relative />
      </Table.Td>
      <Table.Td ta="right">
        <Button
          variant="default"
          size="compact-xs"
          aria-label={`Send again: ${event} ${eventId}`}
          disabled={gone}
          loading={again.isPending}
          onClick={() => again.mutate()}
        >
          Send again
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

/** When it is tried next; a moment that is over is now, and null is for those before it. */
function Next({ at }: { at: string | null }) {
  if (at === null) return "after those before it";
  return Date.parse(at) <= Date.now() ? (
    "tried now"
  ) : (
    <>
      again <Moment time={at} relative fz="xs" c="dimmed" />
    </>
  );
}

/** What came back the last time, and when that was. */
function LastAnswer({ delivery }: { delivery: DeliveryView }) {
  const { status, attempts, lastStatusCode, lastError, lastAttemptAt } = delivery;
  if (attempts === 0 && lastError === null) return "none yet";
  const answer = status === "delivered" ? `it answered ${lastStatusCode}` : whyFailed(lastStatusCode, lastError);
  return (
    <Box miw={170} maw={190} style={{ whiteSpace: "normal" }}>
      <Text fz="sm">{capital(answer)}</Text>
      <Text fz="xs" c="dimmed" component="div">
        {attempts === 1 ? "1 attempt" : `${attempts.toLocaleString("en")} attempts`}
        {lastAttemptAt !== null && (
          <>
            , <Moment time={lastAttemptAt} relative fz="xs" c="dimmed" />
          </>
        )}
      </Text>
    </Box>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
