import { Box, Group, Loader, Text } from "@mantine/core";
import { IconCircleCheck, IconCircleDashed, IconCircleMinus, IconCircleX } from "@tabler/icons-react";
import type { Step } from "../../../core/verify-receipt.ts";
import { Surface } from "../../look/surface.tsx";
import type { Progress } from "./check.ts";
import { StepDetails } from "./step-details.tsx";
import { FAILURE_WORDS, stepWords } from "./step-words.ts";

const NUMBERS = [1, 2, 3, 4, 5, 6] as const;

/** The six steps, as they come. */
export function Steps({ progress, endpoint }: { progress: Progress; endpoint: string | undefined }) {
  const { steps, verdict, file } = progress;
  return (
    <Surface title="Six steps">
      <ol className="steps">
        {NUMBERS.map((number) => {
          const step = steps[number - 1];
          const isNext = verdict === null && steps.length === number - 1;
          const { title } = stepWords(file?.kind ?? null, number);
          return (
            <li key={number} data-step={number} data-outcome={step?.outcome ?? (isNext ? "next" : "open")}>
              <StepSign step={step} isNext={isNext} />
              <Box style={{ minWidth: 0, flex: 1 }}>
                <Group gap={8} wrap="nowrap" align="baseline">
                  <Text fw={600} fz="sm">
                    {number}. {title}
                  </Text>
                </Group>
                <Text fz="sm" c="dimmed">
                  {step
                    ? sentence(step, file?.kind ?? null)
                    : isNext
                      ? "Checking."
                      : verdict
                        ? "Not checked."
                        : "Still to come."}
                </Text>
                {step && file && <StepDetails step={step} progress={progress} endpoint={endpoint} />}
              </Box>
            </li>
          );
        })}
      </ol>
    </Surface>
  );
}

function sentence(step: Step, kind: Parameters<typeof stepWords>[0]): string {
  const { passed, skipped } = stepWords(kind, step.step);
  if (step.outcome === "failed") return FAILURE_WORDS[step.failure];
  if (step.outcome === "skipped") return skipped ?? step.detail;
  return passed;
}

const SIGNS = {
  passed: { icon: IconCircleCheck, colour: "var(--good)", word: "passed" },
  failed: { icon: IconCircleX, colour: "var(--bad)", word: "failed" },
  skipped: { icon: IconCircleMinus, colour: "var(--wait)", word: "nothing checked" },
} as const;

function StepSign({ step, isNext }: { step: Step | undefined; isNext: boolean }) {
  if (!step && isNext) return <Loader size={20} mt={1} aria-label="checking" role="img" />;
  const sign = step ? SIGNS[step.outcome] : undefined;
  const Icon = sign?.icon ?? IconCircleDashed;
  return (
    <Icon
      size={22}
      role="img"
      aria-label={sign?.word ?? "not checked"}
      color={sign?.colour ?? "var(--mantine-color-dimmed)"}
      style={{ flexShrink: 0 }}
    />
  );
}
