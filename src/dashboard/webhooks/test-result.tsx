import { Alert } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import type { TestView } from "../../sdk/operating-answers.ts";
import { whyFailed } from "./outcome-words.ts";

/** What came of a test event that was sent now. */
export function TestResult({ tested, onClose }: { tested: TestView; onClose: () => void }) {
  const { delivered, statusCode, error, durationMs, eventId } = tested;
  const tone = delivered ? "good" : "bad";
  const Icon = delivered ? IconCircleCheck : IconAlertTriangle;
  return (
    <Alert
      role="status"
      mt="sm"
      withCloseButton
      closeButtonLabel="close the result"
      onClose={onClose}
      icon={<Icon aria-hidden />}
      title={delivered ? "The test was delivered." : "The test was not delivered."}
      styles={{
        root: { background: `var(--${tone}-soft)`, border: `1px solid var(--${tone})` },
        title: { color: `var(--${tone})` },
        icon: { color: `var(--${tone})` },
      }}
    >
      {delivered ? `The receiver answered ${statusCode}` : `Not taken: ${whyFailed(statusCode, error)}`}, after{" "}
      {durationMs.toLocaleString("en")} ms. Event {eventId}.
    </Alert>
  );
}
