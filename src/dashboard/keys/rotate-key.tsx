import { Button, Group, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { KeyView } from "../../sdk/operating-answers.ts";
import { useSession } from "../app/session.tsx";
import { storeKey } from "../app/stored-key.ts";
import { Dialog } from "../look/dialog.tsx";
import { Failure } from "../look/outcome.tsx";
import { ShownOnce } from "../look/shown-once.tsx";
import { OVERLAPS } from "./ends.ts";

const PRESET = "1 day";

/** Puts a new key in the place of one, which goes on for a while. */
export function RotateKey({ apiKey, onClose }: { apiKey: KeyView; onClose: () => void }) {
  const { pac, who } = useSession();
  const cache = useQueryClient();
  const [overlap, setOverlap] = useState<string>(PRESET);
  const inUse = apiKey.publicId === who.key.publicId;
  const rotating = useMutation({
    mutationFn: () =>
      pac.keys.rotate(apiKey.publicId, {
        overlapSeconds: OVERLAPS.find(({ name }) => name === overlap)?.seconds,
      }),
    onSuccess: ({ apiKey: made }) => {
      // Before anything is asked again: the old key may have ended with this answer.
      if (inUse && made !== null) storeKey(made);
      else void cache.invalidateQueries({ queryKey: ["keys"] });
    },
  });

  if (rotating.data) {
    const { apiKey: made } = rotating.data;
    // The page begins anew, with the key that it has stored.
    const done = () => (inUse && made !== null ? location.reload() : onClose());
    return (
      <Dialog title="The new API key" keep onClose={done}>
        <ShownOnce name="API key" value={made} onDone={done}>
          {inUse && made !== null && <Text fz="sm">This browser goes on with the new key.</Text>}
        </ShownOnce>
      </Dialog>
    );
  }
  return (
    <Dialog title={`Rotate ${apiKey.label || apiKey.publicId}`} onClose={onClose}>
      <Stack>
        <Text fz="sm">
          A new key with the same rights is made. The old one works beside it for a while, so that whoever uses it can
          change over without a gap.
        </Text>
        {inUse && (
          <Text fz="sm" fw={600}>
            This browser uses the key, and takes the new one over by itself.
          </Text>
        )}
        {rotating.error && <Failure error={rotating.error} />}
        <Select
          label="The old key goes on for"
          data={OVERLAPS.map(({ name }) => name)}
          value={overlap}
          onChange={(value) => setOverlap(value ?? PRESET)}
          allowDeselect={false}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button loading={rotating.isPending} onClick={() => rotating.mutate()}>
            Rotate
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
