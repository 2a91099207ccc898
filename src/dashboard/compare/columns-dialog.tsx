import { Button, Group, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Dialog } from "../look/dialog.tsx";
import { type Columns, MEMBERS, type Member } from "./columns.ts";

type Props = {
  header: readonly string[];
  columns: Columns;
  onColumns: (columns: Columns) => void;
  onClose: () => void;
};

const SAYS: Readonly<Record<Member, string>> = {
  sequence: "Sequence: the delta's number in the ledger",
  receiptId: "Receipt id",
  recordId: "Record id",
  referenceId: "Reference id: what the provider calls the event",
  delta: "Amount",
  balance: "Balance after it",
  customerId: "Customer id",
};

/** Which column is what, said by a person. */
export function ColumnsDialog({ header, columns, onColumns, onClose }: Props) {
  const [chosen, setChosen] = useState<Columns>(columns);
  const choose = (member: Member, at: string | null) => {
    const { [member]: _, ...rest } = chosen;
    setChosen(at === null ? rest : { ...rest, [member]: Number(at) });
  };
  const states = chosen.delta !== undefined || chosen.balance !== undefined;
  const names = ["sequence", "receiptId", "recordId", "referenceId"].some(
    (name) => chosen[name as Member] !== undefined,
  );
  return (
    <Dialog title="Which column is what" onClose={onClose}>
      <Stack gap="sm">
        <Text fz="sm">
          A row needs an amount or a balance. It names its delta by a sequence, receipt, record or reference id; rows
          without a name are counted in their order.
        </Text>
        {MEMBERS.map((member) => (
          <Select
            key={member}
            label={SAYS[member]}
            placeholder="no column"
            data={header.map((name, at) => ({ value: String(at), label: name === "" ? `column ${at + 1}` : name }))}
            value={chosen[member] === undefined ? null : String(chosen[member])}
            onChange={(at) => choose(member, at)}
            clearable
            clearButtonProps={{ "aria-label": `no column for ${member}` }}
          />
        ))}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button disabled={!states && !names} onClick={() => onColumns(chosen)}>
            Use these columns
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
