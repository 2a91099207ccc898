import { Alert, Button, Group, SegmentedControl, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconColumns3, IconTrash } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { Busy } from "../look/outcome.tsx";
import { Surface } from "../look/surface.tsx";
import { ColumnsDialog } from "./columns-dialog.tsx";
import type { PartyName, View } from "./comparing.ts";
import { amountProblem } from "./entry.ts";
import { FileDrop } from "./file-drop.tsx";
import { ListSummary } from "./list-summary.tsx";
import { type GivenList, type ListState, useList } from "./use-list.ts";

type Props = {
  party: PartyName;
  /** Whose rows count, where the list has several customers'. */
  customerId: string | null;
  /** Told what can be compared, and as long as something was given that cannot, why not. */
  onGiven: (given: Given) => void;
};

export type Given = { view: View | null; notYet: string | null };

type Way = "file" | "paste" | "balance";

const NAMES: Readonly<Record<PartyName, { title: string; says: string }>> = {
  yours: { title: "Yours", says: "What you have for this ledger." },
  theirs: { title: "Theirs", says: "What the other party has. Leave it empty to compare yours alone." },
};
const WAYS: { value: Way; label: string }[] = [
  { value: "file", label: "A file" },
  { value: "paste", label: "Pasted rows" },
  { value: "balance", label: "A balance" },
];
/** Milliseconds without a key before pasted text is read. */
const TYPING_MS = 400;

/** What one party has: a list as a file or as text, or a balance. */
export function PartyInput({ party, customerId, onGiven }: Props) {
  const [way, setWay] = useState<Way>("file");
  const [given, setGiven] = useState<GivenList | null>(null);
  const [text, setText] = useState("");
  const [balance, setBalance] = useState("");
  const [typing, setTyping] = useState(false);
  const [mapping, setMapping] = useState(false);
  const list = useList(given, customerId);
  const wrong = balance.trim() === "" ? undefined : amountProblem(balance.trim());

  useEffect(() => {
    if (typing) onGiven({ view: null, notYet: "The rows are being read." });
    else if (way === "balance") onGiven(givenBalance(balance.trim(), wrong));
    else onGiven(givenList(list));
  }, [way, list, typing, balance, wrong, onGiven]);
  const unclear = list.kind === "read" && list.table.unclear;
  useEffect(() => setMapping(unclear), [unclear]);

  const readText = useDebouncedCallback((pasted: string) => {
    setTyping(false);
    setGiven(pasted.trim() === "" ? null : { name: "the pasted rows", file: new Blob([pasted]) });
  }, TYPING_MS);
  const change = (next: Way) => {
    setWay(next);
    setTyping(false);
    setGiven(null);
    setText("");
    setBalance("");
  };
  const { title, says } = NAMES[party];

  return (
    <Surface title={title} flex="1 1 22rem" miw={0}>
      <Stack gap="sm">
        <Text fz="sm" c="dimmed">
          {says}
        </Text>
        <SegmentedControl
          data={WAYS}
          value={way}
          onChange={(next) => change(next as Way)}
          aria-label={`how to give ${party}`}
          fullWidth
        />
        {way === "file" && given === null && (
          <FileDrop name={title} onFile={(file) => setGiven({ name: file.name, file })} />
        )}
        {way === "paste" && (
          <Textarea
            label={`Rows of ${party}, with a header`}
            placeholder={"referenceId,delta,balance\ninv-1,-12.5,487.5"}
            value={text}
            onChange={(event) => {
              setText(event.currentTarget.value);
              setTyping(true);
              readText(event.currentTarget.value);
            }}
            minRows={5}
            maxRows={12}
            autosize
            spellCheck={false}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
          />
        )}
        {way === "balance" && (
          <TextInput
            label={`Balance of ${party}`}
            description="A decimal such as -42.5, with up to 18 decimals."
            value={balance}
            onChange={(event) => setBalance(event.currentTarget.value)}
            inputMode="decimal"
            error={wrong && `${wrong.charAt(0).toUpperCase()}${wrong.slice(1)}.`}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          />
        )}
        {list.kind === "reading" && !typing && <Busy says={`Reading: ${list.rows.toLocaleString("en")} rows so far`} />}
        {list.kind === "refused" && (
          <Alert role="alert" color="red" variant="light">
            <Text fz="sm">{list.why}</Text>
          </Alert>
        )}
        {list.kind === "read" && given && !typing && <ListSummary name={given.name} table={list.table} />}
        {given && (
          <Group gap="xs">
            {list.kind === "read" && (
              <Button
                size="xs"
                variant="default"
                leftSection={<IconColumns3 size={14} aria-hidden />}
                onClick={() => setMapping(true)}
              >
                Choose columns
              </Button>
            )}
            {way === "file" && (
              <Button
                size="xs"
                variant="default"
                leftSection={<IconTrash size={14} aria-hidden />}
                onClick={() => setGiven(null)}
              >
                Remove
              </Button>
            )}
          </Group>
        )}
      </Stack>
      {mapping && list.kind === "read" && given && (
        <ColumnsDialog
          header={list.table.header}
          columns={list.table.columns}
          onClose={() => setMapping(false)}
          onColumns={(columns) => {
            setMapping(false);
            setGiven({ ...given, columns });
          }}
        />
      )}
    </Surface>
  );
}

function givenBalance(balance: string, wrong: string | undefined): Given {
  if (balance === "") return { view: null, notYet: null };
  return wrong === undefined
    ? { view: { kind: "balance", balance }, notYet: null }
    : { view: null, notYet: "Correct the balance first." };
}

function givenList(list: ListState): Given {
  if (list.kind === "none") return { view: null, notYet: null };
  if (list.kind === "reading") return { view: null, notYet: "The rows are being read." };
  if (list.kind === "refused" || list.table.problemCount > 0)
    return { view: null, notYet: "Correct or remove the list that cannot be used." };
  if (list.table.unclear) return { view: null, notYet: "Choose which column is what." };
  return { view: { kind: "list", reader: list.reader, table: list.table }, notYet: null };
}
