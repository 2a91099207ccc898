import { Box, Text } from "@mantine/core";
import { useState } from "react";
import type { Step } from "../../../core/verify-receipt.ts";
import { CodeBlock } from "../code-block.tsx";
import { castLine } from "./cast-line.ts";
import type { Progress } from "./check.ts";
import { stepDetails } from "./step-values.ts";

type Props = { step: Step; progress: Progress; endpoint: string | undefined };

/** Where a local chain answers, for who has not named an endpoint. */
const PLACEHOLDER = "http://127.0.0.1:8545";

/** What a step computed and compared, for whoever wants to see the bytes. It is computed again when it is opened. */
export function StepDetails({ step, progress: { file, pins }, endpoint }: Props) {
  const [open, setOpen] = useState(false);
  const details = open && file ? stepDetails(step.step, file, pins) : null;
  return (
    <Box component="details" mt={4} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Details for engineers</summary>
      <Box mt={6} pl="sm" style={{ borderLeft: "2px solid var(--line)" }}>
        <Text fz="sm">
          {step.outcome === "failed" && <Text span fz="sm" ff="monospace">{`${step.failure}: `}</Text>}
          {step.detail}
        </Text>
        {details && (
          <>
            <Text fz="sm" c="dimmed" my={6}>
              {details.formula}
            </Text>
            <dl className="fields">
              {details.lines.map(({ name, is, must }, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: two anchors have lines of the same names, which never change places
                <Line key={`${name} ${i}`} name={name} is={is} must={must} />
              ))}
            </dl>
            {step.step === 6 && file?.receipt && (
              <Box my="sm">
                <Text fz="sm" mb={4}>
                  The contract computes all of it itself, when it is asked like this:
                </Text>
                <CodeBlock
                  name="command that asks the contract"
                  text={castLine(file.receipt, endpoint ?? PLACEHOLDER)}
                />
              </Box>
            )}
            <Text fz="xs" c="dimmed" mt={6}>
              FORMAT.md, section “Verification”, step {step.step}
            </Text>
          </>
        )}
      </Box>
    </Box>
  );
}

function Line({ name, is, must }: { name: string; is: string; must: string | undefined }) {
  const same = must === undefined || must === is;
  return (
    <>
      <dt>{name}</dt>
      <Text component="dd" fz="xs" ff="monospace" style={{ overflowWrap: "anywhere" }}>
        {is}
        {must !== undefined && (
          <Text span fz="xs" ff="text" c={same ? "var(--good)" : "var(--bad)"} display="block">
            {same ? "= as it must be" : `≠ ${must}`}
          </Text>
        )}
      </Text>
    </>
  );
}
