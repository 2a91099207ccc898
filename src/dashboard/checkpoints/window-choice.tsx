import { Group, Select, TextInput } from "@mantine/core";
import { ALL_TIME, monthOf, type WindowChoice, windowProblem } from "./windows.ts";

type Kind = "all" | "this" | "month" | "dates";

type Props = {
  value: WindowChoice;
  onChange: (choice: WindowChoice) => void;
  /** Without the choice of no window at all. */
  bounded?: boolean;
};

const KINDS: readonly { value: Kind; label: string }[] = [
  { value: "all", label: "All time" },
  { value: "this", label: "This month" },
  { value: "month", label: "A month" },
  { value: "dates", label: "From day to day" },
];

/** Which part of time is meant, in UTC. */
export function WindowChoiceInput({ value, onChange, bounded = false }: Props) {
  const thisMonth = monthOf(Date.now());
  const kind: Kind = value.kind === "month" && value.period === thisMonth ? "this" : value.kind;
  const choose = (chosen: Kind) => onChange(choiceOf(chosen, thisMonth));
  return (
    <Group gap="xs" align="flex-start">
      <Select
        label="Period (UTC)"
        data={KINDS.filter(({ value: each }) => !bounded || each !== "all")}
        value={kind}
        onChange={(chosen) => chosen !== null && choose(chosen as Kind)}
        allowDeselect={false}
        w={170}
      />
      {kind === "month" && value.kind === "month" && (
        <TextInput
          type="month"
          label="Month"
          placeholder="2026-11"
          value={value.period}
          onChange={(event) => onChange({ kind: "month", period: event.currentTarget.value })}
          error={windowProblem(value)}
          w={180}
        />
      )}
      {value.kind === "dates" && (
        <>
          <TextInput
            type="date"
            label="First day"
            value={value.startDate}
            onChange={(event) => onChange({ ...value, startDate: event.currentTarget.value })}
            w={160}
          />
          <TextInput
            type="date"
            label="Last day"
            value={value.endDate}
            onChange={(event) => onChange({ ...value, endDate: event.currentTarget.value })}
            error={windowProblem(value)}
            w={160}
          />
        </>
      )}
    </Group>
  );
}

/** What a kind begins with: the month before this one is what most statements are about. */
function choiceOf(kind: Kind, thisMonth: string): WindowChoice {
  if (kind === "all") return ALL_TIME;
  if (kind === "this") return { kind: "month", period: thisMonth };
  const before = monthOf(Date.parse(`${thisMonth}-01T00:00:00Z`) - 1);
  if (kind === "month") return { kind: "month", period: before };
  return { kind: "dates", startDate: `${thisMonth}-01`, endDate: new Date().toISOString().slice(0, 10) };
}
