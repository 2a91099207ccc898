import { Button, Group, Text } from "@mantine/core";
import { IconFilePlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "wouter";
import { useSession } from "../app/session.tsx";
import { CustomerChoice } from "../compare/customer-choice.tsx";
import { CursorPager, useCursorPages } from "../look/cursor-pages.tsx";
import { MayNot } from "../look/may-not.tsx";
import { Nothing, Outcome } from "../look/outcome.tsx";
import { Screen } from "../look/screen.tsx";
import { Surface } from "../look/surface.tsx";
import { CheckpointTable } from "./checkpoint-table.tsx";
import { MakeDialog } from "./make-dialog.tsx";
import { WindowChoiceInput } from "./window-choice.tsx";
import { choiceText, type WindowChoice, windowIn, windowInput, windowMembers, windowProblem } from "./windows.ts";

const PAGE_SIZE = 25;

/** Every statement, newest first, and the way to make one. */
export function Checkpoints() {
  const { customerId: own, mayWrite } = useSession();
  const [query, setQuery] = useSearchParams();
  const [making, setMaking] = useState(false);
  const customerId = own ?? query.get("customerId");
  const window = windowIn(query);
  const set = (members: Record<string, string | null>) =>
    setQuery(
      (before) => {
        const after = new URLSearchParams(before);
        for (const [name, value] of Object.entries(members))
          value === null ? after.delete(name) : after.set(name, value);
        return after;
      },
      { replace: true },
    );
  return (
    <Screen
      title="Checkpoints"
      lead="A checkpoint is the statement of one ledger over a period: its deltas, its opening and closing balance, and the root over them, anchored on the chain."
      actions={
        <MayNot why={mayWrite ? null : "This key reads only. A key with scope write makes checkpoints."}>
          <Button
            leftSection={<IconFilePlus size={16} aria-hidden />}
            disabled={!mayWrite}
            onClick={() => setMaking(true)}
          >
            Make a checkpoint
          </Button>
        </MayNot>
      }
    >
      <Surface mb="md">
        <Group align="flex-start" gap="md">
          <CustomerChoice
            value={customerId}
            onChange={(chosen) => set({ customerId: chosen })}
            placeholder="All customers"
            clearable
          />
          <WindowChoiceInput value={window} onChange={(chosen) => set(windowMembers(chosen))} />
        </Group>
      </Surface>
      {windowProblem(window) === undefined && (
        // Another filter is another list, which begins at its first page.
        <CheckpointList
          key={`${customerId} ${choiceText(window)}`}
          customerId={own === null ? customerId : null}
          window={window}
        />
      )}
      {making && <MakeDialog customerId={customerId} onClose={() => setMaking(false)} />}
    </Screen>
  );
}

type ListProps = { customerId: string | null; window: WindowChoice };

function CheckpointList({ customerId, window }: ListProps) {
  const { pac } = useSession();
  const pages = useCursorPages();
  const asked = { ...(customerId !== null && { customerId }), ...windowInput(window) };
  const checkpoints = useQuery({
    queryKey: ["checkpoints", asked, pages.cursor],
    queryFn: () => pac.balance.listCheckpoints({ ...asked, limit: PAGE_SIZE, cursor: pages.cursor }),
    placeholderData: keepPreviousData,
  });
  const filtered = customerId !== null || window.kind !== "all";
  return (
    <Surface title="Statements" flush>
      <Outcome query={checkpoints} lines={8}>
        {({ checkpoints: shown, pagination }) =>
          pagination.total === 0 ? (
            <Nothing title={filtered ? "No checkpoint here" : "No checkpoint yet"}>
              {filtered ? (
                "A checkpoint is listed when its whole window lies in the period. Choose all time to see every one."
              ) : (
                <Text fz="sm">At the end of a month, make one for each customer: it is what goes on the invoice.</Text>
              )}
            </Nothing>
          ) : (
            <>
              <CheckpointTable checkpoints={shown} />
              <CursorPager
                pages={pages}
                pagination={pagination}
                shown={shown.length}
                name="checkpoints"
                busy={checkpoints.isPlaceholderData}
              />
            </>
          )
        }
      </Outcome>
    </Surface>
  );
}
