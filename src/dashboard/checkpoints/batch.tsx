import { Group, Stack, Text } from "@mantine/core";
import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { CheckpointBatchView } from "../../sdk/answers.ts";
import { useSession } from "../app/session.tsx";
import { Fact, Facts } from "../look/facts.tsx";
import { Moment } from "../look/moment.tsx";
import { Failure, Outcome } from "../look/outcome.tsx";
import { Screen } from "../look/screen.tsx";
import { State } from "../look/state.tsx";
import { Surface } from "../look/surface.tsx";
import { CheckpointTable } from "./checkpoint-table.tsx";
import { OffsetPager } from "./offset-pager.tsx";
import { windowText } from "./windows.ts";

const PAGE_SIZE = 25;

type Props = { batch: CheckpointBatchView; query: UseQueryResult<unknown> };

/** The statements of every customer of a window, which were made together. */
export function Batch({ batch, query }: Props) {
  const { pac } = useSession();
  const { checkpointId, status, customersCount, createdAt } = batch;
  const [offset, setOffset] = useState(0);
  const page = useQuery({
    queryKey: ["checkpoint", checkpointId, offset],
    queryFn: async () => {
      const answer = await pac.balance.checkpointDetail(checkpointId, { limit: PAGE_SIZE, offset });
      if (!("checkpoints" in answer)) throw new Error("what was a batch is one");
      return answer;
    },
    placeholderData: keepPreviousData,
  });
  return (
    <Screen
      title={`Checkpoints of ${windowText(batch)}`}
      lead={`${customersCount.toLocaleString("en")} statements that were made together.`}
      actions={
        <Group gap="xs" role="status">
          <State status={status} />
        </Group>
      }
    >
      {query.error && <Failure error={query.error} stale />}
      <Stack gap="md">
        <Surface>
          <Facts>
            <Fact name="Checkpoint">{checkpointId}</Fact>
            <Fact name="Period (UTC)">{windowText(batch)}</Fact>
            <Fact name="Made (UTC)">
              <Moment time={createdAt} />
            </Fact>
          </Facts>
        </Surface>
        <Surface title="Statements" flush>
          <Outcome query={page} lines={8}>
            {({ checkpoints, pagination }) => (
              <>
                <CheckpointTable checkpoints={checkpoints} />
                <OffsetPager
                  name="statements"
                  pagination={pagination}
                  shown={checkpoints.length}
                  onOffset={setOffset}
                />
              </>
            )}
          </Outcome>
        </Surface>
        <Text fz="sm" c="dimmed">
          Each statement has its own proof root: that of a customer goes on its invoice.
        </Text>
      </Stack>
    </Screen>
  );
}
