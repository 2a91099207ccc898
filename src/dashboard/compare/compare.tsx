import { Alert, Box, Button, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { useSearchParams } from "wouter";
import { useSession } from "../app/session.tsx";
import "../look/paper.css";
import { WindowChoiceInput } from "../checkpoints/window-choice.tsx";
import { windowIn, windowMembers, windowProblem } from "../checkpoints/windows.ts";
import { Busy, Failure } from "../look/outcome.tsx";
import { Screen } from "../look/screen.tsx";
import { Surface } from "../look/surface.tsx";
import { compareWithRecord, type PartyName, type Question } from "./comparing.ts";
import { CustomerChoice } from "./customer-choice.tsx";
import { ListRefused } from "./list-reader.ts";
import { type Given, PartyInput } from "./party-input.tsx";
import { Report } from "./report.tsx";

type GivenByParty = Readonly<Record<PartyName, Given>>;
const NOTHING: Given = { view: null, notYet: null };

/** What two parties have, held against the record: where they part, and what the difference is made of. */
export function Compare() {
  const { pac, customerId: own } = useSession();
  const [query, setQuery] = useSearchParams();
  const [given, setGiven] = useState<GivenByParty>({ yours: NOTHING, theirs: NOTHING });
  const [countedFrom, setCountedFrom] = useState<Question["countedFrom"]>("ledger");
  const customerId = own ?? query.get("customerId");
  const window = windowIn(query);
  const comparing = useMutation({ mutationFn: (question: Question) => compareWithRecord(pac, question) });
  const { reset } = comparing;

  /** What was compared is not what is chosen any more. */
  const forget = useCallback(() => reset(), [reset]);
  const choose = (members: Record<string, string | null>) => {
    forget();
    setQuery((before) => changed(before, members), { replace: true });
  };
  const setParty = useCallback(
    (party: PartyName, next: Given) => {
      forget();
      setGiven((before) => ({ ...before, [party]: next }));
    },
    [forget],
  );
  const onYours = useCallback((next: Given) => setParty("yours", next), [setParty]);
  const onTheirs = useCallback((next: Given) => setParty("theirs", next), [setParty]);

  const views = viewsOf(given);
  const missing = whatIsMissing(customerId, given, windowProblem(window));
  return (
    <Screen
      title="Compare"
      lead={
        <span className="no-print">
          Your list, theirs, or both, held against the record. Lists are sent to this server only, which answers and
          keeps nothing of them; one of more than 100,000 rows stays in this browser.
        </span>
      }
    >
      <Stack gap="md">
        <Stack gap="md" className="no-print">
          <Surface>
            <Group align="flex-start" gap="md">
              <Box flex="1 1 16rem" maw={420}>
                <CustomerChoice value={customerId} onChange={(chosen) => choose({ customerId: chosen })} />
              </Box>
              <WindowChoiceInput value={window} onChange={(chosen) => choose(windowMembers(chosen))} />
            </Group>
            {window.kind !== "all" && (
              <Box mt="sm">
                <Text fz="sm" mb={4}>
                  Balances are counted from
                </Text>
                <SegmentedControl
                  aria-label="what balances are counted from"
                  data={[
                    { value: "ledger", label: "the ledger's first delta" },
                    { value: "window", label: "the period's beginning" },
                  ]}
                  value={countedFrom}
                  onChange={(chosen) => {
                    forget();
                    setCountedFrom(chosen as Question["countedFrom"]);
                  }}
                />
              </Box>
            )}
          </Surface>
          <Group align="stretch" gap="md">
            <PartyInput party="yours" customerId={customerId} onGiven={onYours} />
            <PartyInput party="theirs" customerId={customerId} onGiven={onTheirs} />
          </Group>
          <Group gap="md">
            <Button
              disabled={missing !== null}
              loading={comparing.isPending}
              onClick={() => customerId !== null && comparing.mutate({ customerId, window, countedFrom, views })}
              aria-describedby="compare-missing"
            >
              Compare with the record
            </Button>
            <Text fz="sm" c="dimmed" id="compare-missing">
              {missing}
            </Text>
            {comparing.isPending && <Busy says="Comparing" />}
          </Group>
        </Stack>
        {comparing.error && <Refusal error={comparing.error} />}
        {comparing.data && <Report key={comparing.data.comparedAt} outcome={comparing.data} />}
      </Stack>
    </Screen>
  );
}

function Refusal({ error }: { error: Error }) {
  if (!(error instanceof ListRefused)) return <Failure error={error} />;
  return (
    <Alert role="alert" color="red" variant="light">
      <Text fz="sm">{error.message}</Text>
    </Alert>
  );
}

function viewsOf({ yours, theirs }: GivenByParty): Question["views"] {
  return { ...(yours.view && { yours: yours.view }), ...(theirs.view && { theirs: theirs.view }) };
}

function whatIsMissing(customerId: string | null, given: GivenByParty, wrongWindow: string | undefined): string | null {
  if (customerId === null) return "Choose the customer first.";
  const { yours, theirs } = given;
  const notYet = wrongWindow ?? yours.notYet ?? theirs.notYet;
  if (notYet !== null) return notYet;
  return yours.view || theirs.view ? null : "Give a list or a balance.";
}

function changed(before: URLSearchParams, members: Record<string, string | null>): URLSearchParams {
  const after = new URLSearchParams(before);
  for (const [name, value] of Object.entries(members)) {
    if (value === null) after.delete(name);
    else after.set(name, value);
  }
  return after;
}
