import { Button, Group, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Dialog } from "./dialog.tsx";
import { Failure } from "./outcome.tsx";

type Props = {
  title: string;
  /** What the button says: the deed itself. */
  deed: string;
  /** What it leads to, before it is done. */
  children: React.ReactNode;
  act: () => Promise<unknown>;
  onClose: () => void;
};

/** Asks before something that cannot be taken back, and says what came of it. */
export function Confirm({ title, deed, children, act, onClose }: Props) {
  const doing = useMutation({ mutationFn: act, onSuccess: onClose });
  return (
    <Dialog title={title} onClose={onClose}>
      <Stack>
        <Text fz="sm" component="div">
          {children}
        </Text>
        {doing.error && <Failure error={doing.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button color="red.9" loading={doing.isPending} onClick={() => doing.mutate()}>
            {deed}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
