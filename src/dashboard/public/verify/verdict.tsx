import { Box, Group, Loader, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import { Moment } from "../moment.tsx";
import type { Progress, Verdict } from "./check.ts";
import type { Pins } from "./pins.ts";
import { FAILURE_WORDS } from "./step-words.ts";

const LOOKS = {
  verified: { tone: "good", icon: IconCircleCheck, word: "VERIFIED" },
  refused: { tone: "bad", icon: IconCircleX, word: "NOT VERIFIED" },
  "as-far": { tone: "wait", icon: IconAlertTriangle, word: "CHECKED AS FAR AS POSSIBLE" },
} as const;

const AS_FAR = {
  "no-endpoint":
    "Steps 1 to 5 hold. No endpoint of the chain was given, so the contract was not asked. Give one below.",
  "no-answer":
    "Steps 1 to 5 hold. The endpoint of the chain did not answer, so the contract was not asked. Give another one below.",
  "files-word":
    "The contract holds it. But that this is the right contract and log is the file's own word, and anybody can open a log. Say below which contract and log you expect.",
} as const;

/** The outcome, large. It is green when step 6 has passed, and not before. */
export function VerdictBanner({ progress: { verdict, steps, pins } }: { progress: Progress }) {
  return (
    <Box role="status" aria-live="polite">
      {verdict ? (
        <Banner verdict={verdict} pins={pins} />
      ) : (
        <Group className="surface" p="md" gap="md" wrap="nowrap">
          <Loader size="sm" />
          <Box>
            <Text fw={650} fz="lg">
              Checking
            </Text>
            <Text fz="sm" c="dimmed">
              {steps.length < 5 ? "Everything is computed again, here." : "The contract is being asked."}
            </Text>
          </Box>
        </Group>
      )}
    </Box>
  );
}

function Banner({ verdict, pins }: { verdict: Verdict; pins: Pins | null }) {
  const { tone, icon: Icon, word } = LOOKS[verdict.kind];
  return (
    <Group
      p="md"
      gap="md"
      wrap="nowrap"
      align="flex-start"
      data-verdict={verdict.kind}
      style={{ background: `var(--${tone}-soft)`, border: `1px solid var(--${tone})`, borderRadius: 12 }}
    >
      <Icon size={40} aria-hidden color={`var(--${tone})`} style={{ flexShrink: 0 }} />
      <Box style={{ minWidth: 0 }}>
        <Text fw={750} fz={22} lh={1.25} c={`var(--${tone})`}>
          {word}
          {verdict.kind === "refused" && ` at step ${verdict.step}`}
        </Text>
        <Text>{reason(verdict)}</Text>
        {verdict.kind === "refused" && (
          <Text fz="sm" c="dimmed">
            In detail: {verdict.detail}.
          </Text>
        )}
        {verdict.kind === "verified" && pins && <HeldAgainst pins={pins} />}
        <Text fz="sm" mt={4} c="dimmed">
          Checked <Moment time={verdict.at} /> by this browser.
        </Text>
      </Box>
    </Group>
  );
}

/** A verdict is worth what the contract is worth that it rests on. */
function HeldAgainst({ pins: { chainId, contract, log } }: { pins: Pins }) {
  const isYours = [chainId, contract, log].every(({ word }) => word === "you");
  return (
    <Text fz="sm">
      It was held against the contract and the log that {isYours ? "you" : "the server"} named.
      {!isYours && <span className="no-print"> Name your own below to rest on nobody's word.</span>}
    </Text>
  );
}

function reason(verdict: Verdict): string {
  switch (verdict.kind) {
    case "verified":
      return "What the file says is what was recorded and anchored. Each step holds that had something to check.";
    case "refused":
      return FAILURE_WORDS[verdict.failure];
    case "as-far":
      return AS_FAR[verdict.why];
  }
}
