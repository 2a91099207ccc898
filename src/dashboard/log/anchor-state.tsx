import { Tooltip } from "@mantine/core";
import { IconCircleCheck, IconClock, IconLoader2 } from "@tabler/icons-react";
import type { AnchorView } from "../../sdk/chain-answers.ts";
import { Tag } from "../look/state.tsx";

const STATES = {
  PREPARED: { tone: "wait", icon: IconClock, says: "Stored here, and about to be sent to the chain." },
  SENT: { tone: "info", icon: IconLoader2, says: "Sent to the chain, and not final enough yet." },
  CONFIRMED: { tone: "good", icon: IconCircleCheck, says: "The contract holds this root, under enough blocks." },
} as const;

/** How far an anchor is on its way to the chain: by word, sign and colour. */
export function AnchorState({ status }: { status: AnchorView["status"] }) {
  const { tone, icon: Icon, says } = STATES[status];
  return (
    <Tooltip label={says}>
      <Tag tone={tone} style={{ minWidth: "max-content" }} icon={<Icon size={13} aria-hidden />}>
        {status}
      </Tag>
    </Tooltip>
  );
}
