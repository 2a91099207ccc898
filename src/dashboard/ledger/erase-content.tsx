import { Button, Group, List, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useSession } from "../app/session.tsx";
import { Dialog } from "../look/dialog.tsx";
import { Moment } from "../look/moment.tsx";
import { Failure } from "../look/outcome.tsx";

type Props = { customerId: string; onClose: () => void };

/** Erases what a customer's deltas say beside their amounts, after the id was typed. */
export function EraseContent({ customerId, onClose }: Props) {
  const { pac } = useSession();
  const cache = useQueryClient();
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState(false);
  const erasing = useMutation({
    mutationFn: () => pac.balance.eraseContent(customerId),
    onSuccess: () => cache.invalidateQueries(),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setWrong(typed !== customerId);
    if (typed === customerId) erasing.mutate();
  };

  if (erasing.data)
    return (
      <Dialog title="The content was erased" onClose={onClose}>
        <Stack>
          <Text fz="sm" role="status">
            The content of {erasing.data.erasedDeltas.toLocaleString("en")} deltas was erased for good at{" "}
            <Moment time={erasing.data.erasedAt} />. Balances, roots and proofs are still valid.
          </Text>
          <Group justify="flex-end">
            <Button onClick={onClose} data-autofocus>
              Done
            </Button>
          </Group>
        </Stack>
      </Dialog>
    );
  return (
    <Dialog title="Erase the content" onClose={onClose}>
      <form onSubmit={submit}>
        <Stack>
          <Text fz="sm">The key that this ledger's content is sealed with is destroyed. Nobody can undo that.</Text>
          <div>
            <Text fz="sm" fw={600}>
              What is lost
            </Text>
            <List fz="sm">
              <List.Item>reason, reference and metadata of every delta so far</List.Item>
              <List.Item>the customer id: the ledger is listed without it, and is found by its address</List.Item>
              <List.Item>receipts with content, where nobody has saved them</List.Item>
            </List>
          </div>
          <div>
            <Text fz="sm" fw={600}>
              What stays
            </Text>
            <List fz="sm">
              <List.Item>amounts, balances, times and sequences</List.Item>
              <List.Item>every root on the chain, every proof, every blind receipt</List.Item>
              <List.Item>receipts that were saved before: they still verify</List.Item>
              <List.Item>recording for this customer: it goes on with a new key</List.Item>
            </List>
          </div>
          {erasing.error && <Failure error={erasing.error} />}
          <TextInput
            label="Type the customer id to confirm"
            placeholder={customerId}
            value={typed}
            onChange={(event) => {
              setTyped(event.currentTarget.value);
              setWrong(false);
            }}
            error={wrong && "This is not the customer id. Nothing was erased."}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" color="red.9" loading={erasing.isPending} disabled={typed === ""}>
              Erase for good
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
