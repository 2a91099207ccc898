import { Button, Group, Popover, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { IconCalendar } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { type Period, periodName } from "./ledger-place.ts";

type Props = { period: Period; onPeriod: (period: Period) => void };

type Kind = "month" | "range";

/** Chooses the part of the ledger: all of it, the current month, another month, or any days. */
export function PeriodPicker({ period, onPeriod }: Props) {
  const [opened, setOpened] = useState(false);
  const quick = period.kind === "all" || period.kind === "this-month";
  const choose = (chosen: Period) => {
    setOpened(false);
    onPeriod(chosen);
  };
  return (
    <Group gap="xs" role="group" aria-label="Period">
      {(["all", "this-month"] as const).map((kind) => (
        <Button
          key={kind}
          size="xs"
          variant={period.kind === kind ? "filled" : "default"}
          aria-pressed={period.kind === kind}
          onClick={() => choose({ kind })}
        >
          {kind === "all" ? "All time" : "This month"}
        </Button>
      ))}
      <Popover
        opened={opened}
        onChange={setOpened}
        trapFocus
        returnFocus
        position="bottom-start"
        shadow="md"
        withinPortal
      >
        <Popover.Target>
          <Button
            size="xs"
            variant={quick ? "default" : "filled"}
            aria-pressed={!quick}
            leftSection={<IconCalendar size={14} aria-hidden />}
            onClick={() => setOpened(!opened)}
          >
            {quick ? "Other period" : periodName(period)}
          </Button>
        </Popover.Target>
        <Popover.Dropdown aria-label="Other period">
          <OtherPeriod period={period} onPeriod={choose} />
        </Popover.Dropdown>
      </Popover>
    </Group>
  );
}

function OtherPeriod({ period, onPeriod }: Props) {
  const today = new Date().toISOString().slice(0, 10);
  const [kind, setKind] = useState<Kind>(period.kind === "range" ? "range" : "month");
  const [month, setMonth] = useState(period.kind === "month" ? period.month : today.slice(0, 7));
  const [from, setFrom] = useState(period.kind === "range" ? period.from : `${today.slice(0, 7)}-01`);
  const [to, setTo] = useState(period.kind === "range" ? period.to : today);
  const backwards = kind === "range" && from !== "" && to !== "" && from > to;
  const missing = kind === "month" ? month === "" : from === "" || to === "";

  function submit(event: FormEvent) {
    event.preventDefault();
    if (backwards || missing) return;
    onPeriod(kind === "month" ? { kind, month } : { kind, from, to });
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="sm" w={260}>
        <SegmentedControl
          aria-label="kind of period"
          value={kind}
          onChange={(value) => setKind(value as Kind)}
          data={[
            { value: "month", label: "A month" },
            { value: "range", label: "Days" },
          ]}
        />
        {kind === "month" ? (
          <TextInput
            type="month"
            label="Month"
            placeholder="2026-11"
            value={month}
            onChange={(event) => setMonth(event.currentTarget.value)}
          />
        ) : (
          <>
            <TextInput type="date" label="From" value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
            <TextInput
              type="date"
              label="To, with that day"
              value={to}
              onChange={(event) => setTo(event.currentTarget.value)}
              error={backwards && "The last day is before the first."}
            />
          </>
        )}
        <Text fz="xs" c="dimmed">
          Days and months are UTC.
        </Text>
        <Button type="submit" size="xs" disabled={missing}>
          Show
        </Button>
      </Stack>
    </form>
  );
}
