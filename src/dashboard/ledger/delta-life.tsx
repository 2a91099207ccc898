import { Text, Timeline } from "@mantine/core";
import { IconAnchor, IconCircleCheck, IconClock, IconLoader2 } from "@tabler/icons-react";
import type { DeltaDetail } from "../../sdk/answers.ts";
import { Moment } from "../look/moment.tsx";

/** How far a status is on its way. */
const REACHED = { QUEUED: 0, PROCESSING: 1, VERIFIED: 3, FAILED: 0 } as const;

type Props = { delta: DeltaDetail; index: number | undefined };

/** A delta's way from the record to the chain, with its times. */
export function DeltaLife({ delta, index }: Props) {
  const { status, recordedAt, blockTimestamp, blockNumber, verifiedAt } = delta;
  const steps = [
    { name: "Recorded", icon: IconClock, says: "QUEUED: on disk, and in its ledger for good.", time: recordedAt },
    {
      name: "In an anchor",
      icon: IconLoader2,
      says: "PROCESSING: its root is on its way to the chain.",
      time: undefined,
    },
    {
      name: blockNumber === null ? "On the chain" : `In block ${blockNumber.toLocaleString("en")}`,
      icon: IconAnchor,
      says: index === undefined ? "The contract takes the root." : `The contract took it as anchor ${index}.`,
      time: blockTimestamp,
    },
    {
      name: "Final",
      icon: IconCircleCheck,
      says: "VERIFIED: anyone can check it without this server.",
      time: verifiedAt,
    },
  ];
  return (
    <section aria-label="Life of the delta">
      <Text fz="sm" c="dimmed" mb="xs">
        Life
      </Text>
      <Timeline active={REACHED[status]} bulletSize={24} lineWidth={2}>
        {steps.map(({ name, icon: Icon, says, time }, i) => (
          <Timeline.Item
            key={says}
            bullet={<Icon size={14} aria-hidden />}
            title={name}
            styles={{ itemTitle: { fontSize: 14 } }}
          >
            <Text fz="xs" c="dimmed">
              {says}
            </Text>
            {i > REACHED[status] ? (
              <Text fz="xs" c="dimmed">
                not yet
              </Text>
            ) : (
              time !== undefined && <Moment time={time} fz="xs" />
            )}
          </Timeline.Item>
        ))}
      </Timeline>
    </section>
  );
}
