import { Badge, Tooltip } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconClock, IconLoader2 } from "@tabler/icons-react";
import type { DeltaStatus } from "../../sdk/answers.ts";

const STATES = {
  QUEUED: { tone: "wait", icon: IconClock, says: "Recorded, and not in an anchor yet." },
  PROCESSING: { tone: "info", icon: IconLoader2, says: "In an anchor that is on its way to the chain." },
  VERIFIED: { tone: "good", icon: IconCircleCheck, says: "Anchored: the contract holds its root." },
  FAILED: { tone: "bad", icon: IconAlertTriangle, says: "Refused for good." },
} as const;

/** Where a delta or a statement is on its way to the chain: by word, sign and colour. */
export function State({ status }: { status: DeltaStatus }) {
  const { tone, icon: Icon, says } = STATES[status];
  return (
    <Tooltip label={says}>
      <Tag tone={tone} icon={<Icon size={13} aria-hidden />}>
        {status}
      </Tag>
    </Tooltip>
  );
}

export type Tone = "good" | "wait" | "bad" | "info";

type TagProps = Omit<React.ComponentProps<"div">, "color"> & { tone: Tone; icon?: React.ReactNode };

/** A word with a colour that says the same. */
export function Tag({ tone, icon, children, ref, ...rest }: TagProps) {
  return (
    <Badge
      ref={ref}
      leftSection={icon}
      variant="light"
      radius="sm"
      size="md"
      tt="none"
      fw={600}
      styles={{
        root: { background: `var(--${tone}-soft)`, color: `var(--${tone})`, flexShrink: 0, minWidth: "max-content" },
      }}
      {...rest}
    >
      {children}
    </Badge>
  );
}
