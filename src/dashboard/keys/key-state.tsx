import { IconAlertTriangle, IconBan, IconCircleCheck, IconClock } from "@tabler/icons-react";
import type { KeyView } from "../../sdk/operating-answers.ts";
import { Tag } from "../look/state.tsx";
import { stateOf } from "./ends.ts";

const STATES = {
  active: { tone: "good", icon: IconCircleCheck, word: "active" },
  ending: { tone: "wait", icon: IconAlertTriangle, word: "ends soon" },
  expired: { tone: "bad", icon: IconClock, word: "expired" },
  revoked: { tone: "bad", icon: IconBan, word: "revoked" },
} as const;

/** Whether a key works, by word, sign and colour. */
export function KeyState({ apiKey }: { apiKey: KeyView }) {
  const { tone, icon: Icon, word } = STATES[stateOf(apiKey, Date.now())];
  return (
    <Tag tone={tone} style={{ minWidth: "max-content" }} icon={<Icon size={13} aria-hidden />}>
      {word}
    </Tag>
  );
}
