import { Alert, Autocomplete, Button, Group, Radio, Select, Stack, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { KeyScope } from "../../sdk/operating-answers.ts";
import { useSession } from "../app/session.tsx";
import { Dialog } from "../look/dialog.tsx";
import { Failure } from "../look/outcome.tsx";
import { refusedMember } from "../look/refused-member.ts";
import { ShownOnce } from "../look/shown-once.tsx";
import { LIFETIMES } from "./ends.ts";
import { SCOPES } from "./scopes.ts";

const CUSTOMER_ID = /^[A-Za-z0-9_.:-]{1,128}$/;
/** Letters of a label; the server's own limit. */
const LABEL_LENGTH = 100;
const PRESET = "90 days";
const SUGGESTED = 8;

/** Makes an API key, and shows it once. */
export function MakeKey({ onClose }: { onClose: () => void }) {
  const { pac } = useSession();
  const cache = useQueryClient();
  const [label, setLabel] = useState("");
  const [scope, setScope] = useState<KeyScope>("read");
  const [customer, setCustomer] = useState("");
  const [lifetime, setLifetime] = useState<string>(PRESET);
  const [tried, setTried] = useState(false);

  const customerId = scope === "read" ? customer.trim() : "";
  const labelProblem = label.trim() === "" ? "Say what the key is for: it is how you find it again." : null;
  const customerProblem =
    customerId !== "" && !CUSTOMER_ID.test(customerId) ? "1 to 128 of A-Z a-z 0-9 _ . : -, without spaces." : null;

  const making = useMutation({
    mutationFn: () => {
      const ms = LIFETIMES.find(({ name }) => name === lifetime)?.ms ?? null;
      return pac.keys.create({
        scope,
        label: label.trim(),
        ...(customerId !== "" && { customerId }),
        ...(ms !== null && { expiresAt: new Date(Date.now() + ms) }),
      });
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: ["keys"] }),
  });

  const [search] = useDebouncedValue(customerId, 200);
  const known = useQuery({
    queryKey: ["customers", "suggested", search],
    queryFn: () => pac.balance.customers({ search, limit: SUGGESTED }),
    enabled: scope === "read",
    refetchInterval: false,
  });
  const suggested = (known.data?.customers ?? []).flatMap(({ customerId: id }) => (id === null ? [] : [id]));

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (labelProblem === null && customerProblem === null) making.mutate();
  }

  if (making.data)
    return (
      <Dialog title="The new API key" keep onClose={onClose}>
        <ShownOnce name="API key" value={making.data.apiKey} onDone={onClose} />
      </Dialog>
    );
  const refused = refusedMember(making.error, "label");
  return (
    <Dialog title="New API key" onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <Stack>
          {making.error && refused === null && <Failure error={making.error} />}
          <TextInput
            label="Label"
            description="What the key is for, for people. For example: billing backend."
            value={label}
            maxLength={LABEL_LENGTH}
            onChange={(event) => setLabel(event.currentTarget.value)}
            error={tried ? (labelProblem ?? refused) : refused}
            required
            data-autofocus
          />
          <Radio.Group label="Scope" value={scope} onChange={(value) => setScope(value as KeyScope)} required>
            <Stack gap="xs" mt={6}>
              {SCOPES.map(({ scope: name, says }) => (
                <Radio key={name} value={name} label={name} description={says} />
              ))}
            </Stack>
          </Radio.Group>
          {scope === "read" && (
            <Autocomplete
              label="Only one customer"
              description="With a customer's id the key reads this one ledger and nothing else: for handing to a counterparty. Without, it reads all."
              placeholder="all customers"
              data={suggested}
              value={customer}
              onChange={setCustomer}
              error={customerProblem}
              limit={SUGGESTED}
            />
          )}
          {scope === "admin" && (
            <Alert color="gray" title="An admin key can do everything">
              Whoever has it can make further keys and erase content. Prefer one that may less.
            </Alert>
          )}
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
              Make the key
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
