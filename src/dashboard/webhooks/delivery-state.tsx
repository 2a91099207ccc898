import { Tooltip } from "@mantine/core";
import { IconCircleCheck, IconClock, IconPlayerStop } from "@tabler/icons-react";
import type { DeliveryState as State } from "../../sdk/operating-answers.ts";
import { Tag } from "../look/state.tsx";

/** What the states of a delivery mean. */
export const DELIVERY_STATES = {
  pending: {
    tone: "wait",
    icon: IconClock,
    says: "It is sent as soon as it has its turn, or tried again after a pause.",
  },
  delivered: { tone: "good", icon: IconCircleCheck, says: "The receiver answered with success." },
  parked: {
    tone: "bad",
    icon: IconPlayerStop,
    says: "It was tried for three days, or its webhook was deleted. It is not tried again by itself; it can be sent again from here.",
  },
} as const;

/** How far a delivery is: by word, sign and colour. */
export function DeliveryState({ status }: { status: State }) {
  const { tone, icon: Icon, says } = DELIVERY_STATES[status];
  return (
    <Tooltip label={says} multiline maw={320}>
      <Tag tone={tone} style={{ minWidth: "max-content" }} icon={<Icon size={13} aria-hidden />}>
        {status}
      </Tag>
    </Tooltip>
  );
}
