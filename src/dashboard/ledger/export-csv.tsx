import { Button, Group, Progress, Stack, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useSession } from "../app/session.tsx";
import { Dialog } from "../look/dialog.tsx";
import { download } from "../look/download.ts";
import { Failure } from "../look/outcome.tsx";
import { CSV_HEADER, csvLines } from "./csv.ts";
import { type Period, periodName, scopeOf } from "./ledger-place.ts";
import { walkDeltas } from "./walk-deltas.ts";

type Props = { customerId: string; period: Period; deltas: number };

/** All deltas of the period as one file. */
export function ExportCsv(props: Props) {
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Button
        size="xs"
        variant="default"
        className="no-print"
        leftSection={<IconDownload size={14} aria-hidden />}
        disabled={props.deltas === 0}
        onClick={() => setOpened(true)}
      >
        CSV
      </Button>
      {opened && <ExportDialog {...props} onClose={() => setOpened(false)} />}
    </>
  );
}

type Progressing =
  | { step: "ready" }
  | { step: "reading"; done: number; total: number }
  | { step: "saved"; rows: number; formulas: number }
  | { step: "failed"; error: unknown };

function ExportDialog({ customerId, period, deltas, onClose }: Props & { onClose: () => void }) {
  const { pac } = useSession();
  const [state, setState] = useState<Progressing>({ step: "ready" });
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);

  async function save() {
    const controller = new AbortController();
    stop.current = controller;
    const parts = [CSV_HEADER];
    let formulas = 0;
    setState({ step: "reading", done: 0, total: deltas });
    try {
      const rows = await walkDeltas({
        pac,
        customerId,
        scope: scopeOf(period),
        signal: controller.signal,
        onPage(page, progress) {
          const lines = csvLines(page);
          parts.push(lines.text);
          formulas += lines.formulas;
          setState({ step: "reading", ...progress });
        },
      });
      download(`${customerId}-${periodName(period).replaceAll(" ", "-")}.csv`.replaceAll(":", "_"), "text/csv", parts);
      setState({ step: "saved", rows, formulas });
    } catch (error) {
      if (controller.signal.aborted) return;
      setState({ step: "failed", error });
    }
  }
  const cancel = () => {
    stop.current?.abort();
    onClose();
  };

  return (
    <Dialog title="Save as CSV" onClose={cancel}>
      <Stack>
        <Text fz="sm">
          All {deltas.toLocaleString("en")} deltas of {periodName(period)}, oldest first, digit for digit as they are on
          record. Text is in quotes and never changed, not even where a spreadsheet would take it for a formula: import
          the file with all columns as text.
        </Text>
        {state.step === "reading" && (
          <Stack gap={4}>
            <Progress
              value={(100 * state.done) / Math.max(1, state.total)}
              aria-label="deltas read"
              transitionDuration={0}
            />
            <Text fz="sm" c="dimmed">
              {state.done.toLocaleString("en")} of {state.total.toLocaleString("en")} deltas
            </Text>
          </Stack>
        )}
        <Text fz="sm" role="status" fw={600}>
          {state.step === "saved" && `${state.rows.toLocaleString("en")} deltas were saved. ${warning(state.formulas)}`}
        </Text>
        {state.step === "failed" && <Failure error={state.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={cancel}>
            {state.step === "saved" ? "Close" : "Cancel"}
          </Button>
          {state.step !== "saved" && (
            <Button onClick={() => void save()} loading={state.step === "reading"} data-autofocus>
              {state.step === "failed" ? "Try again" : "Save"}
            </Button>
          )}
        </Group>
      </Stack>
    </Dialog>
  );
}

function warning(formulas: number): string {
  if (formulas === 0) return "";
  const many = formulas === 1 ? "One cell begins" : `${formulas.toLocaleString("en")} cells begin`;
  return `${many} with a character that spreadsheets take for a formula.`;
}
