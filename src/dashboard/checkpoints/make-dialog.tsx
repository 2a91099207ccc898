import { Button, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { useSession } from "../app/session.tsx";
import { CustomerChoice } from "../compare/customer-choice.tsx";
import { Dialog } from "../look/dialog.tsx";
import { Failure } from "../look/outcome.tsx";
import { checkpointPath } from "./checkpoint-table.tsx";
import { MakePreview } from "./make-preview.tsx";
import { WindowChoiceInput } from "./window-choice.tsx";
import { monthOf, type WindowChoice, windowInput, windowProblem } from "./windows.ts";

type Whose = "one" | "all";

type Props = { customerId: string | null; onClose: () => void };

/** Asks whose statement over which window, shows what would be closed, and makes it. */
export function MakeDialog({ customerId: chosenBefore, onClose }: Props) {
  const { pac } = useSession();
  const cache = useQueryClient();
  const [, go] = useLocation();
  const [whose, setWhose] = useState<Whose>("one");
  const [customerId, setCustomerId] = useState(chosenBefore);
  const [window, setWindow] = useState<WindowChoice>({ kind: "month", period: monthOf(Date.now()) });
  const making = useMutation({
    mutationFn: () =>
      pac.balance.checkpoint({
        ...windowInput(window),
        ...(whose === "one" && customerId !== null && { customerId }),
      }),
    onSuccess: ({ checkpointId }) => {
      void cache.invalidateQueries({ queryKey: ["checkpoints"] });
      onClose();
      go(checkpointPath(checkpointId));
    },
  });
  const { reset } = making;
  const ready = windowProblem(window) === undefined && (whose === "all" || customerId !== null);
  return (
    <Dialog title="Make a checkpoint" onClose={onClose}>
      <Stack>
        <SegmentedControl
          aria-label="whose statement"
          data={[
            { value: "one", label: "One customer" },
            { value: "all", label: "Every customer of the period" },
          ]}
          value={whose}
          onChange={(value) => {
            reset();
            setWhose(value as Whose);
          }}
        />
        {whose === "one" && (
          <CustomerChoice
            value={customerId}
            onChange={(chosen) => {
              reset();
              setCustomerId(chosen);
            }}
          />
        )}
        <WindowChoiceInput
          value={window}
          bounded
          onChange={(chosen) => {
            reset();
            setWindow(chosen);
          }}
        />
        {ready && <MakePreview customerId={whose === "one" ? customerId : null} window={window} />}
        <Text fz="sm" c="dimmed">
          A checkpoint is never changed and never deleted. The same window again with nothing new in it is the same
          checkpoint.
        </Text>
        {making.error && <Failure error={making.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button disabled={!ready} loading={making.isPending} onClick={() => making.mutate()}>
            Make the checkpoint
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
