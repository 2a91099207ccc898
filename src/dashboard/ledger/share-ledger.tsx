import { Alert, Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ledgerPath } from "../app/places.ts";
import { useSession } from "../app/session.tsx";
import { LIFETIMES } from "../keys/ends.ts";
import { Dialog } from "../look/dialog.tsx";
import { Failure } from "../look/outcome.tsx";
import { QrCode } from "../look/qr-code.tsx";
import { CopiedText } from "./copied-text.tsx";

const PRESET = "90 days";
/** Letters of a label; the server's own limit. */
const LABEL_LENGTH = 100;

type Props = { customerId: string; onClose: () => void };

/** Makes a key that reads this one ledger, and the link that opens it. */
export function ShareLedger({ customerId, onClose }: Props) {
  const { pac } = useSession();
  const cache = useQueryClient();
  const [label, setLabel] = useState(`counterparty ${customerId}`.slice(0, LABEL_LENGTH));
  const [lifetime, setLifetime] = useState<string>(PRESET);
  const making = useMutation({
    mutationFn: () => {
      const ms = LIFETIMES.find(({ name }) => name === lifetime)?.ms ?? null;
      const expiresAt = ms === null ? {} : { expiresAt: new Date(Date.now() + ms) };
      return pac.keys.create({ scope: "read", customerId, label: label.trim(), ...expiresAt });
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: ["keys"] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (label.trim() !== "") making.mutate();
  };
  if (making.data) return <Shared customerId={customerId} apiKey={making.data.apiKey} onClose={onClose} />;
  return (
    <Dialog title="Share with the counterparty" onClose={onClose}>
      <form onSubmit={submit}>
        <Stack>
          <Text fz="sm">
            Makes a key that reads the ledger of {customerId} and nothing else. Whoever has it sees balances, deltas,
            reasons and references of this customer, and can save receipts. It can record nothing, and it can be revoked
            under API keys.
          </Text>
          {making.error && <Failure error={making.error} />}
          <TextInput
            label="Label"
            description="How you find the key again."
            value={label}
            maxLength={LABEL_LENGTH}
            onChange={(event) => setLabel(event.currentTarget.value)}
            error={label.trim() === "" && "Say whom the key is for."}
            required
            data-autofocus
          />
          <Select
            label="Expires after"
            data={LIFETIMES.map(({ name }) => name)}
            value={lifetime}
            onChange={(value) => setLifetime(value ?? PRESET)}
            allowDeselect={false}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={making.isPending}>
              Make the link
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

function Shared({ customerId, apiKey, onClose }: Props & { apiKey: string | null }) {
  const link = apiKey === null ? null : `${location.origin}${ledgerPath(customerId)}#key=${apiKey}`;
  return (
    <Dialog title="Share with the counterparty" keep onClose={onClose}>
      <Stack>
        {link === null || apiKey === null ? (
          <Alert color="gray" icon={<IconAlertTriangle aria-hidden />} title="The key cannot be shown">
            It was made, and the answer with it was lost on its way. Revoke it under API keys and make another.
          </Alert>
        ) : (
          <>
            <Text fz="sm">
              Copy the link now: it is shown this once. Send it to nobody but the counterparty, by a way that others do
              not read. The part behind # is the key; browsers never send it along with an address.
            </Text>
            <CopiedText name="Link" value={link} />
            <Group align="flex-start" gap="md">
              <QrCode text={link} name="QR code of the link" />
              <Text fz="sm" c="dimmed" maw={240} style={{ flex: "1 1 10rem" }}>
                The same link, for a camera.
              </Text>
            </Group>
            <CopiedText name="Key" value={apiKey} />
          </>
        )}
        <Group justify="flex-end">
          <Button onClick={onClose}>Done</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
