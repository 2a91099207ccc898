import { Alert, Button, Checkbox, Group, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { EventName } from "../../sdk/operating-answers.ts";
import { Failure } from "../look/outcome.tsx";
import { refusedMember } from "../look/refused-member.ts";
import { urlProblem, urlRefusal } from "./endpoint-url.ts";
import { EVENTS } from "./events.ts";

/** What of an endpoint a person decides. */
export type EndpointFields = { url: string; events: readonly EventName[]; description: string | null };

/** Letters of a description; the server's own limit. */
const DESCRIPTION_LENGTH = 255;

type Props = {
  given: EndpointFields;
  /** URLs of the other endpoints. */
  taken: readonly string[];
  deed: string;
  error: unknown;
  busy: boolean;
  onSubmit: (fields: EndpointFields) => void;
  onCancel: () => void;
};

/** Where to, about what, and what it is. */
export function EndpointForm({ given, taken, deed, error, busy, onSubmit, onCancel }: Props) {
  const [url, setUrl] = useState(given.url);
  const [events, setEvents] = useState<readonly EventName[]>(given.events);
  const [description, setDescription] = useState(given.description ?? "");
  const [tried, setTried] = useState(false);
  const [refusedUrl, setRefusedUrl] = useState<string | null>(null);

  const to = url.trim();
  const refusal = refusedMember(error, "url");
  // A refusal is about the URL that was sent, and is over when another one is typed.
  const urlError =
    (tried ? urlProblem(to) : null) ?? (refusal !== null && refusedUrl === to ? urlRefusal(refusal) : null);

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (urlProblem(to) !== null || events.length === 0) return;
    setRefusedUrl(to);
    onSubmit({ url: to, events, description: description.trim() === "" ? null : description.trim() });
  }

  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {error !== null && refusal === null && <Failure error={error} />}
        <TextInput
          label="URL"
          description="Events are posted here, signed. For example https://example.com/hooks/tallyroot."
          type="url"
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          error={urlError}
          required
          data-autofocus
        />
        {taken.includes(to) && (
          <Alert color="gray" title="Another webhook has this URL already">
            It would be told of each event twice, under two secrets.
          </Alert>
        )}
        <Checkbox.Group
          label="Events"
          value={[...events]}
          onChange={(chosen) => setEvents(chosen as EventName[])}
          error={tried && events.length === 0 ? "Choose one at least." : null}
          required
        >
          <Stack gap="xs" mt={6}>
            {EVENTS.map(({ event, says }) => (
              <Checkbox key={event} value={event} label={event} description={says} />
            ))}
          </Stack>
        </Checkbox.Group>
        <TextInput
          label="Description"
          description="For people; the receiver does not see it."
          value={description}
          maxLength={DESCRIPTION_LENGTH}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            {deed}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
